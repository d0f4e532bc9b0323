#!/usr/bin/env bash
# Makes sure that Rust can build components (target wasm32-wasip2). Does nothing when it can already; safe to run twice at once.
#
#   1. the toolchain has the target             nothing to do
#   2. `rustup target add` can fetch it         the ordinary way
#   3. neither, on Debian 12                    Debian's compiler and std sources, unpacked into GUEST_RUST_HOME (not installed, no
#                                               root, apt's own state untouched), and std built once: about 3 minutes and 500 MB
#
# GUEST_RUST_FALLBACK=1 goes straight to 3. GUEST_RUST_HOME is ~/.cache/guest-rust unless set.
# `setup-rust.sh --env` also prints, for `eval`, which compiler guests need: GUEST_RUSTC, or nothing when the ordinary one will do.
# It is never called RUSTC, because an exported RUSTC would build the host with it too.
set -euo pipefail
unset RUSTC RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR # an outer cargo's are not ours

target=wasm32-wasip2
home=${GUEST_RUST_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/guest-rust}
compiler=$home/sysroot/bin/rustc # put in place last: where it is, all of it is

say() { echo "setup-rust: $*" >&2; }
fail() { say "$@"; exit 1; }

main() {
  command -v rustc >/dev/null || fail "there is no rustc: install Rust first, see https://rustup.rs"
  if [ -z "${GUEST_RUST_FALLBACK:-}" ] && has_target; then return; fi
  if [ ! -x "$compiler" ]; then
    mkdir -p "$home"
    exec 9>"$home/lock"
    if command -v flock >/dev/null; then flock 9; fi # macOS has none
    # Meanwhile another run may have done either.
    if [ -z "${GUEST_RUST_FALLBACK:-}" ] && { has_target || fetch_target; } 9>&-; then return; fi
    [ -x "$compiler" ] || build_fallback 9>&-
  fi
  if [ "${1:-}" = --env ]; then printf "export GUEST_RUSTC='%s'\n" "$compiler"; fi
}

fetch_target() {
  command -v rustup >/dev/null || return 1
  say "adding $target to the toolchain"
  with_limit 120 rustup target add $target >&2 && has_target
}

has_target() { ls "$(rustc --print target-libdir --target $target)"/libstd-*.rlib >/dev/null 2>&1; }

with_limit() { if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi; }

build_fallback() {
  local host tools
  for tool in apt-get dpkg cargo; do
    command -v $tool >/dev/null ||
      fail "cannot get $target: rustup does not fetch it, and the Debian way needs $tool; run 'rustup target add $target'"
  done
  host=$(rustc -vV | sed -n 's/^host: //p')
  tools=$(rustc --print sysroot)/lib/rustlib/$host/bin
  for tool in rust-lld gcc-ld/wasm-ld wasm-component-ld; do
    [ -x "$tools/$tool" ] || fail "the toolchain lacks its linker $tools/$tool: use one that rustup installed"
  done
  rm -rf "$home"/{apt,debs,root,sysroot,build} # what an interrupted run left
  unpack_debian_packages
  assemble_sysroot "$host" "$tools"
  build_std
  rm -rf "$home"/{apt,debs,build} "$home"/root/usr/{src,share}
  mkdir -p "$home/sysroot/bin"
  mv "$home/sysroot/tmp/rustc" "$compiler"
  say "ready: $("$compiler" -V) with $target in $home"
}

# The compiler is a newer one than Debian 12's own: it is in the security updates. The C library for wasm is Debian 13's.
unpack_debian_packages() {
  local apt=$home/apt packages deb
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial} "$home"/{debs,root}
  private_apt_configuration "$apt"
  (
    export APT_CONFIG=$apt/apt.conf
    say "reading Debian's package lists"
    apt-get -qq update >&2
    packages=$(apt-get install -s --no-install-recommends rustc-web rust-web-src wasi-libc | awk '/^Inst/ { print $2 }')
    # What the machine has installed is missing from that list, but it is read from the folder all the same.
    packages=$(printf '%s\n' $packages rustc-web rust-web-src wasi-libc libstd-rust-web-dev | sort -u)
    say "unpacking" $packages
    cd "$home/debs" && apt-get -qq download $packages >&2
  )
  for deb in "$home"/debs/*.deb; do dpkg -x "$deb" "$home/root"; done
}

# Mirrors are those that the machine's apt sources name; its state and lists stay as they are.
private_apt_configuration() {
  local apt=$1 main security signed=
  main=$(mirror_of bookworm) security=$(mirror_of bookworm-security)
  [ -n "$main" ] && [ -n "$security" ] ||
    fail "cannot get $target: rustup does not fetch it, and the Debian way needs apt sources for bookworm and bookworm-security"
  [ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ] || signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  printf "deb $signed %s main\n" "$main bookworm" "$security bookworm-security" "$main trixie" >"$apt/sources.list"
  cat >"$apt/preferences" <<END
Package: *
Pin: release n=trixie
Pin-Priority: -1

Package: wasi-libc
Pin: release n=trixie
Pin-Priority: 990
END
  cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "$apt/preferences";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "";
END
}

# What apt would fetch for its sources, which it tells without lists and without root.
mirror_of() {
  local uris
  uris=$(apt-get update --print-uris 2>/dev/null)
  sed -n "s|^'\(.*\)/dists/$1/InRelease'.*|\1|p" <<<"$uris" | sed 1q
}

# Debian's compiler and host libraries, the toolchain's own linkers, and room for the target's std.
assemble_sysroot() {
  local host=$1 tools=$2 sysroot=$home/sysroot usr=$home/root/usr tool
  local host_lib=$sysroot/lib/rustlib/$host target_lib=$sysroot/lib/rustlib/$target/lib
  mkdir -p "$host_lib/bin" "$target_lib/self-contained" "$sysroot/tmp"
  ln -s "../../../../root/usr/lib/rustlib/$host/lib" "$host_lib/lib"
  for tool in rust-lld gcc-ld wasm-component-ld; do ln -s "$tools/$tool" "$host_lib/bin/$tool"; done
  cp "$usr/lib/$target"/{crt1-command.o,crt1-reactor.o,libc.a} "$target_lib/self-contained/"
  # Relative to itself, so that a cached folder can be put elsewhere.
  cat >"$sysroot/tmp/rustc" <<'END'
#!/bin/sh
sysroot=$(cd "$(dirname "$0")/.." && pwd)
usr=$sysroot/../root/usr
for libraries in "$usr"/lib/*-linux-gnu; do LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}; done
export LD_LIBRARY_PATH
exec "$usr/bin/rustc" --sysroot "$sysroot" "$@"
END
  chmod +x "$sysroot/tmp/rustc"
}

# The flags and variables are those with which Rust's own build makes the std it ships.
build_std() {
  local sources
  sources=$(echo "$home"/root/usr/src/rustc-*/library)
  say "building std for $target"
  RUSTC=$home/sysroot/tmp/rustc RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=stablestd CARGO_TARGET_DIR=$home/build \
    CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" \
    cargo build --quiet --release --locked --target $target --manifest-path "$sources/sysroot/Cargo.toml" >&2
  cp "$home/build/$target/release/deps"/lib*.rlib "$home/sysroot/lib/rustlib/$target/lib/"
}

main "$@"

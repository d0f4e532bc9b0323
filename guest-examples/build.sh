#!/usr/bin/env bash
# Builds guests to components: build.sh [NAME...], by default every folder of guest-examples/ and tests/guests/ with a Cargo.toml.
#
# NAME's component is target/guests/NAME.wasm (below CARGO_TARGET_DIR when that is set). setup-rust.sh finds or makes the compiler;
# GUEST_RUSTC names another.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${CARGO_TARGET_DIR:-$root/target}
case $out in /*) ;; *) out=$PWD/$out ;; esac
out=$out/guests

fail() { echo "build.sh: $*" >&2; exit 1; }

# Called by a test, this is a cargo within a cargo: what the outer one says about its own build must not reach the inner one.
# CARGO_HOME and what configures the network and registries is the user's, and stays.
forget_outer_cargo() {
  local name
  for name in $(compgen -e); do
    case $name in
      CARGO_HOME | CARGO_HTTP_* | CARGO_NET_* | CARGO_REGIST* | CARGO_SOURCE_* | CARGO_TERM_*) ;;
      CARGO | CARGO_* | RUSTC | RUSTC_* | RUSTFLAGS | RUSTDOC | RUSTDOCFLAGS) unset "$name" ;;
    esac
  done
}

guest_names() {
  local manifest
  for manifest in "$root"/{guest-examples,tests/guests}/*/Cargo.toml; do
    if [ -f "$manifest" ]; then basename "$(dirname "$manifest")"; fi
  done
}

folder_of() {
  local folder
  for folder in "$root/guest-examples/$1" "$root/tests/guests/$1"; do
    if [ -f "$folder/Cargo.toml" ]; then echo "$folder"; return; fi
  done
  fail "there is no guest '$1'; there are: $(guest_names | paste -sd ' ' -)"
}

build() {
  local name=$1 folder=$2 built=$out/rust/wasm32-wasip2/release/${1//-/_}.wasm bytes
  # A cargo run inside the folder, so that a configuration there counts.
  (
    cd "$folder"
    if [ -n "${GUEST_RUSTC:-}" ]; then export RUSTC=$GUEST_RUSTC; fi
    cargo build --quiet --release --locked --target wasm32-wasip2 --target-dir "$out/rust"
  ) || fail "$name does not build"
  if ! cmp -s "$built" "$out/$name.wasm"; then # whole or not at all: a reader may be at work
    cp "$built" "$out/.$name.wasm.$$"
    mv "$out/.$name.wasm.$$" "$out/$name.wasm"
  fi
  bytes=$(wc -c <"$out/$name.wasm")
  echo "built $name ($(((bytes + 1023) / 1024)) KiB)"
}

forget_outer_cargo
[ $# -gt 0 ] || set -- $(guest_names)
for name; do folder_of "$name" >/dev/null; done
if [ -z "${GUEST_RUSTC:-}" ]; then
  compiler=$("$root/guest-examples/setup-rust.sh" --env)
  eval "$compiler"
fi
mkdir -p "$out"
if command -v flock >/dev/null; then # macOS has none
  exec 8>"$out/.lock"
  flock 8
fi
for name; do build "$name" "$(folder_of "$name")" 8>&-; done

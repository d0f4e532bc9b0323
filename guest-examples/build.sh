#!/usr/bin/env bash
# Builds guests to components: build.sh [--language LANGUAGE] [NAME...], by default every guest of that language, or of all.
#
# A guest is a folder of guest-examples/ or tests/guests/: NAME-LANGUAGE, or, in Rust, one with a Cargo.toml. languages/LANGUAGE.sh installs what a
# language needs and builds its guests; setup-rust.sh finds or makes Rust's compiler (GUEST_RUSTC names another). NAME's component is
# target/guests/NAME.wasm (below CARGO_TARGET_DIR when that is set). ALGOHOST is the program that makes bindings; by default it is built.
# Exit status: 69 when the tools of a language cannot be had, 1 when a guest does not build.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
languages=$root/guest-examples/languages
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$PWD/$target ;; esac
out=$target/guests

fail() { echo "build.sh: $*" >&2; exit "${status:-1}"; }

main() {
  local language= name
  if [ "${1:-}" = --language ]; then language=${2:?}; shift 2; fi
  forget_outer_cargo
  [ $# -gt 0 ] || set -- $(guest_names "$language")
  for name; do folder_of "$name" >/dev/null; done
  mkdir -p "$out"
  for language in $(for name; do language_of "$(folder_of "$name")"; done | sort -u); do
    (
      lock "$language"
      "setup_$([ "$language" = rust ] && echo rust || echo other)" "$language" 8>&-
      for name; do
        if [ "$(language_of "$(folder_of "$name")")" = "$language" ]; then build "$name" "$language" 8>&-; fi
      done
    )
  done
}

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

guest_names() { # LANGUAGE, or none
  local folder language
  for folder in "$root"/{guest-examples,tests/guests}/*/; do
    language=$(language_of "${folder%/}") || continue
    if [ -z "$1" ] || [ "$1" = "$language" ]; then basename "$folder"; fi
  done
}

# The language of a guest's folder; nothing, and a failure, for folders that are none.
language_of() {
  local language=${1##*-}
  if [ -f "$1/Cargo.toml" ]; then echo rust; return; fi
  [ "$language" != "${1##*/}" ] && [ -f "$languages/$language.sh" ] && [ -d "$1" ] && echo "$language"
}

folder_of() {
  local folder
  for folder in "$root/guest-examples/$1" "$root/tests/guests/$1"; do
    if language_of "$folder" >/dev/null; then echo "$folder"; return; fi
  done
  fail "there is no guest '$1'; there are: $(guest_names '' | paste -sd ' ' -)"
}

# One build of a language at a time.
lock() {
  if command -v flock >/dev/null; then # macOS has none
    exec 8>"$out/.lock-$1"
    flock 8
  fi
}

setup_rust() {
  local compiler
  if [ -z "${GUEST_RUSTC:-}" ]; then
    compiler=$("$root/guest-examples/setup-rust.sh" --env)
    eval "$compiler"
  fi
}

setup_other() {
  "$languages/$1.sh" setup || status=69 fail "the tools for $1 cannot be set up: see above"
  if [ -z "${ALGOHOST:-}" ]; then
    (cd "$root" && CARGO_TARGET_DIR=$target cargo build --quiet --locked --bin algohost) || fail "the host does not build"
    export ALGOHOST=$target/debug/algohost
  fi
}

build() {
  local name=$1 language=$2 made bytes
  if [ "$language" = rust ]; then
    made=$out/rust/wasm32-wasip2/release/${name//-/_}.wasm
    build_rust "$(folder_of "$name")"
  else
    made=$out/$language/$name.wasm
    mkdir -p "$out/$language"
    "$languages/$language.sh" build "$(folder_of "$name")" "$made"
  fi || fail "$name does not build"
  if ! cmp -s "$made" "$out/$name.wasm"; then # whole or not at all: a reader may be at work
    cp "$made" "$out/.$name.wasm.$$"
    mv "$out/.$name.wasm.$$" "$out/$name.wasm"
  fi
  bytes=$(wc -c <"$out/$name.wasm")
  echo "built $name ($(((bytes + 1023) / 1024)) KiB)"
}

# A cargo run inside the folder, so that a configuration there counts.
build_rust() {
  (
    cd "$1"
    if [ -n "${GUEST_RUSTC:-}" ]; then export RUSTC=$GUEST_RUSTC; fi
    cargo build --quiet --release --locked --target wasm32-wasip2 --target-dir "$out/rust"
  )
}

main "$@"

#!/usr/bin/env bash
# C: what the examples *-c need, and how they are built and checked. Their Makefiles do the work.
#
#   c.sh setup                    installs what is missing: Debian's clang 19 and C library for WASI, make
#   c.sh build FOLDER OUT.wasm    ALGOHOST names the program algohost, ALGOHOST_WIT the interface's folder
#   c.sh test FOLDER              unit tests, by this machine's own C compiler (CC)
#   c.sh format FOLDER            fails when clang-format would change something
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}
# The number in a name is the version: Debian 12 and later have them, and only mend them.
packages=(clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc clang-format-19 make gcc libc6-dev)

fail() { echo "c.sh: $*" >&2; exit 1; }

setup() {
  if has_tools; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/apt.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if has_tools 9>&-; then return; fi # another run was faster
  install 9>&-
  has_tools || fail "apt-get has installed everything, and still there is no compiler for WebAssembly: see ${packages[*]}"
}

# Whether the compiler, its linker and the C library make a module, and all else is there.
has_tools() {
  command -v make >/dev/null && command -v clang-format-19 >/dev/null && command -v cc >/dev/null &&
    echo 'int main(void) { return 0; }' | clang-19 --target=wasm32-wasi -x c - -o /dev/null 2>/dev/null
}

install() {
  local how="apt-get install --no-install-recommends ${packages[*]}"
  command -v apt-get >/dev/null || fail "needs clang 19 with lld and a C library for WASI; on Debian: $how"
  [ "$(id -u)" = 0 ] || fail "some of these packages are missing; as root: $how"
  echo "c.sh: installing ${packages[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt_get update || fail "apt-get update failed"
  apt_get install -y --no-install-recommends "${packages[@]}" || fail "this failed: $how"
}

apt_get() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }

# Everything that is made lies beside the component.
run_make() {
  local folder=$1 component=$2
  shift 2
  case $component in /*) ;; *) component=$PWD/$component ;; esac
  make --silent --no-print-directory -C "$folder" ALGOHOST="$(command -v "${ALGOHOST:-algohost}" || echo algohost)" \
    ALGOHOST_WIT="${ALGOHOST_WIT:-$root/wit}" COMPONENT="$component" "$@"
}

build() {
  command -v "${ALGOHOST:-algohost}" >/dev/null || fail "there is no program ${ALGOHOST:-algohost}: name it in ALGOHOST"
  command -v clang-19 >/dev/null || fail "there is no clang-19: run ${BASH_SOURCE[0]} setup"
  run_make "$1" "$2" component
}

run_tests() {
  local scratch
  if [ ! -d "$1/tests" ]; then echo "${1##*/}: no tests without a host"; return; fi
  scratch=$(mktemp -d)
  trap "rm -rf '$scratch'" EXIT
  run_make "$1" "$scratch/tested.wasm" test
}

case ${1:-}:$# in
  setup:1) setup ;;
  build:3) build "$2" "$3" ;;
  test:2) run_tests "$2" ;;
  format:2) run_make "$2" /dev/null format ;;
  *) fail "usage: c.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
esac

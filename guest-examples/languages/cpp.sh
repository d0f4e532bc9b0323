#!/usr/bin/env bash
# C++: what the examples *-cpp need, and how they are built and checked. Their Makefiles do the work.
#
#   cpp.sh setup                    installs what is missing: Debian's clang 19, C++ and C libraries for WASI, make, doctest
#   cpp.sh build FOLDER OUT.wasm    ALGOHOST names the program algohost, ALGOHOST_WIT the interface's folder
#   cpp.sh test FOLDER              unit tests, by this machine's own C++ compiler (CXX)
#   cpp.sh format FOLDER            fails when clang-format would change something
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}
# The number in a name is the version: Debian 12 and later have them, and only mend them.
packages=(clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 clang-format-19 make g++
  doctest-dev)

fail() { echo "cpp.sh: $*" >&2; exit 1; }

setup() {
  if has_tools; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/apt.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if has_tools 9>&-; then return; fi # another run was faster
  install 9>&-
  has_tools || fail "apt-get has installed everything, and still there is no compiler for WebAssembly: see ${packages[*]}"
}

# Whether the compiler, its linker and the libraries make a module, and all else is there.
has_tools() {
  command -v make >/dev/null && command -v clang-format-19 >/dev/null && [ -e /usr/include/doctest/doctest.h ] &&
    echo 'int main() { return 0; }' | c++ -x c++ - -o /dev/null 2>/dev/null &&
    printf '#include <expected>\nint main() { return 0; }\n' |
    clang++-19 --target=wasm32-wasi -std=c++23 -fno-exceptions -x c++ - -o /dev/null 2>/dev/null
}

install() {
  local how="apt-get install --no-install-recommends ${packages[*]}"
  command -v apt-get >/dev/null || fail "needs clang 19 with lld, and C and C++ libraries for WASI; on Debian: $how"
  [ "$(id -u)" = 0 ] || fail "some of these packages are missing; as root: $how"
  echo "cpp.sh: installing ${packages[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt_get update || fail "apt-get update failed"
  apt_get install -y --no-install-recommends "${packages[@]}" || fail "this failed: $how"
}

apt_get() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }

# Everything that is made lies beside the component.
run_make() {
  local folder=$1 component=$2 program=${ALGOHOST:-algohost}
  shift 2
  case $program in */*) program=$(realpath "$program") ;; esac
  make --silent --no-print-directory -C "$folder" ALGOHOST="$program" ALGOHOST_WIT="$(realpath "${ALGOHOST_WIT:-$root/wit}")" \
    COMPONENT="$(realpath -m "$component")" "$@"
}

build() {
  command -v "${ALGOHOST:-algohost}" >/dev/null || fail "there is no program ${ALGOHOST:-algohost}: name it in ALGOHOST"
  command -v clang++-19 >/dev/null || fail "there is no clang++-19: run ${BASH_SOURCE[0]} setup"
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
  *) fail "usage: cpp.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
esac

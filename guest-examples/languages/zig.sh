#!/usr/bin/env bash
# Zig: what the examples *-zig need, and how they are built and checked. Their build.zig do the work.
#
#   zig.sh setup                    installs Zig, from its Python package, into ALGOHOST_GUEST_TOOLS (~/.cache/algohost-guests)
#   zig.sh build FOLDER OUT.wasm    ALGOHOST names the program algohost, ALGOHOST_WIT the interface's folder
#   zig.sh test FOLDER              unit tests, on this machine
#   zig.sh format FOLDER            fails when zig fmt would change something
set -euo pipefail
version=0.17.1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}
home=$tools/zig-$version
export ZIG_GLOBAL_CACHE_DIR=$tools/zig-cache

fail() { echo "zig.sh: $*" >&2; exit 1; }

setup() {
  if [ -e "$home/ready" ]; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/zig.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ -e "$home/ready" ]; then return; fi # another run was faster
  install 9>&-
}

install() {
  echo "zig.sh: installing Zig $version into $home" >&2
  rm -rf "$home" # what an interrupted run left
  make_venv || { install_venv && make_venv; } || fail "python3 cannot make a virtual environment"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check "ziglang==$version" >&2 ||
    fail "this failed: $home/bin/python -m pip install ziglang==$version"
  [ "$("$home/bin/python" -m ziglang version)" = "$version" ] || fail "the package ziglang $version does not run here"
  touch "$home/ready"
}

make_venv() { python3 -m venv "$home" >/dev/null 2>&1; }

# Debian keeps venv in a package of its own.
install_venv() {
  local how="apt-get install --no-install-recommends python3 python3-venv"
  command -v apt-get >/dev/null || fail "needs python3 with its modules venv and pip; on Debian: $how"
  [ "$(id -u)" = 0 ] || fail "needs python3 with its modules venv and pip; as root: $how"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null >&2 || fail "apt-get update failed"
  apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends python3 python3-venv </dev/null >&2 || fail "this failed: $how"
}

zig() {
  [ -e "$home/ready" ] || fail "there is no Zig $version in $tools: run ${BASH_SOURCE[0]} setup"
  "$home/bin/python" -m ziglang "$@"
}

# Everything that is made lies in the second folder.
zig_build() {
  local folder=$1 made=$2
  shift 2
  [ -e "$ZIG_GLOBAL_CACHE_DIR" ] || echo "zig.sh: the first build takes minutes more: Zig compiles tools of its own" >&2
  mkdir -p "$made"
  made=$(cd "$made" && pwd)
  (cd "$folder" && zig build --cache-dir "$made/cache" --prefix "$made" "$@")
}

build() {
  local folder=$1 component=$2 made=${2%.*}.build algohost
  algohost=$(command -v "${ALGOHOST:-algohost}") || fail "there is no program ${ALGOHOST:-algohost}: name it in ALGOHOST"
  zig_build "$folder" "$made" "-Dalgohost=$(realpath "$algohost")" "-Dwit=$(realpath "${ALGOHOST_WIT:-$root/wit}")"
  mv "$made/component.wasm" "$component"
}

run_tests() {
  local scratch
  grep -q '"test"' "$1/build.zig" || { echo "${1##*/}: no tests without a host"; return; }
  scratch=$(mktemp -d)
  trap "rm -rf '$scratch'" EXIT
  zig_build "$1" "$scratch" test --summary all
}

case ${1:-}:$# in
  setup:1) setup ;;
  build:3) build "$2" "$3" ;;
  test:2) run_tests "$2" ;;
  format:2) zig fmt --check "$2/src" "$2/build.zig" ;;
  *) fail "usage: zig.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
esac

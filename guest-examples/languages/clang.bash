# What c.sh and cpp.sh share: Debian's clang 19, and projects whose Makefiles do the work. The script that sources this has set `language`,
# `packages` (the number in a name is the version: Debian 12 and later have them, and only mend them), `compiler`, and has_tools, which tells
# whether the compiler, its linker and the libraries make a module, and all else is there.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}

fail() { echo "$language.sh: $*" >&2; exit 1; }

main() {
  case ${1:-}:$# in
    setup:1) setup ;;
    build:3) build "$2" "$3" ;;
    test:2) run_tests "$2" ;;
    format:2) run_make "$2" /dev/null format ;;
    *) fail "usage: $language.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
  esac
}

setup() {
  if has_tools; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/apt.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if has_tools 9>&-; then return; fi # another run was faster
  install 9>&-
  has_tools || fail "apt-get has installed everything, and still there is no compiler for WebAssembly: see ${packages[*]}"
}

install() {
  local how="apt-get install --no-install-recommends ${packages[*]}"
  command -v apt-get >/dev/null || fail "needs clang 19 with lld, and its libraries for WASI; on Debian: $how"
  [ "$(id -u)" = 0 ] || fail "some of these packages are missing; as root: $how"
  echo "$language.sh: installing ${packages[*]}" >&2
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
  command -v "$compiler" >/dev/null || fail "there is no $compiler: run $language.sh setup"
  run_make "$1" "$2" component
}

run_tests() {
  local scratch
  if [ ! -d "$1/tests" ]; then echo "${1##*/}: no tests without a host"; return; fi
  scratch=$(mktemp -d)
  trap "rm -rf '$scratch'" EXIT
  run_make "$1" "$scratch/tested.wasm" test
}

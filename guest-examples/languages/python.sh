#!/usr/bin/env bash
# Python: makes components with componentize-py. Needs Python 3.11 or later; everything else goes into a virtual environment.
#
#   python.sh setup                    makes the environment, or finds that it is there
#   python.sh build FOLDER OUT.wasm    FOLDER's pyproject.toml says world and module: [tool.algohost]
#   python.sh test FOLDER              unit tests and types, natively: against the bindings' types, without a host
#   python.sh format FOLDER            fails when ruff would change something, or finds a fault
#
# The environment is below ALGOHOST_GUEST_TOOLS (~/.cache/algohost-guests). ALGOHOST_WIT names another folder than the repository's wit/. The
# program algohost is not needed: componentize-py makes bindings and component. algohost_guest, in python/ beside this folder, is on its path.
set -euo pipefail
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME # componentize-py would search the first for packages
export PYTHONDONTWRITEBYTECODE=1        # nothing is written beside the sources

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wit=${ALGOHOST_WIT:-$root/wit}
package=$root/guest-examples/python
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}/python
bin=$tools/environment/bin
pins=(
  componentize-py==0.25.1
  ruff==0.17.6
  mypy==2.4.1 ast-serialize==0.13.1 librt==0.17.0 mypy-extensions==1.2.0 pathspec==1.1.1 typing-extensions==4.16.0
)

fail() { echo "python.sh: $*" >&2; exit 1; }

setup() {
  if is_ready; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/lock"
  if command -v flock >/dev/null; then flock 9; fi # macOS has none
  if is_ready; then return; fi                     # another run made it meanwhile
  make_environment 9>&-
}

# The list of what is in it is written last: where it is, all of it is.
is_ready() { [ "$(cat "$tools/environment/pins" 2>/dev/null)" = "${pins[*]}" ]; }

make_environment() {
  local python
  python=$(find_python)
  rm -rf "$tools/environment"
  "$python" -m venv "$tools/environment" || fail "$python cannot make a virtual environment; on Debian: apt-get install python3-venv"
  "$bin/pip" install --quiet --disable-pip-version-check --no-deps "${pins[@]}" || fail "pip cannot install ${pins[*]}: see above"
  echo "${pins[*]}" >"$tools/environment/pins"
}

find_python() {
  local python try
  for try in 1 2; do
    for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
      if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$python"; return; fi
    done
    if [ $try = 2 ] || ! install_python; then break; fi
  done
  fail "there is no Python 3.11 or later with venv; on Debian: apt-get install python3 python3-venv"
}

install_python() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  { apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv; } >&2
}

# A value of FOLDER's [tool.algohost].
project() {
  "$bin/python" - "$1/pyproject.toml" "$2" <<'PYTHON' || fail "$1/pyproject.toml: [tool.algohost] needs $2"
import sys, tomllib
print(tomllib.load(open(sys.argv[1], "rb"))["tool"]["algohost"][sys.argv[2]])
PYTHON
}

build() {
  local folder=$1 out=$2 work=${2%.wasm}.build world module
  world=$(project "$folder" world)
  module=$(project "$folder" module)
  rm -rf "$work"
  mkdir -p "$work"
  cp -R "$folder" "$work/app" # beside the sources componentize-py would leave __pycache__
  cp -R "$package" "$work/package"
  "$bin/componentize-py" --quiet --wit-path "$wit" --world "$world" componentize "$module" \
    --python-path "$work/app" --python-path "$work/package" --output "$work/component.wasm" || fail "${folder##*/} does not build"
  mv "$work/component.wasm" "$out" # whole or not at all
}

run_tests() {
  local folder=$1 work world=algorithm
  if [ "$folder" != "$package" ]; then world=$(project "$folder" world); fi
  work=$(mktemp -d "${TMPDIR:-/tmp}/algohost-python.XXXXXX")
  trap "rm -rf '$work'" EXIT
  "$bin/componentize-py" --quiet --wit-path "$wit" --world "$world" bindings "$work"
  cd "$folder"
  PYTHONPATH=$work:$package "$bin/python" -W error -m unittest discover --start-directory tests --top-level-directory .
  MYPYPATH=$work:$package "$bin/mypy" --cache-dir "$work/cache"
}

check_format() {
  "$bin/ruff" check --no-cache "$1"
  "$bin/ruff" format --no-cache --check "$1"
}

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

case ${1:-}:$# in
  setup:1) setup ;;
  build:3) setup; build "$(absolute "${2%/}")" "$(absolute "$3")" ;;
  test:2) setup; run_tests "$(cd "$2" && pwd)" ;;
  format:2) setup; check_format "$2" ;;
  *) sed -n '2,/^set/ { /^#/s/^# \{0,1\}//p; }' "$0" >&2; exit 64 ;;
esac

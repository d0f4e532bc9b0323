#!/usr/bin/env bash
# Guests in JavaScript: js.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER
#
#   setup    Node and, in a folder below ALGOHOST_GUEST_TOOLS, what js/package-lock.json pins; quick when all is there
#   build    FOLDER's package.json names the first module (`main`) and the world (`config.world`); QuickJS and the modules become one component
#   test     `node --test`
#   format   fails when prettier would change something
#
# ALGOHOST_WIT is the folder of the interface (the repository's wit). Nothing is written into FOLDER.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wit=${ALGOHOST_WIT:-$here/../../wit}
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}/js
bin=$tools/node_modules/.bin

say() { echo "js.sh: $*" >&2; }
fail() { say "$@"; exit 1; }

setup() {
  has_node || install_node
  if is_installed; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/lock"
  if command -v flock >/dev/null; then flock 9; fi # macOS has none
  if is_installed; then return; fi # another run may have done it meanwhile
  say "installing componentize-qjs and prettier into $tools"
  cp "$here"/js/package.json "$here"/js/package-lock.json "$tools/"
  rm -f "$tools/installed"
  (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) 9>&-
  cp "$here/js/package-lock.json" "$tools/installed" # last: where it is, all of it is
}

is_installed() { cmp -s "$here/js/package-lock.json" "$tools/installed"; }

has_node() { command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; }

install_node() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing Node"
    { apt_get update && apt_get install -y --no-install-recommends nodejs npm; } || true # what follows says what is missing
  fi
  has_node || fail "this needs Node 18 or later and npm: install them (Debian: apt-get install nodejs npm), then run this again"
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }

# field FOLDER KEY...: a value of FOLDER's package.json.
field() {
  node -p 'const [file, ...keys] = process.argv.slice(1); keys.reduce((value, key) => value?.[key], require(file)) ?? ""' "$1/package.json" "${@:2}"
}

build() {
  local folder out work entry world
  folder=$(cd "$1" && pwd)
  mkdir -p "$(dirname "$2")"
  out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
  work=${out%.wasm}.build
  wit=$(cd "$wit" && pwd)
  setup
  entry=$(field "$folder" main) world=$(field "$folder" config world)
  [ -n "$entry" ] && [ -n "$world" ] || fail "$folder/package.json needs 'main', the first module, and 'config.world'"
  mkdir -p "$work"
  # Without `--sync` the component is asynchronous inside, which the host does not run. jco's switch for it has no effect (1.34.0).
  (cd "$folder" && "$bin/componentize-qjs" --sync --wit "$wit" --world "$world" --js "$entry" --output "$work/made.wasm") >"$work/log" 2>&1 ||
    fail "$folder does not build: $(cat "$work/log")"
  mv "$work/made.wasm" "$out"
}

test_folder() {
  has_node || install_node
  (cd "$1" && node --test)
}

format() {
  setup
  (cd "$1" && "$bin/prettier" --check . "!samples" "!README.md")
}

case "${1:-} $#" in
  "setup 1") setup ;;
  "build 3") build "$2" "$3" ;;
  "test 2") test_folder "$2" ;;
  "format 2") format "$2" ;;
  *) fail "usage: js.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
esac

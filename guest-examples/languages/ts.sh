#!/usr/bin/env bash
# Guests in TypeScript: ts.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER | types FOLDER
#
#   setup    what js.sh needs and, in a folder below ALGOHOST_GUEST_TOOLS, what ts/package-lock.json pins; quick when all is there
#   build    checks FOLDER's types against the interface, makes JavaScript of it, and js.sh makes a component of that
#   test     checks the types of src and test, and runs `node --test`
#   format   fails when prettier would change something
#   types    puts the interface's types into FOLDER/types, for editors; all others write nothing into FOLDER
#
# ALGOHOST_WIT is the folder of the interface (the repository's wit).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wit=$(cd "${ALGOHOST_WIT:-$here/../../wit}" && pwd)
tools=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}/ts

say() { echo "ts.sh: $*" >&2; }
fail() { say "$@"; exit 1; }

setup() {
  "$here/js.sh" setup
  if is_installed; then return; fi
  mkdir -p "$tools"
  exec 9>"$tools/lock"
  if command -v flock >/dev/null; then flock 9; fi # macOS has none
  if is_installed; then return; fi # another run may have done it meanwhile
  say "installing TypeScript into $tools"
  rm -f "$tools/installed"
  cp "$here"/ts/package.json "$here"/ts/package-lock.json "$here"/ts/types.mjs "$tools/"
  (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) 9>&-
  cat "$here"/ts/package-lock.json "$here"/ts/types.mjs >"$tools/installed" # last: where it is, all of it is
}

is_installed() { cat "$here"/ts/package-lock.json "$here"/ts/types.mjs | cmp -s - "$tools/installed"; }

# The types of the world that FOLDER's package.json names, into FOLDER/types.
types() {
  local folder world
  folder=$(cd "$1" && pwd)
  world=$(node -p 'require(process.argv[1]).config.world' "$folder/package.json")
  rm -rf "$folder/types"
  node "$tools/types.mjs" "$wit" "$world" "$folder/types"
}

# compile FOLDER COPY [TSCONFIG]: JavaScript of a copy of FOLDER, in COPY/dist.
compile() {
  local folder=$1 copy=$2
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -R "$folder"/{package.json,tsconfig.json,src,test} "$copy/"
  ln -s "$tools/node_modules" "$copy/node_modules" # where types of Node are looked for
  types "$copy"
  (cd "$copy" && node_modules/.bin/tsc --project "${3:-tsconfig.json}") >&2 || fail "$folder does not compile"
  rm "$copy/node_modules"
}

build() {
  local work=${2%.wasm}.build
  setup
  compile "$1" "$work/project"
  "$here/js.sh" build "$work/project" "$2"
}

test_folder() {
  setup
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' EXIT
  compile "$1" "$copy" test/tsconfig.json
  (cd "$copy/dist" && node --test)
}

case "${1:-} $#" in
  "setup 1") setup ;;
  "build 3") build "$2" "$3" ;;
  "test 2") test_folder "$2" ;;
  "format 2") "$here/js.sh" format "$2" ;;
  "types 2") setup && types "$2" ;;
  *) fail "usage: ts.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER | types FOLDER" ;;
esac

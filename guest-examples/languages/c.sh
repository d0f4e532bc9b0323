#!/usr/bin/env bash
# C: what the examples *-c need, and how they are built and checked. Their Makefiles do the work.
#
#   c.sh setup                    installs what is missing: Debian's clang 19 and C library for WASI, make
#   c.sh build FOLDER OUT.wasm    ALGOHOST names the program algohost, ALGOHOST_WIT the interface's folder
#   c.sh test FOLDER              unit tests, by this machine's own C compiler (CC)
#   c.sh format FOLDER            fails when clang-format would change something
set -euo pipefail
language=c compiler=clang-19
packages=(clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc clang-format-19 make gcc libc6-dev)

has_tools() {
  command -v make >/dev/null && command -v clang-format-19 >/dev/null && command -v cc >/dev/null &&
    echo 'int main(void) { return 0; }' | clang-19 --target=wasm32-wasi -x c - -o /dev/null 2>/dev/null
}

source "$(dirname "${BASH_SOURCE[0]}")/clang.bash"
main "$@"

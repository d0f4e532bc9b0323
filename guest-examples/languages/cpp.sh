#!/usr/bin/env bash
# C++: what the examples *-cpp need, and how they are built and checked. Their Makefiles do the work.
#
#   cpp.sh setup                    installs what is missing: Debian's clang 19, C++ and C libraries for WASI, make, doctest
#   cpp.sh build FOLDER OUT.wasm    ALGOHOST names the program algohost, ALGOHOST_WIT the interface's folder
#   cpp.sh test FOLDER              unit tests, by this machine's own C++ compiler (CXX)
#   cpp.sh format FOLDER            fails when clang-format would change something
set -euo pipefail
language=cpp compiler=clang++-19
packages=(clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 clang-format-19 make g++
  doctest-dev)

has_tools() {
  command -v make >/dev/null && command -v clang-format-19 >/dev/null && [ -e /usr/include/doctest/doctest.h ] &&
    echo 'int main() { return 0; }' | c++ -x c++ - -o /dev/null 2>/dev/null &&
    printf '#include <expected>\nint main() { return 0; }\n' |
    clang++-19 --target=wasm32-wasi -std=c++23 -fno-exceptions -x c++ - -o /dev/null 2>/dev/null
}

source "$(dirname "${BASH_SOURCE[0]}")/clang.bash"
main "$@"

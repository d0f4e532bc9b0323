#!/usr/bin/env bash
# Builds the program as it is shipped, linked statically, and prints its path: build.sh full|slim [FEATURE...]
#
# full has everything, slim the least: no compiler, only what every algorithm needs; features are added to it (`build.sh slim trees`).
# The path is target/dist/algohost or target/slim/algohost, below CARGO_TARGET_DIR when that is set. A build takes minutes: the whole program is
# optimised at once. KEEP_SYMBOLS=1 leaves the names of functions in it, to see what takes how much. `cargo build --profile dist` makes the dynamic
# one, for machines with devices whose drivers are libraries.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${CARGO_TARGET_DIR:-$root/target}
case $out in /*) ;; *) out=$PWD/$out ;; esac

fail() { echo "build.sh: $*" >&2; exit 64; }

kind=${1:-}
[ $# -eq 0 ] || shift
features=$(IFS=,; echo "$*")
case $kind in
  full) profile=dist features=full${features:+,$features} ;;
  slim) profile=slim features=slim${features:+,$features} ;;
  *) fail "which build, full or slim?" ;;
esac
# In functions that are to be small, only what is smaller still is inlined, `#[inline]` or not: that is 4 % of the program. Those that are to be
# fast are not touched. (What the user, or a cargo that runs this in a test, says about flags is about other builds.)
export RUSTFLAGS="-C llvm-args=-inlinehint-threshold=25"
unset CARGO_ENCODED_RUSTFLAGS
cd "$root"
# Said here: cargo forgets a profile's `strip` for a package that the profile names.
if [ -n "${KEEP_SYMBOLS:-}" ]; then strip=debuginfo; else strip=symbols; fi
# How hard each package is optimised is its profile's business; the level here is that of the whole program, which vectorises loops.
# Positions are the processor's and the loader's business, in a table that is short: without the flag it is a tenth of the program.
CARGO_TARGET_DIR=$out cargo rustc --quiet --locked --profile "$profile" --bin algohost --no-default-features --features "$features" -- \
  -C opt-level=3 -C strip="$strip" -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs >&2
echo "$out/$profile/algohost"

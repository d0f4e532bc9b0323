#!/usr/bin/env bash
# Makes a Python environment with peers that the benchmarks run against, below target/, and prints its interpreter: setup.sh [SET].
#
# Without SET they are those of requirements.txt; with it those of requirements-SET.txt. PEERS_PYTHON names an interpreter that has them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${PEERS_PYTHON:-}" ]; then echo "$PEERS_PYTHON"; exit; fi
set=${1:+-$1}
out=${CARGO_TARGET_DIR:-$here/../../../target}/peers$set
requirements=$here/requirements$set.txt
if ! cmp -s "$requirements" "$out/requirements.txt"; then
  rm -rf "$out"
  python3 -m venv "$out"
  "$out/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
  cp "$requirements" "$out/requirements.txt"
fi
echo "$out/bin/python"

#!/usr/bin/env bash
# Makes a Python environment with the peers that the benchmarks run against, below target/, and prints its interpreter.
#
# PEERS_PYTHON names an interpreter that has them already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${PEERS_PYTHON:-}" ]; then echo "$PEERS_PYTHON"; exit; fi
out=${CARGO_TARGET_DIR:-$here/../../../target}/peers
if ! cmp -s "$here/requirements.txt" "$out/requirements.txt"; then
  rm -rf "$out"
  python3 -m venv "$out"
  "$out/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$out/"
fi
echo "$out/bin/python"

#!/bin/sh
# Lowers the ledger to one memory, and calls it before and after: the same sum, the same trap, the same sizes. POLYMNIA names
# another command.
set -e
folder=$(cd "$(dirname "$0")" && pwd)
polymnia=${POLYMNIA:-$folder/../../.build/release/polymnia}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$polymnia" lower "$folder/ledger.wat" -o "$scratch/ledger.wasm"
both() {
  "$polymnia" run --invoke "$1" "$folder/ledger.wat" ${2+"$2"} >"$scratch/before" 2>/dev/null || echo trap >>"$scratch/before"
  "$polymnia" run --features -multi-memory --invoke "$1" "$scratch/ledger.wasm" ${2+"$2"} >"$scratch/after" 2>/dev/null ||
    echo trap >>"$scratch/after"
  echo "$*: $(paste -sd' ' "$scratch/before"), lowered: $(paste -sd' ' "$scratch/after")"
}
both total 2
both total 16385
both pages
both grow_names

#!/bin/sh
# Makes the bank keep an undo log, and lets the customer roll a transfer back. POLYMNIA names another command.
# Prints three balances and the number of transfers: before, after two transfers, and after the second is undone.
set -e
folder=$(cd "$(dirname "$0")" && pwd)
polymnia=${POLYMNIA:-$folder/../../.build/release/polymnia}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$polymnia" instrument --stores=log "$folder/bank.wat" -o "$scratch/bank.wasm"
"$polymnia" run --link bank="$scratch/bank.wasm" --invoke day "$folder/customer.wat" | paste -d' ' - - - -

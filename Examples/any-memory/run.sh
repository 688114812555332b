#!/bin/sh
# Builds the example with clang and wasm-ld of the Swift toolchain and runs it. CLANG and POLYMNIA name other commands.
set -e
folder=$(cd "$(dirname "$0")" && pwd)
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
polymnia=${POLYMNIA:-$folder/../../.build/release/polymnia}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$clang" --target=wasm32 -O2 -nostdlib -Wl,--no-entry -I "$folder/../../Bindings/C" \
  -o "$scratch/sort.wasm" "$folder/sort.c"
"$polymnia" bind-memories "$scratch/sort.wasm" -o "$scratch/bound.wasm"
"$polymnia" dispatch --function sort "$scratch/bound.wasm" -o "$scratch/any.wasm"
"$polymnia" run --invoke check_all "$scratch/any.wasm"

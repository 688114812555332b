#!/bin/sh
# Links the application, the renderer and the text library, each with a memory of its own, into one module and runs it: as it
# is, and for an engine with one memory, which prints the same. POLYMNIA names another command.
set -e
folder=$(cd "$(dirname "$0")" && pwd)
polymnia=${POLYMNIA:-$folder/../../.build/release/polymnia}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

link() {
  "$polymnia" link text="$folder/text.wat" renderer="$folder/renderer.wat" app="$folder/application.wat" "$@"
}
link -o "$scratch/chart.wasm"
"$polymnia" run "$scratch/chart.wasm" | tee "$scratch/apart"
link --quiet --lower -o "$scratch/one.wasm"
"$polymnia" run --features -multi-memory "$scratch/one.wasm" | cmp - "$scratch/apart"

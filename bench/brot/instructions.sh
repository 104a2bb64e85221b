#!/usr/bin/env bash
# Counts the instructions of brot's main paths under callgrind and compares them with the committed table: a count that
# grew by more than the tolerance is a failure. Counts are no times, but they do not depend on the machine's load.
# usage: instructions.sh BROT_BENCH [--update]      --update writes the table anew
# Status 77: nothing was compared, because valgrind is missing or the table belongs to another compiler.
set -euo pipefail
bench=$1
mode=${2:-check}
[[ $mode == check || $mode == --update ]] || { echo "instructions.sh: got $mode, expected --update" >&2; exit 2; }
table=$(dirname "${BASH_SOURCE[0]}")/instructions.txt
tolerance=5  # percent; the same build gives the same counts, another environment moves them by 0.01 %

if ! command -v valgrind > /dev/null; then
  echo "instructions: valgrind is missing (Debian package valgrind); nothing was counted"
  [[ $mode == --update ]] && exit 1
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export RAVEN_NUM_THREADS=1 RAVEN_CPU=v3

"$bench" inputs "$folder"
build="$("$bench" build), $(valgrind --version)"
inputs=$(cd "$folder" && cksum byte_level.json text.txt unigram.json wordpiece.json | cksum | tr ' ' -)
field() { sed -n "s/^$1: //p" "$table"; }
if [[ $mode == check && $(field build) != "$build" ]]; then
  printf 'instructions: not comparable, nothing was counted\n  the table: %s\n  this one:  %s\n' "$(field build)" "$build"
  exit 77
fi
if [[ $mode == check && $(field inputs) != "$inputs" ]]; then
  echo "instructions: the texts or tokenizers are not those of the table ($inputs, expected $(field inputs)): training or"
  echo "brot_bench changed them. Write the table anew: ./dev bench brot --instructions --update"
  exit 1
fi

# Without line numbers, which valgrind need not understand; names of functions stay.
objcopy --strip-debug "$bench" "$folder/brot_bench"
bench=$folder/brot_bench

count() {  # count WORK TOKENIZER: instructions
  local out=$folder/callgrind.out
  valgrind --tool=callgrind --toggle-collect=brot_measured --callgrind-out-file="$out" \
    "$bench" once "$1" "$folder/$2.json" "$folder/text.txt" > "$folder/log" 2>&1 || { cat "$folder/log" >&2; return 1; }
  awk '/^(summary|totals):/ { sum = $2 } END { if (sum + 0 == 0) exit 1; print sum }' "$out"
}

counted=$folder/counted
for tokenizer in byte_level wordpiece unigram; do
  for work in load encode_ids encode_offsets decode stream; do
    instructions=$(count "$work" "$tokenizer") || { echo "instructions: $tokenizer $work was not counted" >&2; exit 1; }
    echo "$tokenizer $work $instructions" >> "$counted"
  done
done

if [[ $mode == --update ]]; then
  {
    echo "# Instructions of one run, counted by callgrind. Written by ./dev bench brot --instructions --update: do not edit."
    echo "build: $build"
    echo "inputs: $inputs"
    cat "$counted"
  } > "$folder/table"
  cp "$folder/table" "$table"
  echo "instructions: wrote $table"
  exit 0
fi

awk -v tolerance="$tolerance" '
  FNR == NR { if ($1 !~ /^#|:$/) known[$1 " " $2] = $3; next }
  {
    name = $1 " " $2
    if (!(name in known)) { printf "%-28s %12d  not in the table\n", name, $3; faults++; next }
    change = ($3 / known[name] - 1) * 100
    verdict = change > tolerance ? "  MORE THAN " tolerance " %" : change < -tolerance ? "  fewer: the table may be written anew" : ""
    printf "%-28s %12d  %+8.3f %%%s\n", name, $3, change, verdict
    faults += change > tolerance
  }
  END {
    if (faults) {
      print "instructions: " faults " of the counts grew. If that is meant: ./dev bench brot --instructions --update, and say why"
      exit 1
    }
  }' "$table" "$counted"

#!/usr/bin/env bash
# Documents stay true: links between files resolve, ./dev commands exist, and each ```cpp block with a main compiles.
set -uo pipefail
compiler=${1:-clang++-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0
report() { echo "$1"; faults=$((faults + 1)); }

mapfile -t documents < <(git ls-files --cached --others --exclude-standard '*.md')
(( ${#documents[@]} )) || report "no documents"
commands=$(./dev help)
for document in "${documents[@]}"; do
  folder=$(dirname "$document")
  while read -r link; do
    link=${link%%#*}
    [[ -z $link || -e $folder/$link ]] || report "$document: broken link $link"
  done < <(awk '/^```/ { code = !code } !code' "$document" | grep -oE '\]\([^)]+\)' | sed -E 's/^\]\(|\)$//g' | grep -vE '^[a-z]+:')
  while read -r word; do
    grep -q "^\./dev $word\b" <<< "$commands" || report "$document: there is no ./dev $word"
  done < <(grep -oE '\./dev [a-z]+' "$document" | cut -d' ' -f2 | sort -u)
  rm -f "$work"/*.cpp
  awk -v stem="$work/block" '/^```cpp/ { file = stem (++n) ".cpp"; next } /^```/ { file = "" } file { print > file }' "$document"
  for block in "$work"/*.cpp; do
    [[ -e $block ]] && grep -q 'int main(' "$block" || continue
    "$compiler" -std=c++20 -fsyntax-only -I. "$block" || report "$document: a block does not compile"
  done
done
echo "$faults faults in ${#documents[@]} documents"
(( faults == 0 ))

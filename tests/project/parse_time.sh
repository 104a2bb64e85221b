#!/usr/bin/env bash
# raven/nx.hpp parses in at most 1.6 times the headers that its users include anyway. Processor time, the least of
# alternating runs: a ratio of two minima does not depend on the machine, and hardly on its load.
# usage: parse_time.sh <compiler>, in the source folder
set -euo pipefail
compiler=$1
limit=1.6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '#include <%s>\n' vector string span array memory utility initializer_list > "$folder/standard.cpp"
echo '#include "raven/nx.hpp"' > "$folder/nx.cpp"

# Processor seconds of parsing one file.
parse() {
  local TIMEFORMAT='%U %S'
  { time "$compiler" -std=c++20 -I. -fsyntax-only "$folder/$1.cpp"; } 2> "$folder/time"
  awk '{ print $1 + $2 }' "$folder/time"
}
least() { awk -v a="$1" -v b="$2" 'BEGIN { print a < b ? a : b }'; }

standard=1e9 nx=1e9
for _ in 1 2 3 4 5 6 7; do
  standard=$(least "$standard" "$(parse standard)")
  nx=$(least "$nx" "$(parse nx)")
done
ratio=$(awk -v a="$nx" -v b="$standard" 'BEGIN { printf "%.2f", a / b }')
echo "raven/nx.hpp: $nx s, the standard headers: $standard s, ratio $ratio (limit $limit)"
awk -v ratio="$ratio" -v limit="$limit" 'BEGIN { exit !(ratio <= limit) }'

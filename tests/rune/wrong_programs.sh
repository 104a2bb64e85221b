#!/bin/bash
# Usage: wrong_programs.sh COMPILER SOURCE_DIR. Each program of tests/rune/wrong must fail to compile, with one of its
# `// expect:` texts within the first five lines of the compiler's output; right.cpp must compile, so that the others fail
# for their own reason.
set -u
compiler=$1 source=$2 failures=0
compile() { "$compiler" -std=c++20 -fsyntax-only -I"$source" "$1" 2>&1; }
for file in "$source"/tests/rune/wrong/*.cpp; do
  name=$(basename "$file" .cpp)
  output=$(compile "$file") && status=0 || status=$?
  if [ "$name" = right ]; then
    [ $status -eq 0 ] || { echo "right.cpp does not compile:"; echo "$output" | head -20; failures=$((failures + 1)); }
    continue
  fi
  found=no
  while IFS= read -r text; do
    grep -qF -- "$text" <<<"$(head -5 <<<"$output")" && found=yes
  done < <(sed -n 's|^// expect: ||p' "$file")
  if [ $status -eq 0 ] || [ $found = no ]; then
    echo "$name: status $status, the remedy is not within the first five lines:"
    head -8 <<<"$output"
    failures=$((failures + 1))
  else
    echo "$name: refused"
  fi
done
exit $((failures > 0))

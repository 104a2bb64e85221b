#!/usr/bin/env bash
# docs.sh <compiler> [options and libraries of a link …]: documents stay true. Links between files resolve, ./dev commands
# exist, and the C++ in them works:
#   a ```cpp block with a main compiles, and with libraries to link it runs and ends with 0;
#   a ```cpp block without a main that an ```output block follows is the body of one; a raven::Error that leaves it is
#   printed as `Kind: text`. In the guides (docs/*.md with a ```output block) every block is one of these two.
# What a block prints must be the ```output block that follows it, letter for letter.
set -uo pipefail
compiler=${1:-clang++-19}
link=("${@:2}")
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0 programs=0 outputs=0
report() { echo "$1"; faults=$((faults + 1)); }

# compile <source> <program> <what>: with nothing to link, only the syntax is checked.
compile() {
  local options=(-fsyntax-only)
  (( ${#link[@]} )) && options=(-O0 -o "$2")
  "$compiler" -std=c++20 -I"$root" "${options[@]}" "$1" ${link[@]+"${link[@]}"} > "$work/log" 2>&1 && return 0
  head -30 "$work/log"
  report "$3: does not compile"
  return 1
}

# agree <document:line> <expected file> <got file>
agree() {
  outputs=$((outputs + 1))
  cmp -s "$2" "$3" || { diff -u --label "$1 (document)" --label printed "$2" "$3"; report "$1: prints something else"; }
}

# Blocks of a document as files: LINE.cpp, and LINE.out for the output that follows.
blocks() {
  awk -v folder="$work" '
    /^```/ && open { open = 0; close(file); next }
    /^```cpp/ { open = 1; last = NR; file = folder "/" NR ".cpp"; printf "" > file; next }
    /^```output/ { open = 1; file = folder "/" last ".out"; printf "" > file; next }
    /^```/ { open = 1; last = ""; file = "/dev/null"; next }
    open { print > file }' "$1"
}

check_blocks() {
  local document=$1 line snippets=() is_guide=
  rm -f "$work"/*.cpp "$work"/*.out "$work"/*.got
  blocks "$document"
  [[ $document == docs/* ]] && compgen -G "$work/*.out" > /dev/null && is_guide=1
  for block in $(find "$work" -name '*.cpp' | sort -V); do
    line=$(basename "$block" .cpp)
    if grep -q 'int main(' "$block"; then
      compile "$block" "$work/program" "$document:$line" || continue
      programs=$((programs + 1))
      (( ${#link[@]} )) || continue
      (cd "$work" && timeout 60 ./program > "$line.got") || report "$document:$line: the program fails"
      [[ -e $work/$line.out ]] && agree "$document:$line" "$work/$line.out" "$work/$line.got"
    elif [[ -e $work/$line.out ]]; then
      snippets+=("$line")
    elif [[ -n $is_guide ]]; then
      report "$document:$line: a block without main and without output, which nothing checks"
    fi
  done
  (( ${#snippets[@]} )) || return 0

  # All snippets of a document are functions of one program.
  local source=$work/snippets.cc
  {
    printf '#include <iostream>\n#include "raven/raven.hpp"\n#include "raven/nx/io/safetensors.hpp"\n'
    printf 'using namespace nx::literals;\n'
    for line in "${snippets[@]}"; do grep -h '^#include' "$work/$line.cpp"; done
    for line in "${snippets[@]}"; do
      printf 'static void block_%s() {\n#line %s "%s"\n' "$line" $((line + 1)) "$document"
      sed 's/^#include.*//' "$work/$line.cpp"
      printf '}\n'
    done
    printf 'int main(int, char** arguments) {\n  const std::string name = arguments[1];\n  try {\n'
    for line in "${snippets[@]}"; do printf '    if (name == "%s") block_%s();\n' "$line" "$line"; done
    printf '  } catch (const raven::Error& error) {\n    std::cout << error.kind() << ": " << error.what() << "\\n";\n  }\n}\n'
  } > "$source"
  cp "$source" "$work/snippets.cpp"
  compile "$work/snippets.cpp" "$work/program" "$document" || return 0
  for line in "${snippets[@]}"; do
    programs=$((programs + 1))
    (( ${#link[@]} )) || continue
    (cd "$work" && timeout 60 ./program "$line" > "$line.got") || report "$document:$line: the block fails"
    agree "$document:$line" "$work/$line.out" "$work/$line.got"
  done
}

mapfile -t documents < <(git ls-files --cached --others --exclude-standard '*.md')
(( ${#documents[@]} )) || report "no documents"
commands=$(./dev help)
for document in "${documents[@]}"; do
  folder=$(dirname "$document")
  while read -r target; do
    target=${target%%#*}
    [[ -z $target || -e $folder/$target ]] || report "$document: broken link $target"
  done < <(awk '/^```/ { code = !code } !code' "$document" | grep -oE '\]\([^)]+\)' | sed -E 's/^\]\(|\)$//g' | grep -vE '^[a-z]+:')
  while read -r word; do
    grep -q "^\./dev $word\b" <<< "$commands" || report "$document: there is no ./dev $word"
  done < <(grep -oE '\./dev [a-z]+' "$document" | cut -d' ' -f2 | sort -u)
  check_blocks "$document"
done
echo "$programs programs, $outputs outputs compared"
echo "$faults faults in ${#documents[@]} documents"
(( faults == 0 ))

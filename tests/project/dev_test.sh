#!/usr/bin/env bash
# What ./dev hands to ctest: a copy of it in an empty folder, with a ctest that writes down its arguments.
# usage: dev_test.sh, in the source folder
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp dev "$folder/dev"
mkdir -p "$folder/bin" "$folder/build/release"
for program in cmake ninja dpkg-query; do
  printf '#!/bin/sh\necho installed\n' > "$folder/bin/$program"
done
cat > "$folder/bin/ctest" << 'END'
#!/bin/sh
echo "long=${RAVEN_TEST_LONG:-} $*" >> "$RECORD"
echo '1/1 Test #1: a_test ...   Passed    0.01 sec'
END
chmod +x "$folder"/bin/*
export RECORD=$folder/record
failed=0

# expect <a word of the arguments of ctest, or !word> … -- <arguments of ./dev test>
expect() {
  local words=() word record
  while [[ $1 != -- ]]; do words+=("$1"); shift; done
  shift
  : > "$RECORD"
  env -u RAVEN_TEST_LONG PATH="$folder/bin:$PATH" bash "$folder/dev" test "$@" > /dev/null 2>&1 || true
  record=$(tail -1 "$RECORD")
  for word in "${words[@]}"; do
    if [[ $word == !* && " $record " != *" ${word#!} "* ]] || [[ $word != !* && " $record " == *" $word "* ]]; then continue; fi
    echo "./dev test $*: ctest got '$record', expected $word"
    failed=1
  done
}

expect '-LE slow' 'long=' '--timeout 900' --
expect '-R ^nx_' '!-LE' 'long=' -- '^nx_'
expect '-R ^nx_|^base_' '!-LE' -- '^nx_' '^base_'
expect 'long=1' '!-LE' '!-R' '--timeout 86400' -- --long
expect '-R vmath_test' 'long=1' '--timeout 86400' -- vmath_test --long
exit "$failed"

#!/bin/bash
# The verbs of `raven tokenize`, good and bad. usage: cli_test.sh RAVEN
set -u
raven=$1
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
failures=0
fail() { echo "failed: $*"; failures=$((failures + 1)); }
same() { [[ $2 == "$3" ]] || fail "$1: got \`$2\`, expected \`$3\`"; }
refuses() {  # refuses WORDS COMMAND…: a status that is not 0, and a message that holds the words
  local words=$1 message status
  shift
  message=$("$@" 2>&1 > /dev/null)
  status=$?
  [[ $status != 0 && $status -lt 126 && $message == *"$words"* ]] || fail "$*: status $status, \`$message\`"
}

for i in $(seq 300); do echo "line $((i * 7919 % 1000)) of a text in which words come again and again"; done > text.txt

# Progress: a line of JSON per step, nothing, a bar.
"$raven" tokenize train bpe.json text.txt --vocab-size 400 --special-token '<s>' --progress json > out.txt 2> progress.txt || fail "train"
same "train says" "$(cat out.txt)" "bpe.json: 400 tokens"
grep -vxE '\{"stage":"(words|merges)","done":[0-9]+,"total":[0-9]+\}' progress.txt && fail "progress is not JSON lines"
same "first report" "$(head -1 progress.txt)" "{\"stage\":\"words\",\"done\":0,\"total\":$(wc -c < text.txt)}"
same "last report" "$(tail -1 progress.txt)" '{"stage":"merges","done":400,"total":400}'
same "no progress" "$("$raven" tokenize train none.json text.txt --vocab-size 400 --special-token '<s>' --progress none 2>&1 > /dev/null)" ""
same "off a terminal" "$("$raven" tokenize train none.json text.txt --vocab-size 400 --special-token '<s>' 2>&1 > /dev/null)" ""
cmp bpe.json none.json || fail "progress changed the result"
[[ $("$raven" tokenize train bar.json text.txt --vocab-size 400 --progress bar 2>&1 > /dev/null) == *merges*400/400* ]] || fail "bar"
refuses "--progress: got \`often\`, expected none, bar or json" "$raven" tokenize train no.json text.txt --progress often
refuses "--progress: missing value" "$raven" tokenize train no.json text.txt --progress
refuses "no/such.txt" "$raven" tokenize train no.json no/such.txt
printf 'good\nbad: \377\n' > bad.txt
"$raven" tokenize train replaced.json bad.txt --invalid replace > /dev/null || fail "--invalid replace"
"$raven" tokenize train default.json bad.txt > /dev/null || fail "invalid text"
cmp replaced.json default.json || fail "replace is the default"
refuses "policy \`replace\` (at bad.txt, line 2, byte 5)" "$raven" tokenize train no.json text.txt bad.txt --invalid error
refuses "--invalid: got \`skip\`, expected replace or error" "$raven" tokenize train no.json text.txt --invalid skip
[[ ! -e no.json ]] || fail "a refused training wrote its file"

# WordPiece in both ways.
"$raven" tokenize train pairs.json text.txt --model wordpiece --vocab-size 60 > /dev/null || fail "wordpiece"
"$raven" tokenize train likely.json text.txt --model wordpiece --vocab-size 60 --likelihood > /dev/null || fail "likelihood"
cmp -s pairs.json likely.json && fail "--likelihood changes nothing"
refuses "--likelihood is an option of --model wordpiece" "$raven" tokenize train no.json text.txt --likelihood
for model in wordlevel unigram; do
  "$raven" tokenize train $model.json text.txt --model $model --vocab-size 100 > /dev/null || fail "$model"
done

# Encoding and back, counting, the compiled form.
"$raven" tokenize encode bpe.json text.txt > ids.txt || fail "encode"
same "decode" "$("$raven" tokenize decode bpe.json ids.txt)" "$(cat text.txt)"
same "count" "$(printf 'words come' | "$raven" tokenize count bpe.json)" "$(printf 'words come' | "$raven" tokenize encode bpe.json | wc -w)"
[[ $(printf 'words come' | "$raven" tokenize inspect bpe.json) == *"[ come]"*"tokens, 10 bytes"* ]] || fail "inspect"
"$raven" tokenize compile bpe.json bpe.brot || fail "compile"
same "compiled" "$("$raven" tokenize encode bpe.brot text.txt)" "$(cat ids.txt)"
refuses "expected ids" "$raven" tokenize decode bpe.json text.txt
refuses "unknown option --what" "$raven" tokenize encode bpe.json --what
echo '{"version": "1.0"' > broken.json
refuses "broken.json" "$raven" tokenize encode broken.json text.txt
refuses "usage: raven tokenize" "$raven" tokenize
exit $((failures > 0))

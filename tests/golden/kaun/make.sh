#!/bin/sh
# Makes every golden file of this folder again (the King James text comes from Debian's bible-kjv). The peers live in a private
# environment under build/; nothing of Raven is used.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${GOLDEN_VENV:-$here/../../../build/golden-venv}
export PYTHONDONTWRITEBYTECODE=1
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import numpy, safetensors, torch' 2>/dev/null || {
  "$venv/bin/pip" install --quiet numpy==2.4.6 safetensors==0.8.0
  "$venv/bin/pip" install --quiet torch==2.15.0 # 5 GB with what it loads at import
}
cd "$here"
for script in tiny_gpt a4_losses; do
  "$venv/bin/python" "$script.py"
done

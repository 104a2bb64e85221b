#!/bin/sh
# Makes the golden file of this folder again. PyTorch lives in a private environment under build/; nothing of Raven is used.
# Twice in a row gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${GOLDEN_VENV:-$here/../../../build/golden-venv}
export PYTHONDONTWRITEBYTECODE=1
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import numpy, torch' 2>/dev/null || {
  "$venv/bin/pip" install --quiet numpy==2.4.6
  "$venv/bin/pip" install --quiet torch==2.15.0 # 5 GB with what it loads at import
}
cd "$here"
"$venv/bin/python" pytorch_programs.py

#!/bin/sh
# Makes the private Python environment of the benchmark peers. Nothing else in the repository needs Python packages.
# usage: setup.sh [directory [peer …]]     directory: default build/venv-peers; peers: numpy pytorch jax (default numpy)
#
# PyTorch's wheel links its CUDA libraries even when it runs on the CPU, so they are installed with it (4 GB in all);
# triton and the CUDA bindings, which `import torch` does not need, are left out.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
directory=${1:-$root/build/venv-peers}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- numpy

[ -x "$directory/bin/python" ] || python3 -m venv "$directory"
python=$directory/bin/python
pip() { "$python" -m pip --disable-pip-version-check --quiet install --no-warn-conflicts "$@"; }
has() { "$python" -c "import $1" 2>/dev/null; }

has numpy && has threadpoolctl || pip numpy threadpoolctl
for peer in "$@"; do
  case $peer in
    numpy) ;;
    pytorch)
      if ! has torch; then
        echo "bench: installing PyTorch (4 GB with its libraries) into $directory"
        pip --no-deps torch
        "$python" - <<'PYTHON' >"$directory/torch-requirements.txt"
import importlib.metadata, re
for line in importlib.metadata.requires("torch"):
    requirement, _, marker = line.partition(";")
    name = re.match(r"[A-Za-z0-9-]+", requirement).group()
    if "extra" not in marker and name not in ("triton", "cuda-bindings"):
        print(requirement.strip())
PYTHON
        pip --no-cache-dir -r "$directory/torch-requirements.txt"
      fi
      has safetensors || pip safetensors
      ;;
    jax) has jax || pip jax ;;
    *) echo "bench: unknown peer '$peer', expected numpy, pytorch or jax" >&2; exit 2 ;;
  esac
done

#!/bin/sh
# Makes the private Python environment of the benchmark peers. Nothing else in the repository needs Python packages.
# usage: setup.sh [--directory dir] <suite|peer>…     dir: default build/venv-peers
#        suites (calibrate base nx rune tolk kaun all) stand for their peers; peers: numpy pytorch jax
#
# PyTorch's wheel links its CUDA libraries even when it runs on the CPU, so they are installed with it (4 GB in all);
# triton and the CUDA bindings, which `import torch` does not need, are left out.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
directory=$root/build/venv-peers
if [ "${1:-}" = --directory ]; then
  directory=$2
  shift 2
fi

peers=
for name in "$@"; do
  case $name in
    calibrate | base) ;;
    nx) peers="$peers numpy pytorch" ;;
    all) peers="$peers numpy pytorch jax" ;;
    rune | kaun) peers="$peers pytorch" ;;
    tolk) peers="$peers pytorch jax" ;;
    numpy | pytorch | jax) peers="$peers $name" ;;
    *) echo "bench: unknown suite or peer '$name', expected a suite or numpy, pytorch, jax" >&2; exit 2 ;;
  esac
done
[ -n "$peers" ] || exit 0

[ -x "$directory/bin/python" ] || python3 -m venv "$directory"
python=$directory/bin/python
install() { "$python" -m pip --disable-pip-version-check --quiet install "$@"; }
has() { "$python" -c "import $1" 2>/dev/null; }

has numpy && has threadpoolctl || install numpy threadpoolctl
for peer in $peers; do
  case $peer in
    pytorch)
      if ! has torch; then
        echo "bench: installing PyTorch (4 GB with its libraries) into $directory" >&2
        install --no-deps torch
        "$python" - <<'PYTHON' >"$directory/torch-requirements.txt"
import importlib.metadata, re
for line in importlib.metadata.requires("torch"):
    requirement, _, marker = line.partition(";")
    name = re.match(r"[A-Za-z0-9-]+", requirement).group()
    if "extra" not in marker and name not in ("triton", "cuda-bindings"):
        print(requirement.strip())
PYTHON
        install --no-cache-dir -r "$directory/torch-requirements.txt"
      fi
      has safetensors || install safetensors
      ;;
    jax) has jax || install jax ;;
  esac
done

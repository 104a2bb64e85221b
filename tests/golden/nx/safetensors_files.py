"""Files written by the safetensors package: safetensors_dtypes.bin holds every dtype, safetensors_layout.bin one dtype of
each item size, for which our writer must give the same bytes. `safetensors_files.py FILE` instead loads a file strictly and
prints its tensors: how files of another writer are checked by hand."""
import os
import sys

import numpy as np
import safetensors
import safetensors.numpy

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = (np.bool_, np.uint8, np.uint32, np.uint64, np.int32, np.int64, np.float32, np.float64, np.float16)


def values(dtype, shape=(2, 3)):
    """x[i] = 3 i - 4 wrapped or rounded to the dtype; bools are i odd."""
    i = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return i % 2 == 1 if dtype is np.bool_ else (3 * i - 4).astype(dtype)


def main():
    peer = f"safetensors {safetensors.__version__}, numpy {np.__version__}"
    tensors = {np.dtype(dtype).name: values(dtype) for dtype in DTYPES}
    tensors["scalar"] = np.array(2.5, dtype=np.float32)
    tensors["empty"] = np.zeros((2, 0, 3), dtype=np.int64)
    tensors['name "quoted" \\ é 漢 😀'] = values(np.float32, (1,))
    safetensors.numpy.save_file(tensors, os.path.join(HERE, "safetensors_dtypes.bin"), {"peer": peer})
    layout = {f"{prefix}.{np.dtype(dtype).name}": values(dtype, (5,))
              for prefix in ("b", "a") for dtype in (np.bool_, np.float32, np.float64)}
    safetensors.numpy.save_file(layout, os.path.join(HERE, "safetensors_layout.bin"), {"peer": peer})


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        for name, array in safetensors.numpy.load_file(sys.argv[1]).items():
            print(name, array.dtype, array.shape, array.ravel()[:8])

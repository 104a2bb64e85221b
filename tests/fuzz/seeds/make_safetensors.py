"""Writes nx_safetensors/: small files that reach every branch of the reader, right ones and nearly right ones."""
import json
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nx_safetensors")


def write(name, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(struct.pack("<Q", len(text) if length is None else length) + text + data)


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


write("empty", {})
write("scalar", {"s": tensor("F32", [], 0, 4)}, b"\0\0\x80\x3f")
write("dtypes", {"b": tensor("BOOL", [2], 0, 2), "u": tensor("U8", [2], 2, 4), "w": tensor("I32", [1], 4, 8),
                 "d": tensor("F64", [1, 1], 8, 16)}, b"\1\0\1\2" + bytes(12))
write("halves", {"h": tensor("F16", [2], 0, 4), "b": tensor("BF16", [1], 4, 6)}, bytes(6))
write("four_bits", {"f": tensor("F4", [4], 0, 2)}, bytes(2))
write("misaligned", {"a": tensor("U8", [1], 0, 1), "b": tensor("F32", [1], 1, 5)}, bytes(5))
write("bool_two", {"b": tensor("BOOL", [1], 0, 1)}, b"\2")
write("no_elements", {"e": tensor("I64", [2, 0, 3], 0, 0)})
write("metadata", {"__metadata__": {"format": "pt", "note": "é \u0001"}, "x": tensor("U64", [1], 0, 8)}, bytes(8))
write("newer_dtype", {"n": tensor("F8_E5M2FNUZ", [3], 0, 2), "x": tensor("U8", [1], 2, 3)}, bytes(3))
for name, files in (("index", ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]),
                    ("wrong_index", ["../model.safetensors"])):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump({"metadata": {"total_size": 12}, "weight_map": {chr(97 + i): f for i, f in enumerate(files)}}, file)
write("escapes", b'{"\\u00e9\\ud83d\\ude00\\n":{"shape":[1],"dtype":"U8","data_offsets":[0,1],"more":[1,{"k":null}]}} ', b"\1")
write("wrong_hole", {"a": tensor("U8", [1], 1, 2)}, bytes(2))
write("wrong_overlap", {"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 1, 3)}, bytes(3))
write("wrong_huge", {"a": tensor("F32", [4294967296, 4294967296], 0, 4)}, bytes(4))
write("wrong_length", {}, length=2**63)
write("wrong_cut", {"a": tensor("F32", [4], 0, 16)}, bytes(3))

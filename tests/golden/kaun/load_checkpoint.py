"""Loads a safetensors file of the demo's GPT into the PyTorch model, strictly (every name, shape and dtype must be there
and nothing else), and prints one JSON object: file metadata, the logits after the last token of a fixed prompt, and the
greedy continuation. Needs torch and safetensors.

usage: load_checkpoint.py FILE [--tokens 10,47,…] [--greedy N]
"""
import argparse
import json

import torch
from safetensors import safe_open

import gpt_pytorch as gpt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--tokens", help="prompt as token numbers; default: `In the beginning` in the King James vocabulary")
    parser.add_argument("--greedy", type=int, default=32, help="tokens to continue greedily")
    arguments = parser.parse_args()
    with safe_open(arguments.file, framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    model = gpt.Gpt()
    wrong = {name: str(t.dtype) for name, t in tensors.items() if t.dtype != torch.float32}
    if wrong:
        raise SystemExit(f"expected float32 everywhere, got {wrong}")
    model.load_state_dict(tensors, strict=True)
    if arguments.tokens:
        tokens = [int(token) for token in arguments.tokens.split(",")]
    else:
        letters = b"\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz"
        tokens = [letters.index(byte) for byte in b"In the beginning"]
    greedy = list(tokens)
    with torch.no_grad():
        logits = model(torch.tensor([tokens]))[0, -1]
        for _ in range(arguments.greedy):
            greedy.append(int(model(torch.tensor([greedy[-gpt.CONTEXT :]]))[0, -1].argmax()))
    print(
        json.dumps(
            {
                "peer": "pytorch",
                "peer_version": torch.__version__,
                "metadata": metadata,
                "tensors": len(tensors),
                "parameters": sum(t.numel() for t in tensors.values()),
                "tokens": tokens,
                "logits": logits.tolist(),
                "greedy": greedy[len(tokens) :],
            }
        )
    )


main()

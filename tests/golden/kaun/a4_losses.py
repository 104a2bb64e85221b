"""Writes a4_losses.json: the losses of the demo's first 200 steps in PyTorch, from hashed weights and batches
(definitions in gpt_pytorch.py). f32 for all of them, f64 for the first 20, whose distance from f32 is the scale on which
another f32 program may differ.

usage: a4_losses.py [--output a4_losses.json]
"""
import argparse
import json
import pathlib

import numpy as np
import torch

import gpt_pytorch as gpt


def curve(dtype, steps, train):
    model = gpt.hashed_weights(gpt.Gpt()).to(dtype)
    optimizer = gpt.adamw(model)
    losses, norms = [], []
    for step in range(steps):
        loss, norm = gpt.train_step(model, optimizer, *gpt.batch(train, step), step)
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default=pathlib.Path(__file__).with_name("a4_losses.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train, validation, vocabulary = gpt.king_james()
    model = gpt.hashed_weights(gpt.Gpt())
    tensors = {
        name: {"shape": list(p.shape), "first": p.detach().flatten()[:3].tolist(), "sum": p.detach().double().sum().item()}
        for name, p in model.named_parameters()
    }
    prompt = [vocabulary.index(byte) for byte in b"In the beginning"]
    with torch.no_grad():
        logits = model.double()(torch.tensor([prompt]))[0, -1]
    losses_f64, norms_f64 = curve(torch.float64, 20, train)
    losses_f32, _ = curve(torch.float32, 200, train)
    result = {
        "peer": "pytorch",
        "peer_version": torch.__version__,
        "numpy_version": np.__version__,
        "text_sha256": gpt.TEXT_SHA256,
        "train_tokens": len(train),
        "validation_tokens": len(validation),
        "vocabulary": vocabulary.decode("ascii"),
        "parameters": gpt.PARAMETERS,
        "batch_starts_step_0": gpt.batch_starts(len(train), 0).tolist(),
        "batch_starts_step_1": gpt.batch_starts(len(train), 1).tolist(),
        "tensors": tensors,
        "prompt_tokens": prompt,
        "prompt_last_logits_f64": logits.tolist(),
        "losses_f64": losses_f64,
        "gradient_norms_f64": norms_f64,
        "losses_f32": losses_f32,
        "largest_f32_difference_20_steps": max(abs(a - b) for a, b in zip(losses_f32, losses_f64)),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
    pathlib.Path(arguments.output).write_text("{\n" + lines + "\n}\n")
    print({k: result[k] for k in ("peer_version", "largest_f32_difference_20_steps")}, losses_f32[0], losses_f32[-1])


main()

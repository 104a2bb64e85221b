"""Writes tiny_gpt.json: a GPT small enough for any test (2 layers, 2 heads, width 16, context 8, 11 tokens) in PyTorch.
Weights and batches come from the integer hash of gpt_pytorch.py; the text is token i = splitmix64(i) mod 11, i < 500.
Names and shapes of the state dict, its logits, and the losses of 20 steps with the demo's optimizer and schedule.

usage: tiny_gpt.py [--output tiny_gpt.json]
"""
import argparse
import json
import pathlib

import numpy as np
import torch

import gpt_pytorch as gpt

gpt.LAYERS, gpt.HEADS, gpt.WIDTH, gpt.CONTEXT, gpt.BATCH, gpt.VOCABULARY = 2, 2, 16, 8, 4, 11
gpt.PARAMETERS = 6896


def text():
    return (gpt.splitmix64(np.arange(500, dtype=np.uint64)) % np.uint64(gpt.VOCABULARY)).astype(np.int64)


def curve(dtype):
    model = gpt.hashed_weights(gpt.Gpt()).to(dtype)
    optimizer = gpt.adamw(model)
    steps = [gpt.train_step(model, optimizer, *gpt.batch(text(), step), step) for step in range(20)]
    return [loss.item() for loss, _ in steps], [norm.item() for _, norm in steps], model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default=pathlib.Path(__file__).with_name("tiny_gpt.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = gpt.hashed_weights(gpt.Gpt())
    state = model.state_dict()
    prompt = text()[: gpt.CONTEXT - 1].tolist()
    with torch.no_grad():
        logits = model.double()(torch.tensor([prompt]))[0]
    losses_f64, norms_f64, trained = curve(torch.float64)
    losses_f32, _, _ = curve(torch.float32)
    result = {
        "peer": "pytorch",
        "peer_version": torch.__version__,
        "numpy_version": np.__version__,
        "names": list(state),
        "ranks": [t.dim() for t in state.values()],
        "shapes": [list(t.shape) for t in state.values()],
        "sums": [t.double().sum().item() for t in state.values()],
        "prompt": prompt,
        "logits_f64": logits.tolist(),
        "losses_f64": losses_f64,
        "gradient_norms_f64": norms_f64,
        "losses_f32": losses_f32,
        "trained_sums_f64": [t.detach().sum().item() for t in trained.state_dict().values()],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
    pathlib.Path(arguments.output).write_text("{\n" + lines + "\n}\n")
    print(result["peer_version"], losses_f64[0], losses_f64[-1], max(abs(a - b) for a, b in zip(losses_f32, losses_f64)))


main()

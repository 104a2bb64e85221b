"""Writes the golden data of vega's tests. Schedules: Optax and PyTorch, 200 steps. AdamW: torch.optim.AdamW, 25 steps in
f32 and f64 on gradients from an integer hash, with decay on tensors of 2 dimensions only and the demo's schedule, with
and without clipping by torch.nn.utils.clip_grad_norm_. Needs torch, optax, safetensors. Does not import Raven.

Gradient of step s, leaf t, element e, from h = splitmix64(s << 48 | t << 40 | e):  ((h >> 11) * 2^-52 - 1) * 3^(t - 2);
initial parameter the same with s = 1000 and without the power. Sums like these leave no sign or order of operations open.

usage: schedules_and_adamw.py [--output vega.safetensors]
"""
import argparse
import math
import pathlib

import jax
import numpy as np
import optax
import torch
from safetensors.numpy import save_file

jax.config.update("jax_enable_x64", True)
SHAPES = {"a": (7, 5), "b": (13,), "c": (1, 33), "d": (0, 4), "e": ()}
STEPS = 25


def splitmix64(z):
    z = np.asarray(z, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def hashed(step, leaf, shape):
    count = math.prod(shape)
    h = splitmix64(np.uint64(step << 48 | leaf << 40) | np.arange(count, dtype=np.uint64))
    return ((h >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1).reshape(shape)


def learning_rate(step):
    return 1e-2 * (step + 1) / 5 if step < 5 else 1e-3 + (1e-2 - 1e-3) / 2 * (1 + math.cos(math.pi * (step - 5) / 15)) if step < 20 else 1e-3


def adamw(dtype, clip, out, prefix):
    with np.errstate(over="ignore"):
        params = [torch.tensor(hashed(1000, t, s), dtype=dtype, requires_grad=True) for t, s in enumerate(SHAPES.values())]
    groups = [
        {"params": [p for p in params if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8, foreach=False)
    norms = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        for t, p in enumerate(params):
            p.grad = torch.tensor(hashed(step, t, tuple(p.shape)) * 3.0 ** (t - 2), dtype=dtype)
        if clip:
            norms.append(torch.nn.utils.clip_grad_norm_(params, clip).item())
        optimizer.step()
    for name, p in zip(SHAPES, params):
        out[f"{prefix}.{name}"] = p.detach().numpy()
        state = optimizer.state[p]
        out[f"{prefix}.mu.{name}"] = state["exp_avg"].numpy()
        out[f"{prefix}.nu.{name}"] = state["exp_avg_sq"].numpy()
    if clip:
        out[f"{prefix}.norms"] = np.array(norms)


def torch_schedule(make):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=2e-3)
    scheduler = make(optimizer)
    values = []
    for _ in range(200):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(values)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default=pathlib.Path(__file__).with_name("vega.safetensors"))
    arguments = parser.parse_args()
    out = {}
    table = {
        "optax.linear": optax.linear_schedule(0.5, -0.25, 70),
        "optax.cosine": optax.cosine_decay_schedule(2e-3, 150, alpha=0.1),
        "optax.warmup_cosine": optax.warmup_cosine_decay_schedule(1e-5, 3e-4, 20, 180, 3e-5),
        "optax.join": optax.join_schedules([optax.constant_schedule(0.5), optax.linear_schedule(1.0, 0.0, 30)], [60]),
    }
    for name, schedule in table.items():
        out[name] = np.array([np.float64(schedule(np.float64(step))) for step in range(200)])
    scheduler = torch.optim.lr_scheduler
    # Past T_max PyTorch's cosine rises again: compared up to there.
    out["torch.cosine"] = torch_schedule(lambda o: scheduler.CosineAnnealingLR(o, T_max=150, eta_min=2e-4))[:151]
    out["torch.linear"] = torch_schedule(lambda o: scheduler.LinearLR(o, start_factor=0.25, end_factor=1.0, total_iters=40))
    for dtype, label in ((torch.float32, "f32"), (torch.float64, "f64")):
        adamw(dtype, None, out, f"adamw.{label}")
        adamw(dtype, 1.5, out, f"clipped.{label}")
    out = {name: np.array(value, order="C") for name, value in out.items()}
    metadata = {"peer": "pytorch", "peer_version": torch.__version__, "second_peer": "optax", "second_peer_version": optax.__version__}
    save_file(out, arguments.output, metadata)
    print(metadata, sum(v.nbytes for v in out.values()), "bytes")


main()

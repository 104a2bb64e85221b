"""The character GPT of the demo in PyTorch: model, weights and batches from an integer hash, data, optimizer, schedule.

Shared by a4_losses.py (the loss curve), load_checkpoint.py (a strict load of a file that Raven wrote) and the benchmark's
peer. It does not import Raven.

Definitions (Raven's side computes the same from the same words):

splitmix64(z):  z += 0x9E3779B97F4A7C15; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
                z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^ z >> 31          (all modulo 2^64)
weights         tensor t (its place in `parameter_names`, from 0), element e (row-major, nn.Linear layout [out, in]):
                h = splitmix64(t << 40 | e);  u = (h >> 40) * 2^-23 - 1, in [-1, 1), exact in f32
                weight = f32(u * (std * sqrt(3))), the product in f64. std is 0.02; for the two residual projections
                (attn.c_proj.weight, mlp.c_proj.weight) 0.02 / sqrt(2 * layers). Biases are 0, LayerNorm weights 1.
batches         window start of row r in step s: splitmix64(s * batch + r) mod (length(train) - 65); inputs are the 64
                tokens from there, targets the 64 tokens one further.
schedule        lr(s), s = completed updates: 1e-3 * (s + 1) / 100 for s < 100, then
                1e-4 + (1e-3 - 1e-4) / 2 * (1 + cos(pi * (s - 100) / (2000 - 100)))
optimizer       AdamW, beta 0.9 and 0.99, eps 1e-8, decay 0.1 on tensors of 2 dimensions (embeddings included), applied as
                p *= 1 - lr * decay before the Adam step; gradients first scaled by min(1, 1 / (norm + 1e-6)).
"""
import hashlib
import math
import subprocess

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, VOCABULARY = 4, 4, 128, 64, 12, 63
PARAMETERS = 809_600
TEXT_SHA256 = "b5c4940bcfeee072c0935b5200d0f9d88a00a0199cb0961d16133458fcdfae5d"
TEXT_BYTES = 4_137_850


def king_james():
    """The text of Debian's bible-kjv, verse labels cut, as tokens: (train, validation, vocabulary as bytes)."""
    listing = subprocess.run(["bible", "-f", "Gen1:1-Rev22:21"], check=True, capture_output=True).stdout
    text = b"".join(line.split(b" ", 1)[1] + b"\n" for line in listing.splitlines())
    digest = hashlib.sha256(text).hexdigest()
    if (len(text), digest) != (TEXT_BYTES, TEXT_SHA256):
        raise SystemExit(f"bible-kjv: got {len(text)} bytes, sha256 {digest}; expected {TEXT_BYTES}, {TEXT_SHA256}")
    vocabulary = bytes(sorted(set(text)))
    table = np.zeros(256, np.int64)
    table[list(vocabulary)] = np.arange(len(vocabulary))
    tokens = table[np.frombuffer(text, np.uint8)]
    cut = len(tokens) * 9 // 10
    return tokens[:cut], tokens[cut:], vocabulary


def splitmix64(z):
    """Vectorised over uint64."""
    z = np.asarray(z, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1 = nn.LayerNorm(WIDTH)
        self.attn = nn.ModuleDict({"c_attn": nn.Linear(WIDTH, 3 * WIDTH), "c_proj": nn.Linear(WIDTH, WIDTH)})
        self.ln_2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(WIDTH, 4 * WIDTH), "c_proj": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x):
        batch, time, _ = x.shape
        query, key, value = (
            part.view(batch, time, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.attn["c_attn"](self.ln_1(x)).split(WIDTH, dim=2)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attn["c_proj"](mixed.transpose(1, 2).reshape(batch, time, WIDTH))
        hidden = functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.mlp["c_proj"](hidden)


class Gpt(nn.Module):
    """GPT-2's architecture; the head is the transposed token embedding."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, WIDTH)
        self.wpe = nn.Embedding(CONTEXT, WIDTH)
        self.h = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH)
        count = sum(p.numel() for p in self.parameters())
        assert count == PARAMETERS, count

    def forward(self, tokens, targets=None):
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for block in self.h:
            x = block(x)
        logits = functional.linear(self.ln_f(x), self.wte.weight)
        if targets is None:
            return logits
        return functional.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1))


def hashed_weights(model):
    """Sets every parameter as defined at the top of this file."""
    for tensor, (name, parameter) in enumerate(model.named_parameters()):
        if name.endswith(".bias"):
            value = np.zeros(parameter.numel())
        elif ".ln_" in name or name.startswith("ln_"):
            value = np.ones(parameter.numel())
        else:
            std = 0.02 / math.sqrt(2 * LAYERS) if name.endswith("c_proj.weight") else 0.02
            element = np.arange(parameter.numel(), dtype=np.uint64)
            hashed = splitmix64(np.uint64(tensor << 40) | element)
            value = ((hashed >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0) * (std * math.sqrt(3.0))
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(value.astype(np.float32)).view(parameter.shape))
    return model


def batch_starts(length, step):
    index = np.arange(BATCH, dtype=np.uint64) + np.uint64(step * BATCH)
    return (splitmix64(index) % np.uint64(length - CONTEXT - 1)).astype(np.int64)


def batch(train, step):
    windows = np.stack([train[start : start + CONTEXT + 1] for start in batch_starts(len(train), step)])
    windows = torch.from_numpy(windows)
    return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


def learning_rate(step):
    if step < 100:
        return 1e-3 * (step + 1) / 100
    return 1e-4 + (1e-3 - 1e-4) / 2 * (1 + math.cos(math.pi * (step - 100) / (2000 - 100)))


def adamw(model, **settings):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, **settings)


def train_step(model, optimizer, tokens, targets, step):
    """One update; returns (loss before it, gradient norm before clipping) as tensors."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step)
    loss = model(tokens, targets)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach(), norm

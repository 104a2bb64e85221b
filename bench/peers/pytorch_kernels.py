"""PyTorch's side of bench/tolk/kernels.cpp: each case eager, and as NAME_compiled by torch.compile."""
import protocol
import torch
from gpt2_shapes import SHAPES, VOCABULARY, WIDTH
from torch.nn import functional

IDS, LABELS = 32768, 512


def hashed(*shape, seed=1):
    return torch.from_numpy(protocol.hashed(shape, seed))


def positive():
    return (hashed(4096, 4096) + 1) / 2


def integers(count, bound, seed):
    return torch.from_numpy(protocol.hashed_integers((count,), bound, seed))


def map_gelu(x, y):
    return functional.gelu(x * y + y) * x


def bias_relu_residual(x, bias, residual):
    return torch.relu(x + bias) + residual


def dropout(x, g):
    y = functional.dropout(x, 0.1)
    return y, torch.autograd.grad(y, x, g)


def layer_norm(x, weight, bias):
    return functional.layer_norm(x, (1024,), weight, bias)


def layer_norm_grad(x, weight, bias, g):
    return torch.autograd.grad(layer_norm(x, weight, bias), (x, weight, bias), g)


def embedding(table, ids, g):
    rows = functional.embedding(ids, table)
    return rows, torch.autograd.grad(rows, table, g)


def cross_entropy(logits, labels):
    loss = functional.cross_entropy(logits, labels)
    return loss, torch.autograd.grad(loss, logits)


def transposed(x):
    """In one pass, as far as eager PyTorch can: the product is written to memory in the transposed order."""
    return torch.mul(x.T, 2.0, out=torch.empty(4096, 4096))


def wanting_gradients(*arrays):
    return tuple(a.requires_grad_() for a in arrays)


# name: function, inputs, whether autograd runs, and the function for torch.compile when it is another
FUNCTIONS = {
    "map_gelu_16M": (map_gelu, lambda: (hashed(16384, 1024), hashed(16384, 1024, seed=2)), False),
    "map_bias_relu_residual_16M": (
        bias_relu_residual,
        lambda: (hashed(16384, 1024), hashed(1024, seed=2), hashed(16384, 1024, seed=3)),
        False,
    ),
    "dropout_16M": (
        dropout,
        lambda: (*wanting_gradients(hashed(16384, 1024)), hashed(16384, 1024, seed=2)),
        True,
    ),
    "softmax_16384x1024": (lambda x: torch.softmax(x, -1), lambda: (hashed(16384, 1024),), False),
    "layer_norm_16384x1024": (
        layer_norm,
        lambda: (hashed(16384, 1024), hashed(1024, seed=2), hashed(1024, seed=3)),
        False,
    ),
    "layer_norm_grad_16384x1024": (
        layer_norm_grad,
        lambda: (
            *wanting_gradients(hashed(16384, 1024), hashed(1024, seed=2), hashed(1024, seed=3)),
            hashed(16384, 1024, seed=4),
        ),
        True,
    ),
    "sum_all_4096": (lambda x: x.sum(), lambda: (positive(),), False),
    "sum_axis0_4096": (lambda x: x.sum(0), lambda: (positive(),), False),
    "sum_axis1_4096": (lambda x: x.sum(1), lambda: (positive(),), False),
    "argmax_axis1_4096": (lambda x: x.argmax(1), lambda: (positive(),), False),
    "transpose_4096": (transposed, lambda: (positive(),), False, lambda x: (x.T * 2).contiguous()),
    "embedding_32768x768": (
        embedding,
        lambda: (
            *wanting_gradients(hashed(VOCABULARY, WIDTH)),
            integers(IDS, VOCABULARY, 2),
            hashed(IDS, WIDTH, seed=3),
        ),
        True,
    ),
    "cross_entropy_512x50257": (
        cross_entropy,
        lambda: (*wanting_gradients(hashed(LABELS, VOCABULARY)), integers(LABELS, VOCABULARY, 2)),
        True,
    ),
}
# Forward and backward in one function are split by autograd: torch.compile takes the forward, and compiles its backward.
FORWARD = {
    "dropout_16M": lambda x: functional.dropout(x, 0.1),
    "layer_norm_grad_16384x1024": layer_norm,
    "embedding_32768x768": lambda table, ids: functional.embedding(ids, table),
    "cross_entropy_512x50257": functional.cross_entropy,
}


def compiled(name, function, alternative):
    torch._dynamo.reset()
    if name not in FORWARD:
        return torch.compile(alternative or function)
    forward = torch.compile(FORWARD[name])
    if name == "cross_entropy_512x50257":

        def both(logits, labels):
            loss = forward(logits, labels)
            return loss, torch.autograd.grad(loss, logits)

        return both

    def pulled(*arguments):
        *inputs, g = arguments
        y = forward(*inputs)
        gradients = torch.autograd.grad(y, [a for a in inputs if a.requires_grad], g)
        return gradients if name == "layer_norm_grad_16384x1024" else (y, gradients)

    return pulled


def make(name, gradients, is_compiled):
    def setup():
        function, inputs, wants_gradients, *alternative = FUNCTIONS[name]
        gradients(wants_gradients)
        if is_compiled:
            function = compiled(name, function, alternative[0] if alternative else None)
        names = {"f": function, "a": inputs()}
        if name == "dropout_16M":
            names["uncompared"] = "its random bits are its own"
        return "f(*a)", names

    return setup


def adamw_gpt2(gradients, is_compiled):
    """Clipping and AdamW: fused, or foreach compiled."""

    def setup():
        gradients(True)
        parameters = []
        for i, shape in enumerate(SHAPES):
            parameter = torch.nn.Parameter(hashed(*shape, seed=1 + i) * 0.02)
            parameter.grad = hashed(*shape, seed=1001 + i) * 0.001
            parameters.append(parameter)
        settings = {"foreach": True} if is_compiled else {"fused": True}
        optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.1, **settings)
        torch._dynamo.reset()
        update = torch.compile(optimizer.step) if is_compiled else optimizer.step

        def run():
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            update()
            return parameters

        return "run()", {"run": run}

    return setup


def cases(gradients):
    """`gradients(enabled)` switches autograd for the cases to come."""
    result = {}
    for suffix, is_compiled in (("", False), ("_compiled", True)):
        for name in FUNCTIONS:
            result[name + suffix] = make(name, gradients, is_compiled)
        result["adamw_gpt2" + suffix] = adamw_gpt2(gradients, is_compiled)
    return result

"""500 random programs of Raven's compiler with what PyTorch computes for them in f64: results and gradients.

Writes pytorch_programs.txt (programs in the text form of nx::Program, recipes of inputs, where results lie, tolerances)
and pytorch_programs.bin (f64 numbers, little-endian). It does not import Raven: each op is written here twice, as the
line of text and as the PyTorch expression.

inputs      f64 <seed> <scale> <shift>: shift + scale·u, u = 2·(splitmix64(seed << 32 | i) >> 11)·2⁻⁵³ − 1
            i64 <seed> <bound>: splitmix64(seed << 32 | i) mod bound
            permutation <seed> <bound>: the first elements of 0 … bound − 1 sorted by splitmix64(seed << 32 | i)
results     `out <offset> <count> <stride> <tolerance>`: elements 0, stride, 2·stride … in C order
gradients   `grad <input> …` of Σ w·y over the floating results y; w of result k from the seed 1000 + k, scale 1, shift 0
tolerance   The program runs eight times more, the result of each op (and each gradient that passes it) moved at random by
            up to the bound of its rounding: 4 eps of elementwise functions, √n·eps·Σ|x| of sums, √K·eps·|A||B| of
            products. The tolerance is 4 times the largest deviation, and at least 8 eps of the largest element. A
            program is left out when that exceeds 10⁻⁶ of its scale: it says nothing.
"""
import math
import os
import random
import sys

import numpy as np
import torch
from torch.nn import functional

EPS = 2.0**-52
COUNT, RUNS, SAFETY, STORED, USELESS = 500, 8, 4, 24, 1e-6
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def splitmix64(z):
    z = np.asarray(z, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def words(seed, count):
    with np.errstate(over="ignore"):
        return splitmix64(np.uint64(seed << 32) | np.arange(count, dtype=np.uint64))


def reals(seed, shape, scale=1.0, shift=0.0):
    u = (words(seed, math.prod(shape)) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
    return torch.from_numpy((shift + scale * u).reshape(shape))


def integers(seed, shape, bound):
    return torch.from_numpy((words(seed, math.prod(shape)) % np.uint64(bound)).astype(np.int64).reshape(shape))


def permutation(seed, count, bound):
    return torch.from_numpy(np.argsort(words(seed, bound), kind="stable")[:count].astype(np.int64))


class Nudge(torch.autograd.Function):
    """x + δ·bound, δ uniform in [-1, 1]; on the way back each gradient moves by four eps of itself."""

    @staticmethod
    def forward(context, x, bound, generator):
        context.generator = generator
        return x + bound * (2 * torch.rand(x.shape, generator=generator) - 1)

    @staticmethod
    def backward(context, g):
        return g * (1 + 4 * EPS * (2 * torch.rand(g.shape, generator=context.generator) - 1)), None, None


class Run:
    """One evaluation of a program's steps: exact, or with a generator nudged."""

    def __init__(self, inputs, generator=None):
        self.values, self.generator = list(inputs), generator

    def add(self, result, bound=None):
        if self.generator is not None and result.dtype == torch.float64:
            with torch.no_grad():
                bound = 4 * EPS * result.abs() if bound is None else bound
            result = Nudge.apply(result, bound, self.generator)
        self.values.append(result)


def dims(values):
    return "(" + ", ".join(str(int(v)) for v in values) + ("," if len(values) == 1 else "") + ")"


def real_text(value):
    return f"real:0x{np.float64(value).view(np.uint64):016x}"


def type_text(tensor):
    name = {torch.float64: "f64", torch.int64: "i64", torch.bool: "b1"}[tensor.dtype]
    return name + "[" + ",".join(str(n) for n in tensor.shape) + "]"


def attributes(**fields):
    def text(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (tuple, list)):
            return dims(value)
        return repr(value) if isinstance(value, float) else str(value)

    return "{" + ", ".join(f"{key}={text(value)}" for key, value in fields.items()) + "}" if fields else ""


def sum_bound(x, axes):
    if not axes:
        return None
    n = math.prod(x.shape[a] for a in axes)
    return math.sqrt(max(n, 1)) * EPS * x.abs().sum(axes)


# op: the function, and where it must be kept to (scale, shift of its operand), since the operand may be anything
UNARY = {
    "Neg": torch.neg, "Abs": torch.abs, "Exp": torch.exp, "Exp2": torch.exp2, "Expm1": torch.expm1, "Sin": torch.sin,
    "Cos": torch.cos, "Tanh": torch.tanh, "Logistic": torch.sigmoid, "Erf": torch.erf,
}  # fmt: skip
POSITIVE = {
    "Sqrt": torch.sqrt, "Rsqrt": torch.rsqrt, "Log": torch.log, "Log2": torch.log2, "Log10": torch.log10,
    "Log1p": torch.log1p,
}  # fmt: skip
BINARY = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Maximum": torch.maximum, "Minimum": torch.minimum}
COMPARE = {"Lt": torch.lt, "Le": torch.le, "Ne": torch.ne}
EXTENTS = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65, 130)


class Maker:
    """Grows a program: each step is a line of text and a function that adds its results to a Run."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.recipes, self.inputs, self.steps = [], [], []
        self.pending = []  # (text, function, results) with symbolic value numbers

    # -- values: ("in", i) or ("step", i), numbered when the program is printed
    def tensor(self, value):
        return self.inputs[value[1]] if value[0] == "in" else self.results[value[1]]

    def real_input(self, shape, scale=None, shift=0.0):
        seed = self.dice.randrange(1 << 20)
        scale = self.dice.choice((0.5, 1.0, 2.0)) if scale is None else scale
        self.recipes.append(f"f64 {seed} {scale} {shift}")
        self.inputs.append(reals(seed, shape, scale, shift))
        return ("in", len(self.inputs) - 1)

    def integer_input(self, shape, bound):
        seed = self.dice.randrange(1 << 20)
        self.recipes.append(f"i64 {seed} {bound}")
        self.inputs.append(integers(seed, shape, bound))
        return ("in", len(self.inputs) - 1)

    def permutation_input(self, count, bound):
        seed = self.dice.randrange(1 << 20)
        self.recipes.append(f"permutation {seed} {bound}")
        self.inputs.append(permutation(seed, count, bound))
        return ("in", len(self.inputs) - 1)

    def shape(self, rank=None, most=600):
        rank = self.dice.randint(0, 3) if rank is None else rank
        shape, left = [], most
        for _ in range(rank):
            extent = self.dice.choice([e for e in EXTENTS if e <= left])
            shape.append(extent)
            left //= extent
        return tuple(shape)

    def real(self, least_rank=0):
        """A floating value: one that is there, or a new input."""
        known = [("step", i) for i, r in enumerate(self.results) if r.dtype == torch.float64]
        known += [("in", i) for i, x in enumerate(self.inputs) if x.dtype == torch.float64]
        known = [v for v in known if self.tensor(v).dim() >= least_rank and self.tensor(v).numel() <= 4000]
        if known and self.dice.random() < 0.75:
            return known[min(len(known) - 1, int(self.dice.expovariate(0.6)))] if self.dice.random() < 0.5 else self.dice.choice(known)
        return self.real_input(self.shape(self.dice.randint(least_rank, max(least_rank, 3))))

    def same(self, value):
        """A value of the same shape."""
        shape = tuple(self.tensor(value).shape)
        known = [("step", i) for i, r in enumerate(self.results) if r.dtype == torch.float64 and tuple(r.shape) == shape]
        return self.dice.choice(known) if known and self.dice.random() < 0.6 else self.real_input(shape)

    def emit(self, op, operands, fields, compute):
        """compute(tensors) → list of (result, bound)."""
        with torch.no_grad():
            results = compute([self.tensor(v) for v in operands])
        first = len(self.results)
        for result, _ in results:
            self.results.append(result)
        self.steps.append((op, operands, attributes(**fields), compute, list(range(first, len(self.results)))))
        return ("step", first)

    def simple(self, op, operands, function, fields=None, bound=None):
        return self.emit(op, operands, fields or {}, lambda t: [(function(*t), bound(*t) if bound else None)])

    # -- steps
    def unary(self):
        op = self.dice.choice((*UNARY, *POSITIVE, "Gelu"))
        x = self.real()
        if op in UNARY:
            return self.simple(op, [x], UNARY[op])
        if op == "Gelu":
            kind = self.dice.choice(("none", "tanh"))
            return self.simple(op, [x], lambda a: functional.gelu(a, approximate=kind), {"approximate": kind})
        # Away from 0: x² + 1/2.
        square = self.simple("Mul", [x, x], torch.mul)
        half = self.simple(
            "Full", [], lambda: torch.full(self.tensor(x).shape, 0.5),
            {"shape": tuple(self.tensor(x).shape), "dtype": "f64", "value": real_text(0.5)})  # fmt: skip
        return self.simple(op, [self.simple("Add", [square, half], torch.add)], POSITIVE[op])

    def binary(self):
        x = self.real()
        y = self.same(x)
        op = self.dice.choice((*BINARY, "Div", "Select"))
        if op in BINARY:
            return self.simple(op, [x, y], BINARY[op])
        if op == "Div":
            y = self.real_input(tuple(self.tensor(x).shape), 1.0, self.dice.choice((-2.0, 2.0)))
            return self.simple("Div", [x, y], torch.div)
        compare = self.dice.choice(tuple(COMPARE))
        condition = self.simple(compare, [x, y], COMPARE[compare])
        return self.simple("Select", [condition, x, self.same(x)], torch.where)

    def broadcast(self):
        """A value expanded to a larger shape and combined with one of it."""
        x = self.real()
        own = tuple(self.tensor(x).shape)
        if len(own) > 3 or math.prod(own) > 300:
            return self.unary()
        at = self.dice.randint(0, len(own))
        shape = (*own[:at], self.dice.choice((1, 2, 5, 8)), *own[at:])
        axes = tuple(i if i < at else i + 1 for i in range(len(own)))
        wide = self.simple("Expand", [x], lambda a: a.unsqueeze(at).expand(shape).contiguous(), {"shape": shape, "axes": axes})
        return self.simple("Mul", [wide, self.same(wide)], torch.mul)

    def reduce(self):
        x = self.real(1)
        rank = self.tensor(x).dim()
        axes = sorted(self.dice.sample(range(rank), self.dice.randint(1, rank)))
        kind = self.dice.choice(("sum", "sum", "sum", "max", "min", "prod"))
        if kind == "prod" and math.prod(self.tensor(x).shape[a] for a in axes) > 20:
            kind = "sum"

        def compute(tensors):
            a = tensors[0]
            if kind == "sum":
                return [(a.sum(axes), sum_bound(a, axes))]
            if kind == "prod":
                for axis in reversed(axes):
                    a = a.prod(axis)
                return [(a, 20 * EPS * a.abs())]
            return [(a.amax(axes) if kind == "max" else a.amin(axes), 0 * a.amax(axes))]

        return self.emit("Reduce", [x], {"kind": kind, "axes": axes, "dtype": "f64"}, compute)

    def mean_of_squares(self):
        """(x − mean)² summed: reduce, then broadcast."""
        x = self.real(1)
        shape = tuple(self.tensor(x).shape)
        last = len(shape) - 1
        total = self.emit("Reduce", [x], {"kind": "sum", "axes": (last,), "dtype": "f64"},
                          lambda t: [(t[0].sum(last), sum_bound(t[0], [last]))])  # fmt: skip
        count = self.simple("Full", [], lambda: torch.full(shape[:-1], float(shape[-1])),
                            {"shape": shape[:-1], "dtype": "f64", "value": real_text(shape[-1])})  # fmt: skip
        mean = self.simple("Div", [total, count], torch.div)
        wide = self.simple("Expand", [mean], lambda a: a.unsqueeze(-1).expand(shape), {"shape": shape, "axes": tuple(range(last))})
        centred = self.simple("Sub", [x, wide], torch.sub, bound=lambda a, b: 4 * EPS * (a.abs() + b.abs()))
        square = self.simple("Mul", [centred, centred], torch.mul)
        return self.emit("Reduce", [square], {"kind": "sum", "axes": (last,), "dtype": "f64"},
                         lambda t: [(t[0].sum(last), sum_bound(t[0], [last]))])  # fmt: skip

    def view(self):
        x = self.real(1)
        shape = tuple(self.tensor(x).shape)
        rank, kind = len(shape), self.dice.choice(("Reshape", "Permute", "Slice", "Flip", "Pad", "Concat", "SliceUpdate"))
        none = lambda *t: torch.zeros(())  # noqa: E731  moves round nothing
        if kind == "Reshape":
            n = math.prod(shape)
            factor = self.dice.choice([f for f in (1, 2, 3, 5) if n % f == 0])
            return self.simple(kind, [x], lambda a: a.reshape(factor, n // factor), {"shape": (factor, n // factor)}, none)
        if kind == "Permute":
            order = self.dice.sample(range(rank), rank)
            return self.simple(kind, [x], lambda a: a.permute(order), {"permutation": order}, none)
        if kind == "Flip":
            axes = sorted(self.dice.sample(range(rank), self.dice.randint(1, rank)))
            return self.simple(kind, [x], lambda a: a.flip(axes), {"axes": axes}, none)
        if kind == "Concat":
            axis, y = self.dice.randrange(rank), self.same(x)
            return self.simple(kind, [x, y], lambda a, b: torch.cat((a, b), axis), {"axis": axis}, none)
        if kind == "Pad":
            low, high = ([self.dice.randint(0, 2) for _ in shape] for _ in range(2))
            value = self.real_input(())
            flat = [n for pair in reversed(list(zip(low, high))) for n in pair]
            mask = functional.pad(torch.zeros(shape, dtype=torch.bool), flat, value=True)
            return self.simple(kind, [x, value], lambda a, v: torch.where(mask, v, functional.pad(a, flat)),
                               {"low": low, "high": high, "interior": [0] * rank}, none)  # fmt: skip
        starts = [self.dice.randint(0, n - 1) for n in shape]
        stops = [self.dice.randint(a + 1, n) for a, n in zip(starts, shape)]
        steps = [self.dice.choice((1, 1, 2)) for _ in shape]
        where = tuple(slice(a, b, c) for a, b, c in zip(starts, stops, steps))
        fields = {"starts": starts, "stops": stops, "steps": steps}
        if kind == "Slice":
            return self.simple(kind, [x], lambda a: a[where], fields, none)
        update = self.real_input(tuple(self.tensor(x)[where].shape))
        how = self.dice.choice(("set", "add"))

        def updated(a, b):
            result = a.clone()
            result[where] = b if how == "set" else result[where] + b
            return result

        return self.simple(kind, [x, update], updated, {**fields, "kind": how})

    def index(self):
        x = self.real(1)
        shape = tuple(self.tensor(x).shape)
        axis, kind = self.dice.randrange(len(shape)), self.dice.choice(("Gather", "GatherAxis", "Scatter", "ScatterAxis"))
        count, mode = self.dice.randint(1, 7), {"mode": "raise", "wrap_negative": False}
        none = lambda *t: torch.zeros(())  # noqa: E731
        if kind == "Gather":
            ids = self.integer_input((count,), shape[axis])
            sizes = [1 if i == axis else n for i, n in enumerate(shape)]
            take = lambda a, i: a.index_select(axis, i).unsqueeze(axis + 1).movedim(axis, 0)  # noqa: E731
            return self.simple(kind, [x, ids], take, {"axes": (axis,), "slice_sizes": sizes, **mode}, none)
        if kind == "Scatter":
            # Distinct indices for `set`: PyTorch promises no order.
            how = self.dice.choice(("add", "set"))
            count = min(count, shape[axis]) if how == "set" else count
            ids = self.permutation_input(count, shape[axis]) if how == "set" else self.integer_input((count,), shape[axis])
            sizes = [1 if i == axis else n for i, n in enumerate(shape)]
            updates = self.real_input((count, *sizes))

            def scatter(a, i, u):
                u = u.squeeze(axis + 1).movedim(0, axis)
                return a.index_add(axis, i, u) if how == "add" else a.index_copy(axis, i, u)

            fields = {"axes": (axis,), "slice_sizes": sizes, "kind": how, **mode}
            return self.simple(kind, [x, ids, updates], scatter, fields,
                               lambda a, i, u: 8 * EPS * (a.abs().max() + 7 * u.abs().max()) * torch.ones(()))  # fmt: skip
        at = list(shape)
        at[axis] = count
        ids = self.integer_input(tuple(at), shape[axis])
        if kind == "GatherAxis":
            return self.simple(kind, [x, ids], lambda a, i: a.gather(axis, i), {"axis": axis, **mode}, none)
        updates = self.real_input(tuple(at))
        return self.simple(kind, [x, ids, updates], lambda a, i, u: a.scatter_add(axis, i, u), {"axis": axis, "kind": "add", **mode},
                           lambda a, i, u: 8 * EPS * (a.abs().max() + 7 * u.abs().max()) * torch.ones(()))  # fmt: skip

    def contract(self):
        x = self.real(1)
        shape = tuple(self.tensor(x).shape)
        if self.dice.random() < 0.3:
            out = self.dice.choice((1, 3, 8, 17))
            operands = [x, self.real_input((out, shape[-1])), self.real_input((out,))]

            def bound(a, w, b):
                return math.sqrt(shape[-1]) * 2 * EPS * (functional.linear(a.abs(), w.abs()) + b.abs())

            return self.simple("Linear", operands, functional.linear, bound=bound)
        axis, free = self.dice.randrange(len(shape)), self.dice.choice((1, 4, 9))
        y = self.real_input((free, shape[axis]))
        fields = {"lhs_contract": (axis,), "rhs_contract": (1,), "lhs_batch": (), "rhs_batch": ()}
        product = lambda a, b: torch.tensordot(a, b, ([axis], [1]))  # noqa: E731
        return self.simple("DotGeneral", [x, y], product, fields,
                           lambda a, b: math.sqrt(shape[axis]) * 2 * EPS * product(a.abs(), b.abs()))  # fmt: skip

    def row(self):
        x = self.real(1)
        shape = tuple(self.tensor(x).shape)
        n, kind = shape[-1], self.dice.choice(("Softmax", "LayerNorm", "CrossEntropy", "Embedding", "Sdpa"))
        if kind == "Softmax":
            axis = self.dice.randrange(len(shape))
            return self.simple(kind, [x], lambda a: torch.softmax(a, axis), {"axis": axis},
                               lambda a: (8 + math.sqrt(shape[axis])) * EPS * torch.softmax(a, axis) * (1 + a.abs().max()))  # fmt: skip
        if kind == "LayerNorm":
            if n < 3:
                return self.unary()
            operands = [x, self.real_input((n,), 0.5, 1.0), self.real_input((n,))]

            def compute(t):
                a, weight, bias = t
                y = functional.layer_norm(a, (n,), weight, bias, 1e-5)
                mean = a.mean(-1)
                rstd = 1 / torch.sqrt(a.var(-1, correction=0) + 1e-5)
                with torch.no_grad():
                    scale = a.abs().amax(-1)
                    bound = 8 * math.sqrt(n) * EPS
                    wide = ((scale * rstd + (scale * rstd) ** 2) * bound).unsqueeze(-1) * (1 + y.abs())
                return [(y, wide), (mean, bound * scale), (rstd, bound * rstd * (1 + (scale * rstd) ** 2))]

            return self.emit(kind, operands, {"eps": 1e-5}, compute)
        if kind == "CrossEntropy":
            rows = math.prod(shape[:-1])
            if n < 2:
                return self.unary()
            flat = self.simple("Reshape", [x], lambda a: a.reshape(rows, n), {"shape": (rows, n)}, lambda a: torch.zeros(()))
            labels = self.integer_input((rows,), n)

            def compute(t):
                logits, chosen = t
                with torch.no_grad():
                    bound = (8 + math.sqrt(n)) * EPS * (1 + logits.abs().amax(-1))
                return [(functional.cross_entropy(logits, chosen, reduction="none"), bound),
                        (torch.logsumexp(logits, -1), bound)]  # fmt: skip

            return self.emit(kind, [flat, labels], {"ignore_index": -100}, compute)
        if kind == "Embedding":
            if len(shape) != 2:
                return self.reduce()
            ids = self.integer_input(self.shape(self.dice.randint(0, 2), 20), shape[0])
            return self.simple(kind, [x, ids], lambda table, i: functional.embedding(i, table), None, lambda a, i: torch.zeros(()))
        # Several keys: the gradient of a single one is 0, which rounding need not give.
        heads, length, width = self.dice.choice((1, 2)), self.dice.choice((3, 8, 17)), self.dice.choice((2, 4, 8))
        q, k, v = (self.real_input((1, heads, length, width)) for _ in range(3))
        causal, scale = self.dice.random() < 0.5, self.dice.choice((0.5, 1.0))

        def compute(t):
            # Written out: both results, and lse, which PyTorch's function keeps to itself.
            scores = t[0] @ t[1].transpose(-1, -2) * scale
            if causal:
                scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool).triu(1), -math.inf)
            lse = torch.logsumexp(scores, -1)
            o = torch.exp(scores - lse.unsqueeze(-1)) @ t[2]
            with torch.no_grad():
                largest = t[0].abs().max() * t[1].abs().max() * width * scale
                bound = 16 * EPS * (math.sqrt(length) + math.sqrt(width)) * (1 + largest)
            return [(o, bound * t[2].abs().max() * torch.ones(())), (lse, bound * torch.ones(()))]

        return self.emit(kind, [q, k, v], {"scale": scale, "causal": causal, "offset": 0}, compute)

    def make(self):
        self.results = []
        kinds = (self.unary, self.unary, self.binary, self.binary, self.broadcast, self.reduce, self.mean_of_squares,
                 self.view, self.view, self.index, self.contract, self.row, self.row)  # fmt: skip
        last = None
        for _ in range(self.dice.randint(1, 6)):
            last = self.dice.choice(kinds)()
        outputs = [last]
        floating = [("step", i) for i, r in enumerate(self.results) if r.dtype == torch.float64 and r.numel() <= 4000]
        for _ in range(self.dice.randint(0, 2)):
            outputs.append(self.dice.choice(floating))
        self.outputs = list(dict.fromkeys(outputs))

    def evaluate(self, generator=None):
        """Outputs and gradients of the floating inputs (None: no path)."""
        inputs = [x.clone().requires_grad_() if x.dtype == torch.float64 else x for x in self.inputs]
        run, results = Run([], generator), []
        for op, operands, _, compute, _ in self.steps:
            tensors = [inputs[v[1]] if v[0] == "in" else results[v[1]] for v in operands]
            for result, bound in compute(tensors):
                run.add(result, bound.expand(result.shape).detach() if bound is not None else None)
                results.append(run.values[-1])
        outputs = [inputs[v[1]] if v[0] == "in" else results[v[1]] for v in self.outputs]
        loss = sum((y * reals(1000 + k, tuple(y.shape))).sum() for k, y in enumerate(outputs) if y.dtype == torch.float64)
        floats = [x for x in inputs if x.dtype == torch.float64]
        if not (torch.is_tensor(loss) and loss.requires_grad):
            return None
        gradients = torch.autograd.grad(loss, floats, allow_unused=True)
        gradients = [torch.zeros_like(x) if g is None else g for x, g in zip(floats, gradients)]
        return [y.detach() for y in outputs], gradients

    def text(self):
        number = {("in", i): i for i in range(len(self.inputs))}
        lines, next_number = [], len(self.inputs)
        for op, operands, attribute_text, _, results in self.steps:
            for r in results:
                number[("step", r)] = next_number
                next_number += 1
            left = ", ".join(f"%{number[('step', r)]}:{type_text(self.results[r])}" for r in results)
            lines.append(f"  {left} = {op}{attribute_text}({', '.join(f'%{number[v]}' for v in operands)})")
        inputs = ", ".join(f"%{i}:{type_text(x)}" for i, x in enumerate(self.inputs))
        outputs = ", ".join(f"%{number[v]}" for v in self.outputs)
        return f"program({inputs}) {{\n" + "\n".join(lines) + f"\n  return {outputs}\n}}"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    blob, text, made, seed = bytearray(), [], 0, 0
    while made < COUNT:
        seed += 1
        maker = Maker(seed)
        maker.make()
        if sum(x.numel() for x in maker.inputs) > 20000:
            continue
        evaluated = maker.evaluate()
        if evaluated is None:
            continue
        outputs, gradients = evaluated
        exact = [*outputs, *gradients]
        if not all(torch.isfinite(x).all() and (x.numel() == 0 or x.abs().max() < 1e12) for x in exact):
            continue
        deviation = [0.0] * len(exact)
        for k in range(RUNS):
            nudged = maker.evaluate(torch.Generator().manual_seed(1 + k))
            for i, (a, b) in enumerate(zip([*nudged[0], *nudged[1]], exact)):
                deviation[i] = max(deviation[i], float((a - b).abs().max()) if a.numel() else 0.0)
        largest = [float(x.abs().max()) if x.numel() else 0.0 for x in exact]
        tolerance = [max(SAFETY * d, 8 * EPS * m) for d, m in zip(deviation, largest)]
        if any(t > USELESS * max(m, 1e-3) for t, m in zip(tolerance, largest)):
            continue
        made += 1
        text.append(f"program {made}")
        text += [f"in {recipe}" for recipe in maker.recipes]
        kinds = ["out"] * len(outputs) + ["grad"] * len(gradients)
        for kind, x, t in zip(kinds, exact, tolerance):
            flat = x.to(torch.float64).reshape(-1)
            stride = max(1, flat.numel() // STORED)
            stored = flat[::stride].numpy()
            text.append(f"{kind} {len(blob) // 8} {len(stored)} {stride} {t:.3g}")
            blob += stored.astype("<f8").tobytes()
        text += [maker.text(), ""]
    head = f"# peer pytorch {torch.__version__.split('+')[0]} ; programs {made} ; numbers {len(blob) // 8}"
    with open(os.path.join(here, "pytorch_programs.txt"), "w") as file:
        file.write("\n".join([head, *text]))
    with open(os.path.join(here, "pytorch_programs.bin"), "wb") as file:
        file.write(blob)
    print(f"{made} programs of {seed} drawn, {len(blob)} bytes", file=sys.stderr)


main()

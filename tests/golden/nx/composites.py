"""Composites with gradients from PyTorch in f64: forward, then the gradient of every floating input for a given cotangent.

Each case: inputs in order, the cotangents after them; outputs: the results, then one gradient per floating input.
atol is the rounding of sums of the given lengths at magnitude ~10, not a blanket tolerance: 1e-12 · √length."""
import numpy as np
import torch
import torch.nn.functional as F

from golden import Family, In, Out

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
family = Family("composites", f"pytorch {torch.__version__.split('+')[0]} (numpy {np.__version__})")


def normal(shape, seed, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, shape)


def case(op, function, inputs, length=64, cotangent=True, **attrs):
    tensors = [torch.tensor(v, requires_grad=v.dtype == np.float64) for v in inputs]
    result = function(*tensors)
    operands = [In(v) for v in inputs]
    rule = f"atol={1e-12 * length ** 0.5!r}"
    ct = torch.tensor(normal(tuple(result.shape), 99))
    operands.append(In(ct.numpy()))
    wanted = [t for t in tensors if t.requires_grad]
    grads = torch.autograd.grad(result, wanted, ct, allow_unused=False)
    family.case(op, operands, [Out(result.detach().numpy(), rule)] + [Out(g.numpy(), rule) for g in grads], **attrs, layout="contiguous")


for shape, axis in (((5,), 0), ((4, 7), -1), ((4, 7), 0), ((2, 3, 65), -1), ((2, 3, 4), 1), ((3, 1), -1)):
    for scale in (1.0, 30.0):
        x = normal(shape, 1, scale)
        case("softmax", lambda t: F.softmax(t, axis), [x], shape[axis], axis=axis)
        case("log_softmax", lambda t: F.log_softmax(t, axis), [x], 900 * shape[axis], axis=axis)
        case("logsumexp", lambda t: torch.logsumexp(t, axis), [x], 900 * shape[axis], axis=axis)

for shape in ((4, 8), (2, 3, 65), (1, 1, 16), (7, 2)):
    n = shape[-1]
    x, weight, bias = normal(shape, 2, 3.0), normal((n,), 3) + 1, normal((n,), 4)
    for eps in (1e-5, 1e-3):
        case("layer_norm", lambda t, w, b: F.layer_norm(t, (n,), w, b, eps), [x, weight, bias], 1e6 if n == 2 else 100 * n, eps=eps.hex())

for rows, classes in ((5, 4), (1, 9), (7, 65)):
    logits, targets = normal((rows, classes), 5, 4.0), np.random.default_rng(6).integers(0, classes, rows)
    for reduction in ("mean", "sum", "none"):
        case("cross_entropy", lambda t, y: F.cross_entropy(t, y, reduction=reduction), [logits, targets], 100 * rows, reduction=reduction)
        if rows > 1:
            masked = targets.copy()
            masked[::3] = -100
            case("cross_entropy", lambda t, y: F.cross_entropy(t, y, ignore_index=-100, reduction=reduction), [logits, masked], 100 * rows, reduction=reduction, ignore_index=-100)
            case("cross_entropy", lambda t, y: F.cross_entropy(t, y, ignore_index=2, reduction=reduction), [logits, targets], 100 * rows, reduction=reduction, ignore_index=2)

for batch, heads, queries, keys, depth in ((1, 1, 4, 4, 8), (2, 3, 9, 9, 4), (1, 2, 5, 11, 6), (1, 1, 1, 7, 3), (1, 1, 40, 40, 4)):
    q, k, v = normal((batch, heads, queries, depth), 7), normal((batch, heads, keys, depth), 8), normal((batch, heads, keys, depth), 9)
    for causal in (False, True):
        if causal and queries != keys:
            continue  # PyTorch aligns the mask at the top left; only square masks are unambiguous
        case("sdpa", lambda a, b, c: F.scaled_dot_product_attention(a, b, c, is_causal=causal), [q, k, v], 100 * keys, causal=int(causal))
    case("sdpa", lambda a, b, c: F.scaled_dot_product_attention(a, b, c, scale=0.25), [q, k, v], 100 * keys, causal=0, scale=(0.25).hex())

x = np.concatenate([normal((40,), 10, 2.0), [0.0, -0.0, 1e-300, -8.0, 8.0, 30.0, -30.0, -5.5, 1.0, -1.0]])
for approximate, name in (("none", "erf"), ("tanh", "tanh")):
    case("gelu", lambda t: F.gelu(t, approximate=approximate), [x], approximate=name)
    case("gelu", lambda t: F.gelu(t, approximate=approximate), [x.reshape(5, 10)], approximate=name)

for shape, out in (((3, 4), 5), ((2, 3, 7), 1), ((6,), 3), ((1, 33), 17)):
    x, weight, bias = normal(shape, 11), normal((out, shape[-1]), 12), normal((out,), 13)
    case("linear", lambda t, w, b: F.linear(t, w, b), [x, weight, bias], 100 * shape[-1])
    case("linear", lambda t, w: F.linear(t, w), [x, weight], 100 * shape[-1])

for shape, rows, width in (((4,), 6, 3), ((2, 5), 7, 1), ((3, 2), 3, 16), ((), 4, 2)):
    table, index = normal((rows, width), 14), np.random.default_rng(15).integers(0, rows, shape)
    case("embedding", lambda y, t: F.embedding(y, t), [index, table], 10)

# gradients of indexing: strided slices, negative steps by flip, gathers with repeated indices
x = normal((5, 7), 16)
for items, function in ((("::2", "1:6:3"), lambda t: t[::2, 1:6:3]), (("1", ":"), lambda t: t[1, :]), (("...", "-1"), lambda t: t[..., -1]), (("new", "2:4"), lambda t: t[None, 2:4]),
                        (("::-1", ":"), lambda t: torch.flip(t, (0,))), (("3:1:-1", "::-2"), lambda t: torch.flip(t, (0, 1))[1:3, ::2]), (("2:2", ":"), lambda t: t[2:2, :])):
    case("index_grad", function, [x], 10, items=";".join(items))
index = np.array([0, 3, 3, -1, 0])
case("index_grad", lambda t, i: t[i], [x, index], 10, items="A1")
case("index_grad", lambda t, i: t[:, i], [x, index], 10, items=":;A1")
case("index_grad", lambda t, i, j: t[i, j], [x, index, np.array([6, 1, 1, -7, 0])], 10, items="A1;A2")
case("index_grad", lambda t, i: t[i, 1:4], [x, index], 10, items="A1;1:4")
case("take_along_axis_grad", lambda t, i: torch.gather(t, 1, i), [x, np.random.default_rng(17).integers(0, 7, (5, 4))], 10, axis=1)
case("sort_grad", lambda t: torch.sort(t, dim=1, stable=True).values, [x], 10, axis=1)
family.write()

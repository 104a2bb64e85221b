"""The peer's side of the line protocol (bench/runner/peer.hpp): a table of cases, and a loop that answers requests.

A case is a function without arguments that returns (statement, names): the statement is compiled into a timing loop by
timeit, as fast as Python runs it, so that a tiny operation pays for no call of ours; the names are its inputs. Results
are dropped at once: their allocation and release are inside the time, as on Raven's side.

The statement is an expression whose value is compared with ours first (`check`), so inputs come from `hashed`, as on
Raven's side (bench/runner/checksum.hpp). A case whose numbers cannot be equal has the name "uncompared". A statement
that is a function times itself: it gives the seconds of one run.
"""
import gc
import math
import os
import sys
import timeit

import numpy as np

PERIOD, PIECE = 1021, 1 << 20


def hashes(count, seed):
    h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761)
    h += np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    return h


def hashed(shape, seed=1, dtype=np.float32):
    """Values in [-1, 1), multiples of 2^-23, from a hash of the index."""
    h = hashes(math.prod(shape), seed) >> np.uint32(8)
    return ((h * dtype(2.0**-23)) - dtype(1)).astype(dtype).reshape(shape)


def hashed_integers(shape, bound, seed=1):
    return (hashes(math.prod(shape), seed).astype(np.int64) % bound).reshape(shape)


def checksums(value):
    """Sum of |x| and position-weighted sum of x, for each array in a tree of lists, tuples and dicts."""
    if value is None:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for part in value for number in checksums(part)]
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    flat = np.ascontiguousarray(value).reshape(-1)
    absolute = weighted = 0.0
    for begin in range(0, flat.size, PIECE):
        part = flat[begin : begin + PIECE].astype(np.float64)
        weights = 0.5 + np.arange(begin, begin + part.size) % PERIOD / PERIOD
        absolute += float(np.abs(part).sum())
        weighted += float(part @ weights)
    return [absolute, weighted]


def serve(peer, version, cases, blas, sgemm, threads):
    """Answers requests on standard input until `quit` or its end. Prints of libraries go to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    timer = statement = names = None
    for line in sys.stdin:
        request = line.split()
        if not request:
            continue
        try:
            if request[0] == "quit":
                return
            if request[0] == "info":
                restrained = ",".join(v for v in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if v in os.environ)
                answer = [
                    "ok",
                    f"peer={peer}",
                    f"version={version}",
                    f"blas={blas()}",
                    f"threads={threads()}",
                    f"restrained={restrained}",
                ]
            elif request[0] == "list":
                answer = ["ok", *cases]
            elif request[0] == "sgemm":
                answer = ["ok", repr(sgemm())]
            elif request[0] in ("setup", "drop"):
                timer = statement = names = None
                gc.collect()
                if request[0] == "drop":
                    answer = ["ok"]
                elif request[1] not in cases:
                    answer = ["missing"]
                else:
                    statement, names = cases[request[1]]()
                    timer = Seconds(statement) if callable(statement) else timeit.Timer(statement, globals=names)
                    answer = ["ok"]
            elif request[0] == "check":
                known = isinstance(statement, str) and "uncompared" not in names
                answer = ["ok", *map(repr, checksums(eval(statement, names)) if known else [])]
            elif request[0] == "time":
                if timer is None:
                    raise RuntimeError("time before setup")
                if int(request[2]):
                    timer.timeit(int(request[2]))
                answer = ["ok", repr(timer.timeit(int(request[1])))]
            else:
                raise RuntimeError(f"unknown request {request[0]}")
        except Exception as error:  # the runner prints it and goes on with the next case
            answer = ["error", f"{type(error).__name__}: {error}".replace("\t", " ").replace("\n", " ")]
        answers.write("\t".join(answer) + "\n")


class Seconds:
    """In the place of a timer: a function that times itself."""

    def __init__(self, function):
        self.function = function

    def timeit(self, number):
        return sum(self.function() for _ in range(number))


def sgemm_rate(product, size=1024, repetitions=10):
    """Flop per second of the best of several f32 products of size³."""
    product()
    best = min(timeit.repeat(product, number=1, repeat=repetitions))
    return 2.0 * size**3 / best


def blas_text():
    """The BLAS libraries that are loaded, with their kernels, as threadpoolctl sees them."""
    import threadpoolctl

    found = []
    for library in threadpoolctl.threadpool_info():
        if library["user_api"] == "blas":
            parts = [library["internal_api"], library.get("version"), library.get("architecture")]
            found.append(" ".join(str(part) for part in parts if part))
    return ", ".join(found) or "none found by threadpoolctl"


def process_start(program):
    """A statement that starts a Python process running `program` and waits for its end."""
    arguments = [sys.executable, "-c", program]

    def run():
        process = os.posix_spawn(arguments[0], arguments, os.environ)
        _, status = os.waitpid(process, 0)
        if status:
            raise RuntimeError(f"process ended with status {status}")

    return "run()", {"run": run}

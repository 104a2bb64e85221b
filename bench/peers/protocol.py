"""The peer's side of the line protocol (bench/runner/peer.hpp): a table of cases, and a loop that answers requests.

A case is a function without arguments that returns (statement, names): the statement is compiled into a timing loop by
timeit, as fast as Python runs it, so that a tiny operation pays for no call of ours; the names are its inputs. Results
are dropped at once: their allocation and release are inside the time, as on Raven's side.
"""
import gc
import os
import sys
import timeit


def serve(peer, version, cases, blas, sgemm, threads):
    """Answers requests on standard input until `quit` or its end. Prints of libraries go to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    timer = None
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
                timer = None
                gc.collect()
                if request[0] == "drop":
                    answer = ["ok"]
                elif request[1] not in cases:
                    answer = ["missing"]
                else:
                    statement, names = cases[request[1]]()
                    timer = timeit.Timer(statement, globals=names)
                    answer = ["ok"]
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

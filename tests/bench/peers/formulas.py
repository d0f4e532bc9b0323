"""Fused formulas by numexpr and numpy, for comparison: one JSON line for each peer, formula and way of output.

    pip install numpy numexpr
    python formulas.py data DIRECTORY                # writes a.npy, b.npy, c.npy: 10,000,000 float32 between 0 and 1
    python formulas.py DIRECTORY DTYPE THREADS       # DTYPE is float32 or float64

`seconds` is the median of 9 calls; `fresh` makes a new array each time, as `formula.apply` does, `into` fills one, as `apply-into` does.
`mean` is the result's, to see that all compute the same.
"""

import json
import os
import sys
import time
from pathlib import Path

FORMULAS = ["exp(-(a - b) ** 2 / 2) * c + a / 2", "(a * b + c) * (a - b) / (c * c + 1) - a"]


def write(directory):
    import numpy as np

    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for name in "abc":
        np.save(directory / f"{name}.npy", random.random(10_000_000, dtype=np.float32))


def median(work):
    times = []
    for _ in range(9):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return sorted(times)[4], float(result.mean(dtype="float64"))


def measure(directory, dtype, threads):
    import numexpr
    import numpy as np

    numexpr.set_num_threads(threads)
    inputs = {name: np.load(directory / f"{name}.npy").astype(dtype) for name in "abc"}
    out = np.ones_like(inputs["a"])
    functions = {"exp": np.exp, "__builtins__": {}}
    for formula in FORMULAS:
        for peer, way, work in [
            (f"numexpr {numexpr.__version__}", "into", lambda: numexpr.evaluate(formula, inputs, out=out)),
            (f"numexpr {numexpr.__version__}", "fresh", lambda: numexpr.evaluate(formula, inputs)),
            (f"numpy {np.__version__}", "fresh", lambda: eval(formula, functions, inputs)),
        ]:
            seconds, mean = median(work)
            print(json.dumps({"peer": peer, "formula": formula, "way": way, "seconds": round(seconds, 5), "mean": mean}), flush=True)


def main(words):
    if words[0] == "data":
        return write(Path(words[1]))
    # Libraries count their threads when they are loaded.
    for variable in ["OMP_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS"]:
        os.environ[variable] = words[2]
    measure(Path(words[0]), words[1], int(words[2]))


main(sys.argv[1:])

"""Times what numpy, scipy, numexpr and scikit-learn take for the cases of `algohost bench`.

Reads the names of cases from standard input, one on a line, and answers each with a line: everybody who did it with the median seconds of
one call, separated by semicolons, or nothing where no peer has the like. The first is the closest relative.
"""

import os
import sys
import time

import numexpr
import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count()
RANDOM = np.random.default_rng(0)
M = 1_000_000
EIGHT = "(a * b + c) / (1 + abs(a - b)) - 2 * c"


def f32(*shape):
    return RANDOM.random(shape, dtype=np.float32)


def f64(*shape):
    return RANDOM.random(shape)


def positions(count, most):
    return (np.arange(count, dtype=np.int64) * 7919 % most).astype(np.int32)


def eight(make, count):
    a, b, c, out = make(count), make(count), make(count), make(count)
    yield "numexpr", lambda: numexpr.evaluate(EIGHT, {"a": a, "b": b, "c": c}, out=out)
    yield "numpy", lambda: (a * b + c) / (1 + np.abs(a - b)) - 2 * c


def square(make, n):
    a, b, out = make(n, n), make(n, n), make(n, n)
    yield "numpy", lambda: np.matmul(a, b, out=out)


def product(a, b):
    yield "numpy", lambda: a @ b


def one(work, *operands):
    yield "numpy", lambda: work(*operands)


def log_sum_exp(a):
    def work():
        x = 2 * a
        top = x.max(axis=1, keepdims=True)
        return np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top

    yield "numpy", work


def nearest(n, m, d, k):
    import faiss
    from sklearn.neighbors import NearestNeighbors

    faiss.omp_set_num_threads(THREADS)
    index, x, y = faiss.IndexFlatL2(d), f32(n, d), f32(m, d)
    index.add(y)
    yield "faiss", lambda: index.search(x, k)
    brute = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=THREADS).fit(y)
    yield "scikit-learn", lambda: brute.kneighbors(x)


def segment_sum():
    import scipy.sparse as sparse

    a, ids = f32(M, 16), positions(M, 100)
    groups = sparse.csr_matrix((np.ones(M, np.float32), ids, np.arange(M + 1)), shape=(M, 100)).T.tocsr()
    yield "scipy", lambda: groups @ a


def weights():
    w = f64(M)
    return w / w.sum()


CASES = {
    "tensors.zeros 1M f32": lambda: one(lambda: np.zeros(M, np.float32).fill(0)),
    "tensors.full 1M f32": lambda: one(np.full, M, np.float32(1.5)),
    "tensors.tensor.fill 1M f32": lambda: one(f32(M).fill, 1.5),
    "tensors.tensor.copy 1M f32": lambda: one(f32(M).copy),
    "tensors.tensor.copy 1000 x 1000 transposed f32": lambda: one(np.ascontiguousarray, f32(1000, 1000).T),
    "tensors.tensor.cast 1M f32 to f64": lambda: one(f32(M).astype, np.float64),
    "tensors.tensor.assign 1M f32": lambda: one(np.copyto, f32(M), f32(M)),
    "tensors.concat 2 x 1M f32": lambda: one(lambda a: np.concatenate([a, a]), f32(M)),
    "formulas.formula.apply-into 8 operations 10M f32": lambda: eight(f32, 10 * M),
    "formulas.formula.apply-into 8 operations 10M f64": lambda: eight(f64, 10 * M),
    "formulas.formula.reduce row log-sum-exp 200k x 28 f32": lambda: log_sum_exp(f32(200_000, 28)),
    "formulas.formula.reduce-all sum of squares 10M f32": lambda: one(lambda a: (a * a).sum(), f32(10 * M)),
    "formulas.reduce column mean 200k x 28 f32": lambda: one(lambda a: a.mean(axis=0), f32(200_000, 28)),
    "formulas.reduce column variance 200k x 28 f32": lambda: one(lambda a: a.var(axis=0), f32(200_000, 28)),
    "formulas.reduce row arg-max 200k x 28 f32": lambda: one(lambda a: a.argmax(axis=1), f32(200_000, 28)),
    "linalg.matmul 100k x 64 by 64 x 64 f32": lambda: product(f32(100_000, 64), f32(64, 64)),
    "linalg.matmul 200k x 28 by 28 x 1 f32": lambda: product(f32(200_000, 28), f32(28, 1)),
    "linalg.matmul 28 x 200k by 200k x 1 f32": lambda: product(f32(200_000, 28).T, f32(200_000, 1)),
    "neighbors.nearest 100k x 50 to 100, 1 f32": lambda: nearest(100_000, 100, 50, 1),
    "neighbors.nearest 1k x 64 to 100k, 10 f32": lambda: nearest(1_000, 100_000, 64, 10),
    "select.gather 100k of 1M x 16 f32": lambda: one(np.take, f32(M, 16), positions(100_000, M), 0),
    "select.segment-sum 1M x 16 to 100 f32": segment_sum,
    "random.uniform 1M f32": lambda: one(lambda: RANDOM.random(M, dtype=np.float32)),
    "random.uniform 1M f64": lambda: one(RANDOM.random, M),
    "random.normal 1M f32": lambda: one(lambda: RANDOM.standard_normal(M, dtype=np.float32)),
    "random.permutation 1M": lambda: one(RANDOM.permutation, M),
    "random.choice 100k of 1M f32": lambda: one(lambda p: RANDOM.choice(M, 100_000, p=p), weights()),
}
for n in (1, 16, 256, 512, 1024, 2048):
    first = "1 x 1" if n == 1 else str(n)
    CASES[f"linalg.matmul-into {first} f32"] = lambda n=n: square(f32, n)
    CASES[f"linalg.matmul-into {first} f64"] = lambda n=n: square(f64, n)


def measure(work):
    """Median seconds of one call, as the host's own benchmark takes it."""
    work()
    start = time.perf_counter()
    work()
    together = max(1, int(200e-6 / max(time.perf_counter() - start, 1e-7)))
    times, begun = [], time.perf_counter()
    while len(times) < 3 or (len(times) < 301 and time.perf_counter() - begun < 0.6):
        start = time.perf_counter()
        for _ in range(together):
            work()
        times.append((time.perf_counter() - start) / together)
    return sorted(times)[len(times) // 2]


def main():
    numexpr.set_num_threads(THREADS)
    for line in sys.stdin:
        made = CASES.get(line.strip(), lambda: [])()
        print(";".join(f"{name} {measure(work):.9f}" for name, work in made) or "-")


main()

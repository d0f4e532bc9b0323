"""Exact nearest neighbours by faiss and scikit-learn, for comparison: one JSON line for each peer.

    pip install numpy scikit-learn faiss-cpu threadpoolctl
    python knn.py data DIRECTORY                     # writes queries.npy and rows.npy
    python knn.py DIRECTORY THREADS [PEER]           # searches

5,000 queries among 100,000 rows of 64 features, float32, ten neighbours each, squared Euclidean or Euclidean. `seconds` is the best of
three searches, `cpu_seconds` that of all threads; faiss has its index made before, as it is meant to be used. `same` is the share of positions that a search in float64
finds too, `distance` the mean Euclidean distance.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

QUERIES, ROWS, FEATURES, NEIGHBOURS = 5_000, 100_000, 64, 10


def write(directory):
    random = np.random.default_rng(6)
    directory.mkdir(parents=True, exist_ok=True)
    for name, count in [("queries", QUERIES), ("rows", ROWS)]:
        np.save(directory / f"{name}.npy", random.standard_normal((count, FEATURES), dtype=np.float32))


def faiss(queries, rows, threads):
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatL2(FEATURES)
    index.add(rows)

    def search():
        squares, positions = index.search(queries, NEIGHBOURS)
        return np.sqrt(squares), positions

    return search


def scikit_learn(queries, rows, threads):
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(rows)
    return lambda: index.kneighbors(queries)


def timed(search, threads, times=3):
    best, best_cpu = float("inf"), float("inf")
    with threadpool_limits(threads):
        for _ in range(times):
            start, cpu = time.perf_counter(), time.process_time()
            found = search()
            best, best_cpu = min(best, time.perf_counter() - start), min(best_cpu, time.process_time() - cpu)
    return best, best_cpu, found


def true_positions(queries, rows):
    rows = rows.astype(np.float64)
    squares = (rows**2).sum(axis=1)
    nearest = lambda part: np.argpartition(squares - 2 * part.astype(np.float64) @ rows.T, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return np.concatenate([nearest(part) for part in np.array_split(queries, 50)])


PEERS = {"faiss": faiss, "scikit-learn": scikit_learn}


def main(directory, threads, chosen):
    queries, rows = np.load(directory / "queries.npy"), np.load(directory / "rows.npy")
    truth = true_positions(queries, rows)
    for name in chosen or PEERS:
        seconds, cpu_seconds, (distances, positions) = timed(PEERS[name](queries, rows, threads), threads)
        same = np.mean([len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(positions, truth)])
        figures = dict(peer=name, threads=threads, seconds=round(seconds, 3), cpu_seconds=round(cpu_seconds, 3))
        print(json.dumps(figures | dict(same=float(same), distance=float(distances.mean()))), flush=True)


if sys.argv[1:2] == ["data"] and len(sys.argv) == 3:
    write(Path(sys.argv[2]))
elif len(sys.argv) in (3, 4):
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
else:
    sys.exit(__doc__)

"""Lloyd's iterations by scikit-learn and faiss, for comparison: one JSON line for each peer.

    pip install numpy scikit-learn faiss-cpu threadpoolctl
    python kmeans.py data DIRECTORY                  # writes clusters-rows.npy and clusters-centroids.npy
    python kmeans.py DIRECTORY THREADS [PEER]        # clusters them

Rows are 500,000 x 50, float32, around 100 points that lie closer than the rows scatter, so that 20 iterations do not suffice; the first
centroids are 100 of the rows. Every peer takes exactly 20 iterations from there. `inertia` is that of the centroids they end with,
computed afterwards in the same way for all; `seconds` counts no reading, which is `read_seconds`; `cpu_seconds` all threads.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from reading import timed
from threadpoolctl import threadpool_limits

ROWS, FEATURES, CLUSTERS, ITERATIONS = 500_000, 50, 100, 20


def write(directory):
    random = np.random.default_rng(5)
    centers = 0.5 * random.standard_normal((CLUSTERS, FEATURES), dtype=np.float32)
    rows = random.standard_normal((ROWS, FEATURES), dtype=np.float32) + centers[random.integers(CLUSTERS, size=ROWS)]
    directory.mkdir(parents=True, exist_ok=True)
    np.save(directory / "clusters-rows.npy", rows)
    np.save(directory / "clusters-centroids.npy", rows[random.choice(ROWS, CLUSTERS, replace=False)])


def scikit_learn(rows, first, threads):
    from sklearn.cluster import KMeans

    means = KMeans(CLUSTERS, init=first, n_init=1, max_iter=ITERATIONS, tol=0, algorithm="lloyd", copy_x=False)
    with threadpool_limits(threads):
        start = time.perf_counter()
        means.fit(rows)
        seconds = time.perf_counter() - start
    return seconds, means.cluster_centers_, means.n_iter_


def faiss(rows, first, threads):
    import faiss

    faiss.omp_set_num_threads(threads)
    # By itself faiss would look at 256 rows for each centroid only.
    means = faiss.Kmeans(FEATURES, CLUSTERS, niter=ITERATIONS, max_points_per_centroid=len(rows))
    with threadpool_limits(threads):
        start = time.perf_counter()
        means.train(rows, init_centroids=first)
        seconds = time.perf_counter() - start
    return seconds, means.centroids, len(means.obj)


def inertia(rows, centroids):
    centroids = centroids.astype(np.float64)
    squares = (centroids**2).sum(axis=1)
    total = 0.0
    for part in np.array_split(rows, 50):
        part = part.astype(np.float64)
        total += (part**2).sum() + (squares - 2 * part @ centroids.T).min(axis=1).sum()
    return total


PEERS = {"scikit-learn": scikit_learn, "faiss": faiss}


def main(directory, threads, chosen):
    for name in chosen or PEERS:
        rows, read_seconds = timed(lambda: np.load(directory / "clusters-rows.npy"))
        first = np.load(directory / "clusters-centroids.npy")
        cpu = time.process_time()
        seconds, centroids, iterations = PEERS[name](rows.copy(), first, threads)
        figures = dict(peer=name, threads=threads, seconds=round(seconds, 3), cpu_seconds=round(time.process_time() - cpu, 3))
        figures["read_seconds"] = read_seconds
        print(json.dumps(figures | dict(iterations=int(iterations), inertia=round(inertia(rows, centroids), 1))), flush=True)


if sys.argv[1:2] == ["data"] and len(sys.argv) == 3:
    write(Path(sys.argv[2]))
elif len(sys.argv) in (3, 4):
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
else:
    sys.exit(__doc__)

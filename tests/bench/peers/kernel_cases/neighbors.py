"""Which rows are near."""

import numpy as np

from .operands import THREADS, f32, one


def nearest(n, m, d, k):
    import faiss
    from sklearn.neighbors import NearestNeighbors

    faiss.omp_set_num_threads(THREADS)
    index, x, y = faiss.IndexFlatL2(d), f32(n, d), f32(m, d)
    index.add(y)
    yield "faiss", lambda: index.search(x, k)
    brute = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=THREADS).fit(y)
    yield "scikit-learn", lambda: brute.kneighbors(x)


def distances(n, m, d):
    from scipy.spatial.distance import cdist

    return one(lambda x, y: cdist(x, y, "sqeuclidean"), f32(n, d), f32(m, d), by="scipy")


def assign_clusters(n, k, d):
    """The step inside of scikit-learn's KMeans, and its inertia."""
    from sklearn.cluster._k_means_common import _inertia_dense
    from sklearn.cluster._k_means_lloyd import lloyd_iter_chunked_dense

    x, centroids, weights = f32(n, d), f32(k, d), np.ones(n, np.float32)
    labels, sums, sizes, moved = np.zeros(n, np.int32), np.zeros_like(centroids), np.zeros(k, np.float32), np.zeros(k, np.float32)

    def work():
        lloyd_iter_chunked_dense(x, weights, centroids, sums, sizes, labels, moved, THREADS)
        return _inertia_dense(x, weights, centroids, labels, THREADS)

    yield "scikit-learn", work


CASES = {
    "neighbors.nearest 100k x 50 to 100, 1 f32": lambda: nearest(100_000, 100, 50, 1),
    "neighbors.nearest 1k x 64 to 100k, 10 f32": lambda: nearest(1_000, 100_000, 64, 10),
    "neighbors.nearest 5k x 64 to 100k, 10 f32": lambda: nearest(5_000, 100_000, 64, 10),
    "neighbors.distances 100k x 50 to 10 f32": lambda: distances(100_000, 10, 50),
    "neighbors.assign-clusters 100k x 50 to 100 f32": lambda: assign_clusters(100_000, 100, 50),
}

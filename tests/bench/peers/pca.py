"""Principal components by scikit-learn, for comparison: one JSON line for each solver.

    pip install numpy scikit-learn
    python pca.py data DIRECTORY               # writes components-rows.npy: 200,000 x 500, float32
    python pca.py DIRECTORY THREADS [SOLVER]   # finds 20 components

Twenty directions of falling strength over noise. `seconds` counts fitting, `read_seconds` reading; `explained` is the share of the variance along the
components found.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

ROWS, FEATURES, COMPONENTS = 200_000, 500, 20


def write(directory):
    random = np.random.default_rng(3)
    directory.mkdir(parents=True, exist_ok=True)
    strengths = np.linspace(4, 1, COMPONENTS, dtype=np.float32)
    directions = random.standard_normal((COMPONENTS, FEATURES), dtype=np.float32) / np.float32(FEATURES**0.5)
    rows = random.standard_normal((ROWS, COMPONENTS), dtype=np.float32) * strengths @ directions
    rows += random.standard_normal((ROWS, FEATURES), dtype=np.float32) * np.float32(0.2) + np.float32(0.5)
    np.save(directory / "components-rows.npy", rows)


def main():
    if sys.argv[1] == "data":
        return write(Path(sys.argv[2]))
    import sklearn
    from sklearn.decomposition import PCA
    from reading import timed
    from threadpoolctl import threadpool_limits

    rows, read_seconds = timed(lambda: np.load(Path(sys.argv[1]) / "components-rows.npy"))
    for solver in ["covariance_eigh", "randomized"]:
        if len(sys.argv) > 3 and sys.argv[3] != solver:
            continue
        with threadpool_limits(int(sys.argv[2])):
            start = time.perf_counter()
            model = PCA(COMPONENTS, svd_solver=solver, random_state=0).fit(rows)
            seconds = time.perf_counter() - start
        line = {"peer": f"scikit-learn {sklearn.__version__} {solver}", "seconds": round(seconds, 4), "read_seconds": read_seconds}
        print(json.dumps(line | {"explained": round(float(model.explained_variance_ratio_.sum()), 6)}), flush=True)


main()

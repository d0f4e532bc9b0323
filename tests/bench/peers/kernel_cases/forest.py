"""Random cut forests. Only isolation forests have a peer."""

from .operands import THREADS, f32


def isolation(rows):
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=0, n_jobs=THREADS).fit(f32(10_000, 10))
    x = f32(rows, 10)
    yield "scikit-learn", lambda: forest.score_samples(x)


CASES = {
    "forest.trees.score isolation 10k x 10, 100 trees f32": lambda: isolation(10_000),
    "forest.trees.score isolation 200k x 10, 100 trees f32": lambda: isolation(200_000),
}

"""Linear models by scikit-learn, for comparison: one JSON line for each peer.

    pip install numpy scipy scikit-learn
    python linear_learner.py data DIRECTORY [SET]            # writes SET-train.npy and SET-validation.npy
    python linear_learner.py DIRECTORY SET THREADS [PEER]    # trains on them

SET is `logistic` (1,000,000 rows of 28 correlated features, labels 0 and 1), `multinomial` (200,000 x 28, 5 classes) or `least-squares`
(1,000,000 x 50). The files are float32 matrices, label first, which the host reads as channels too: both sides see the same bytes. All
minimise the mean loss plus L2 / 2 times the sum of squared weights, the intercept free; `seconds` counts training, not reading.
`loss` is that sum on the training rows, so that equal iterations and equal optima can be told apart; the learner's counterpart is
`max_iterations`, `l2` and `normalize_data=false`.
"""

import json
import os
import sys
import time
from pathlib import Path

L2, ITERATIONS = 1e-4, 15


def rows(name):
    import numpy as np

    count, features, classes = {"logistic": (1_000_000, 28, 2), "multinomial": (200_000, 28, 5), "least-squares": (1_000_000, 50, 0)}[name]
    random = np.random.default_rng(28)
    held_out = count // 5
    # Features that depend on each other, or a few steps would do.
    mix = np.eye(features, dtype=np.float32) + random.standard_normal((features, features), dtype=np.float32) / np.float32(features**0.5)
    x = random.standard_normal((count + held_out, features), dtype=np.float32) @ mix
    scores = x @ random.standard_normal((features, max(classes, 1)), dtype=np.float32) * np.float32(0.35)
    if classes == 0:
        y = scores[:, 0] + random.standard_normal(len(x), dtype=np.float32) * np.float32(0.3)
    elif classes == 2:
        y = random.random(len(x)) < 1 / (1 + np.exp(-scores[:, 0] - 0.5))
    else:
        y = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)
    table = np.column_stack([y.astype(np.float32), x])
    return table[:count], table[count:]


def write(directory, chosen=None):
    import numpy as np

    directory.mkdir(parents=True, exist_ok=True)
    for name in ["logistic", "multinomial", "least-squares"]:
        if chosen in (None, name):
            train, validation = rows(name)
            np.save(directory / f"{name}-train.npy", train)
            np.save(directory / f"{name}-validation.npy", validation)


def classifiers(count):
    """scikit-learn's C counts the losses' sum against half the squared weights."""
    from sklearn.linear_model import LogisticRegression, SGDClassifier

    c = 1 / (L2 * count)
    return {
        "lbfgs": LogisticRegression(C=c, solver="lbfgs", max_iter=ITERATIONS, tol=0),
        "newton-cholesky": LogisticRegression(C=c, solver="newton-cholesky", max_iter=ITERATIONS),
        "sgd": SGDClassifier(loss="log_loss", alpha=L2, max_iter=5, tol=None, random_state=0),
    }


def regressors(count):
    from sklearn.linear_model import LinearRegression, Ridge

    return {"ridge": Ridge(alpha=L2 * count), "least squares": LinearRegression()}


def quality(model, name, train, validation):
    import numpy as np
    from sklearn.metrics import log_loss, r2_score, roc_auc_score

    penalty = L2 / 2 * float((np.asarray(model.coef_, dtype=np.float64) ** 2).sum())
    if name == "least-squares":
        residual = model.predict(train[0]).astype(np.float64) - train[1]
        return {"loss": float(residual @ residual) / (2 * len(residual)) + penalty, "r2": r2_score(validation[1], model.predict(validation[0]))}
    found = {"loss": log_loss(train[1], model.predict_proba(train[0]).astype(np.float64)) + penalty, "accuracy": model.score(*validation)}
    if name == "logistic":
        found["auc"] = roc_auc_score(validation[1], model.decision_function(validation[0]))
    return found


def measure(directory, name, chosen=None):
    import warnings

    import numpy as np
    import sklearn
    from reading import labelled, timed

    warnings.filterwarnings("ignore")  # that the iterations were used up is meant
    train, read_seconds = timed(lambda: labelled(directory / f"{name}-train.npy"))
    validation = labelled(directory / f"{name}-validation.npy")
    models = regressors(len(train[1])) if name == "least-squares" else classifiers(len(train[1]))
    for solver, model in models.items():
        if chosen in (None, solver):
            start, cpu = time.perf_counter(), time.process_time()
            model.fit(*train)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            iterations = int(np.max(model.n_iter_)) if getattr(model, "n_iter_", None) is not None else 1
            line = {"peer": f"scikit-learn {sklearn.__version__} {solver}", "seconds": round(seconds, 4), "cpu_seconds": round(cpu, 4)}
            line |= {"iterations": iterations, "read_seconds": read_seconds}
            print(json.dumps(line | {key: round(float(value), 6) for key, value in quality(model, name, train, validation).items()}), flush=True)


def main(words):
    if words[0] == "data":
        return write(Path(words[1]), *words[2:])
    # Libraries count their threads when they are loaded, which is why nothing is imported before.
    for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
        os.environ[variable] = words[2]
    measure(Path(words[0]), words[1], *words[3:])


main(sys.argv[1:])

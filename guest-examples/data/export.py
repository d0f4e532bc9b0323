"""Writes the samples' data and the figures they are compared with, from the data sets that scikit-learn carries.

    pip install scikit-learn==1.9.1
    python guest-examples/data/export.py

Nothing is downloaded, and the split is fixed: the same scikit-learn gives the same files.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

EXAMPLES = Path(__file__).parent.parent
REQUEST_ROWS = 3


def main():
    breast_cancer()
    digits()
    diabetes()
    digits_clusters()
    boosted_breast_cancer()
    boosted_digits()
    boosted_diabetes()
    wine_clusters()
    digits_neighbours()
    diabetes_neighbours()


def breast_cancer():
    data = load_breast_cancer()
    rest, held_out = split(data.data, data.target, stratify=True)
    train, validation = split(*rest, stratify=True)
    sample = Sample("linear-learner-rust", "breast-cancer")
    sample.channels({"train": labelled(*train), "validation": labelled(*validation)}, "text/csv")
    sample.hyperparameters(predictor_type="binary_classifier", l2=0.01)
    peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.95, peer=("LogisticRegression", peer))


def digits():
    data = load_digits()
    train, held_out = split(data.data, data.target, stratify=True)
    sample = Sample("linear-learner-rust", "digits")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(predictor_type="multiclass_classifier", num_classes=10, l2=0.01)
    peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.94, peer=("LogisticRegression", peer))


def diabetes():
    data = load_diabetes(scaled=False)
    train, held_out = split(data.data, data.target, stratify=False)
    sample = Sample("linear-learner-rust", "diabetes")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(predictor_type="regressor", l2=0.01)
    peer = make_pipeline(StandardScaler(), Ridge()).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("r2", "score", held_out="held-out.csv", at_least=round(peer - 0.02, 4), peer=("Ridge", peer))


def digits_clusters():
    points = load_digits().data
    sample = Sample("kmeans-rust", "digits")
    sample.channels({"train": points}, "text/csv;label_size=0")
    sample.hyperparameters(k=10, seed=1)
    peer = KMeans(n_clusters=10, n_init=10, random_state=0).fit(points).inertia_
    write_rows(sample.folder / "request.csv", points[:REQUEST_ROWS])
    bound = round(1.01 * peer, 1)
    sample.expected("inertia", "distance_to_cluster", points="input/data/train/train.csv", at_most=bound, peer=("KMeans, best of 10", peer))


def boosted_breast_cancer():
    data = load_breast_cancer()
    rest, held_out = split(data.data, data.target, stratify=True)
    train, validation = split(*rest, stratify=True)
    sample = Sample("gradient-boosting-rust", "breast-cancer")
    sample.channels({"train": labelled(*train), "validation": labelled(*validation)}, "text/csv")
    sample.hyperparameters(objective="binary:logistic", eta=0.1, num_round=200, max_depth=3, early_stopping_rounds=20)
    peer = HistGradientBoostingClassifier(max_depth=3, max_iter=200, random_state=0).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.93, peer=("HistGradientBoostingClassifier", peer))


def boosted_digits():
    data = load_digits()
    train, held_out = split(data.data, data.target, stratify=True)
    sample = Sample("gradient-boosting-rust", "digits")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(
        objective="multi:softprob", num_class=10, num_round=40, eta=0.3, max_depth=0, max_leaves=16, grow_policy="lossguide", subsample=0.8
    )
    peer = HistGradientBoostingClassifier(learning_rate=0.3, max_leaf_nodes=16, max_iter=40, random_state=0).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.95, peer=("HistGradientBoostingClassifier", peer))


def boosted_diabetes():
    """Sex is a category; every tenth body mass index is missing."""
    data = load_diabetes(scaled=False)
    features = data.data.copy()
    features[::10, 2] = np.nan
    train, held_out = split(features, data.target, stratify=False)
    sample = Sample("gradient-boosting-rust", "diabetes")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(
        objective="reg:squarederror", num_round=60, eta=0.05, max_depth=3, min_child_weight=10, subsample=0.7, colsample_bytree=0.8,
        categorical_features="1",
    )
    peer = HistGradientBoostingRegressor(
        learning_rate=0.05, max_depth=3, max_iter=60, min_samples_leaf=10, categorical_features=[1], random_state=0
    ).fit(*train)
    peer = peer.score(*held_out)
    sample.held_out(held_out)
    sample.expected("r2", "score", held_out="held-out.csv", at_least=round(peer - 0.02, 4), peer=("HistGradientBoostingRegressor", peer))


def wine_clusters():
    points = load_wine().data
    sample = Sample("kmeans-rust", "wine")
    sample.channels({"train": points}, "text/csv;label_size=0")
    sample.hyperparameters(k=3, seed=1, algorithm="mini_batch", init_method="kmeans||", mini_batch_size=64)
    peer = KMeans(n_clusters=3, n_init=10, random_state=0).fit(points).inertia_
    write_rows(sample.folder / "request.csv", points[:REQUEST_ROWS])
    bound = round(1.01 * peer, 1)
    sample.expected("inertia", "distance_to_cluster", points="input/data/train/train.csv", at_most=bound, peer=("KMeans, best of 10", peer))


def digits_neighbours():
    data = load_digits()
    train, held_out = split(data.data, data.target, stratify=True)
    sample = Sample("knn-rust", "digits")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(predictor_type="classifier", k=5)
    peer = KNeighborsClassifier(5).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=floor(peer), peer=("KNeighborsClassifier", peer))


def diabetes_neighbours():
    data = load_diabetes(scaled=False)
    rest, held_out = split(data.data, data.target, stratify=False)
    train, validation = split(*rest, stratify=False)
    sample = Sample("knn-rust", "diabetes")
    sample.channels({"train": labelled(*train), "validation": labelled(*validation)}, "text/csv")
    sample.hyperparameters(predictor_type="regressor", k=20, weighting="distance", normalize_data="true")
    peer = make_pipeline(StandardScaler(), KNeighborsRegressor(20, weights="distance")).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("r2", "predicted_label", held_out="held-out.csv", at_least=floor(peer), peer=("KNeighborsRegressor", peer))


def floor(value):
    """Four digits, not above: the neighbours are the same."""
    return int(value * 1e4) / 1e4


def split(features, labels, stratify):
    """A fifth of the rows is held out; of classes, a fifth of each."""
    x, x_held, y, y_held = train_test_split(features, labels, test_size=0.2, random_state=0, stratify=labels if stratify else None)
    return (x, y), (x_held, y_held)


def labelled(features, labels):
    return np.column_stack([labels, features])


class Sample:
    def __init__(self, example, name):
        self.folder = EXAMPLES / example / "samples" / name

    def channels(self, tables, content_type):
        """What the platform gives the container: files, and the channels' and machines' description."""
        for channel, table in tables.items():
            write_rows(self.folder / f"input/data/{channel}/{channel}.csv", table)
        entry = {"TrainingInputMode": "File", "ContentType": content_type, "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        self.config("inputdataconfig", {channel: entry for channel in tables})
        self.config("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"})

    def hyperparameters(self, **values):
        self.config("hyperparameters", {name: str(value) for name, value in values.items()})

    def config(self, name, value):
        write_json(self.folder / f"input/config/{name}.json", value)

    def held_out(self, rows):
        write_rows(self.folder / "held-out.csv", labelled(*rows))
        features, labels = rows
        _, first_of_each_class = np.unique(labels, return_index=True)
        write_rows(self.folder / "request.csv", features[first_of_each_class[:REQUEST_ROWS]])

    def expected(self, kind, output, peer, **bound):
        name, value = peer
        quality = {"kind": kind, "output": output, **bound}
        quality["peer"] = {"name": f"scikit-learn {sklearn.__version__} {name}", "value": round(float(value), 4)}
        expected = {
            "request": {"file": "request.csv", "content_type": "text/csv"},
            "response": {"file": "response.json", "content_type": "application/json"},
            "tolerance": 0.001,
            "quality": quality,
        }
        write_json(self.folder / "expected.json", expected)
        print(f"{self.folder.relative_to(EXAMPLES)}: {json.dumps(quality)}")


def write_rows(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(number(value) for value in row) + "\n" for row in table))


def number(value):
    """The shortest text that reads back as the same number; none for what is missing."""
    if np.isnan(value):
        return ""
    return np.format_float_positional(value, trim="-")


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


main()

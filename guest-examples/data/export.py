"""Writes the samples' data and the figures they are compared with, from the data sets that scikit-learn carries, and from a documented
model where it carries none of the kind.

    pip install scikit-learn==1.9.1
    python guest-examples/data/export.py

Nothing is downloaded, and the split is fixed: the same scikit-learn gives the same files.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

EXAMPLES = Path(__file__).parent.parent
REQUEST_ROWS = 3


def main():
    breast_cancer()
    digits()
    diabetes()
    digits_clusters()
    components("digits", load_digits().data, num_components=20)
    components("breast-cancer", load_breast_cancer().data, num_components=2, algorithm_mode="randomized")
    boosted_breast_cancer()
    boosted_digits()
    boosted_diabetes()
    wine_clusters()
    digits_neighbours()
    diabetes_neighbours()
    digits_network()
    diabetes_network()
    breast_cancer_anomalies()
    even_digits()
    ratings()


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


def digits_network():
    data = load_digits()
    train, held_out = split(data.data, data.target, stratify=True)
    sample = Sample("mlp-rust", "digits")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(predictor_type="classifier", hidden_layers="256", dropout=0.5, epochs=60, num_classes=10, seed=2)
    network = MLPClassifier((256,), batch_size=64, max_iter=60, n_iter_no_change=60, random_state=0)
    peer = silent(make_pipeline(StandardScaler(), network), train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.97, tolerance=0.02, peer=("MLPClassifier", peer))


def diabetes_network():
    data = load_diabetes(scaled=False)
    rest, held_out = split(data.data, data.target, stratify=False)
    train, validation = split(*rest, stratify=False)
    sample = Sample("mlp-rust", "diabetes")
    sample.channels({"train": labelled(*train), "validation": labelled(*validation)}, "text/csv")
    sample.hyperparameters(
        predictor_type="regressor", hidden_layers="32", activation="tanh", optimizer="sgd", learning_rate=0.01, mini_batch_size=16,
        epochs=200, early_stopping_patience=20, seed=1
    )
    scale = StandardScaler().fit(train[1].reshape(-1, 1))
    standard = (train[0], scale.transform(train[1].reshape(-1, 1))[:, 0])
    network = MLPRegressor(
        hidden_layer_sizes=(32,), activation="tanh", solver="sgd", learning_rate_init=0.01, batch_size=16, max_iter=200, early_stopping=True, random_state=0
    )
    fitted = silent(make_pipeline(StandardScaler(), network), standard)
    peer = r2_score(held_out[1], scale.inverse_transform(fitted.predict(held_out[0]).reshape(-1, 1))[:, 0])
    sample.held_out(held_out)
    sample.expected("r2", "score", held_out="held-out.csv", at_least=0.25, tolerance=0.05, peer=("MLPRegressor", peer))


def breast_cancer_anomalies():
    """Malignant rows are the anomalies: ten of 260 to train on, and all others with the benign ones that are held out."""
    data = load_breast_cancer()
    malignant = (data.target == 0).astype(float)
    order = np.random.default_rng(0).permutation(len(malignant))
    ordinary, anomalies = order[malignant[order] == 0], order[malignant[order] == 1]
    learned, judged = np.concatenate([ordinary[:250], anomalies[:10]]), np.concatenate([ordinary[250:], anomalies[10:]])
    np.random.default_rng(1).shuffle(learned)
    sample = Sample("random-cut-forest-rust", "breast-cancer")
    sample.channels({"train": data.data[learned]}, "text/csv;label_size=0")
    sample.hyperparameters(num_trees=100, num_samples_per_tree=256, seed=1)
    peer = IsolationForest(random_state=0).fit(data.data[learned])
    auc = roc_auc_score(malignant[judged], -peer.score_samples(data.data[judged]))
    sample.held_out((data.data[judged], malignant[judged]))
    sample.expected("auc", "score", held_out="held-out.csv", at_least=round(auc - 0.01, 4), peer=("IsolationForest", auc))


def silent(model, rows):
    """Fitted, without a warning that it might learn more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*rows)


def even_digits():
    """Is the digit even? A question about pairs of pixels, which a linear model cannot answer well."""
    data = load_digits()
    (features, labels), (held_features, held_labels) = split(data.data, data.target, stratify=True)
    train, held_out = (features, (labels + 1) % 2), (held_features, (held_labels + 1) % 2)
    sample = Sample("factorization-machines-rust", "even-digits")
    sample.channels({"train": labelled(*train)}, "text/csv")
    sample.hyperparameters(predictor_type="binary_classifier", num_factors=16, epochs=40, mini_batch_size=50, seed=1)
    peer = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*train).score(*held_out)
    sample.held_out(held_out)
    sample.expected("accuracy", "predicted_label", held_out="held-out.csv", at_least=0.95, peer=("LogisticRegression", peer))


def ratings():
    """Ratings of 90 items by 110 users, one-hot: a mean, a taste of each user, a quality of each item, a product of 3 factors of each, and
    noise of standard deviation 0.3, which is the least error that can be reached."""
    users, items, rank, noise, counts = 110, 90, 3, 0.3, {"train": 5000, "validation": 500, "held-out": 250}
    random = np.random.default_rng(0)
    user_factors, item_factors = (random.normal(0, 0.7, (count, rank)) for count in (users, items))
    tastes, qualities = random.normal(0, 0.3, users), random.normal(0, 0.4, items)
    pairs = random.permutation(users * items)[: sum(counts.values())]
    user, item = pairs // items, pairs % items
    labels = 3 + tastes[user] + qualities[item] + (user_factors[user] * item_factors[item]).sum(1) + random.normal(0, noise, len(pairs))
    features = np.zeros((len(pairs), users + items))
    features[np.arange(len(pairs)), user] = features[np.arange(len(pairs)), users + item] = 1
    bounds = np.cumsum(list(counts.values()))[:-1]
    train, validation, held_out = zip(np.split(features, bounds), np.split(labels.round(2), bounds))
    sample = Sample("factorization-machines-rust", "ratings")
    sample.sparse_channels({"train": train, "validation": validation})
    sample.hyperparameters(predictor_type="regressor", num_factors=4, epochs=200, mini_batch_size=100, early_stopping_patience=10, seed=1)
    peer = np.sqrt(np.mean((Ridge().fit(*train).predict(held_out[0]) - held_out[1]) ** 2))
    sample.held_out(held_out)
    sample.expected("rmse", "score", held_out="held-out.csv", at_most=0.36, peer=("Ridge", peer))


def components(name, points, num_components, **hyperparameters):
    sample = Sample("pca-rust", name)
    sample.channels({"train": points}, "text/csv;label_size=0")
    sample.hyperparameters(num_components=num_components, reconstruction_error="true", **hyperparameters)
    analysis = PCA(num_components, svd_solver="full").fit(points)
    lost = np.square(points - analysis.inverse_transform(analysis.transform(points))).sum()
    write_rows(sample.folder / "request.csv", points[:REQUEST_ROWS])
    # Nothing leaves less than the exact components: to lose no more is to explain as much.
    sample.expected(
        "inertia", "reconstruction_error", points="input/data/train/train.csv", at_most=round(1.0001 * lost, 4), peer=("PCA, full", lost)
    )


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
        self.describe(tables, content_type)

    def sparse_channels(self, tables):
        """The same with libsvm files, indices from 1."""
        for channel, table in tables.items():
            write_libsvm(self.folder / f"input/data/{channel}/{channel}.libsvm", *table)
        self.describe(tables, "text/libsvm")

    def describe(self, channels, content_type):
        entry = {"TrainingInputMode": "File", "ContentType": content_type, "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        self.config("inputdataconfig", {channel: entry for channel in channels})
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

    def expected(self, kind, output, peer, tolerance=0.001, **bound):
        name, value = peer
        quality = {"kind": kind, "output": output, **bound}
        quality["peer"] = {"name": f"scikit-learn {sklearn.__version__} {name}", "value": round(float(value), 4)}
        expected = {
            "request": {"file": "request.csv", "content_type": "text/csv"},
            "response": {"file": "response.json", "content_type": "application/json"},
            "tolerance": tolerance,
            "quality": quality,
        }
        write_json(self.folder / "expected.json", expected)
        print(f"{self.folder.relative_to(EXAMPLES)}: {json.dumps(quality)}")


def write_rows(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(number(value) for value in row) + "\n" for row in table))


def write_libsvm(path, features, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    items = lambda row: "".join(f" {index + 1}:{number(row[index])}" for index in np.flatnonzero(row))
    path.write_text("".join(f"{number(label)}{items(row)}\n" for row, label in zip(features, labels)))


def number(value):
    """The shortest text that reads back as the same number; none for what is missing."""
    if np.isnan(value):
        return ""
    return np.format_float_positional(value, trim="-")


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


main()

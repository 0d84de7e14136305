"""Linear models, a perceptron, a forest and boosting, as scikit-learn has them, each tuned as is usual for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.errors import require

from .figures import log_loss
from .preparing import coded, dense
from .tables import Rows

# A method learns from old rows. It returns a function without arguments that predicts the new ones: numbers (m,), or
# probabilities (m, k) of all classes.
Predict = Callable[[], np.ndarray]

SEED = 0
TUNING = 10_000  # rows, at most, that settings are chosen on; the fit itself has all
INNER = 3  # folds of the training rows, to choose settings by
SMALL = 2_000  # rows up to which L-BFGS is tried for the perceptron, as scikit-learn's guide advises
PENALTIES = 10.0 ** np.arange(-2, 6.5, 0.5)  # of ridge regression, per standardised column
TREES = 300
LEAVES = (1, 3, 10)  # fewest rows in a leaf of the forest
ROWS_OF_TREE = 50_000  # at most: where there are more, each tree of the forest draws so many
# (layers, penalty, solver); scikit-learn divides the penalty by the rows
BY_STEPS = [((width,) * depth, penalty, "adam") for width, depth in ((100, 1), (100, 2)) for penalty in (1e-4, 1.0)]
BY_LBFGS = [((width,), penalty, "lbfgs") for width in (10, 50) for penalty in (0.1, 1.0, 10.0)]


def sample(rows: int, most: int = TUNING) -> np.ndarray:
    """Places of the rows that settings are chosen on: all, or `most` drawn ones."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def splits(y: np.ndarray, classes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Inner folds: places to learn from, places to choose by. Every fold has its share of each class."""
    order = np.random.default_rng(SEED).permutation(len(y))
    if classes:
        order = order[np.argsort(y[order], kind="stable")]
    return [(np.delete(order, slice(fold, None, INNER)), order[fold::INNER]) for fold in range(INNER)]


def spread_over(probabilities: np.ndarray, present: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities (n, k) of all classes from those of the classes that were among the training rows.

    >>> spread_over(np.array([[0.3, 0.7]]), np.array([0, 2]), 3).tolist()
    [[0.3, 0.0, 0.7]]
    """
    found = np.zeros((len(probabilities), classes))
    found[:, present] = probabilities
    return found


def predictor(model: Any, new: Any, classes: int) -> Predict:
    """How a fitted scikit-learn model predicts these rows."""
    if classes:
        return lambda: spread_over(model.predict_proba(new), model.classes_, classes)
    return lambda: model.predict(new)


def error(y: np.ndarray, predicted: np.ndarray) -> float:
    """What settings are chosen by: squared error, or log loss."""
    return log_loss(y, predicted) if predicted.ndim == 2 else float(np.mean((y - predicted) ** 2))


def constant(old: Rows, new: Rows) -> Predict:
    """The mean, or the shares of the classes."""
    if old.classes:
        shares = np.bincount(old.y, minlength=old.classes) / len(old)
        return lambda: np.tile(shares, (len(new), 1))
    return lambda: np.full(len(new), old.y.mean())


def ridge(old: Rows, new: Rows) -> Predict:
    """Ridge or logistic regression on standardised columns, the penalty chosen by cross-validation."""
    table, linear = dense(old, new).standardised(), require("sklearn.linear_model")
    if not old.classes:
        model = linear.RidgeCV(alphas=PENALTIES).fit(table.old, old.y)
        return predictor(model, table.new, 0)
    places, best = sample(len(old)), []
    X, y = table.old[places], old.y[places]
    for penalty in PENALTIES:
        models = [
            (linear.LogisticRegression(C=1 / penalty, max_iter=2000).fit(X[a], y[a]), b)
            for a, b in splits(y, old.classes)
        ]
        best.append(np.mean([error(y[b], predictor(m, X[b], old.classes)()) for m, b in models]))
    chosen = PENALTIES[int(np.argmin(best))]
    model = linear.LogisticRegression(C=1 / chosen, max_iter=2000).fit(table.old, old.y)
    return predictor(model, table.new, old.classes)


def mlp(old: Rows, new: Rows) -> Predict:
    """A multilayer perceptron on standardised columns and targets; layers, penalty and solver by inner folds."""
    table = dense(old, new).standardised()
    middle, scale = (0.0, 1.0) if old.classes else (old.y.mean(), old.y.std())
    y = old.y if old.classes else (old.y - middle) / scale
    settings = BY_STEPS + (BY_LBFGS if len(old) <= SMALL else [])
    places = sample(len(old))

    def tried(setting: tuple[tuple[int, ...], float, str]) -> float:
        X, part, found = table.old[places], y[places], []
        for a, b in splits(part, old.classes):
            model = _perceptron(setting, X[a], part[a], old.classes)
            found.append(error(part[b], predictor(model, X[b], old.classes)()))
        return float(np.mean(found))

    model = _perceptron(min(settings, key=tried), table.old, y, old.classes)
    predict = predictor(model, table.new, old.classes)
    return predict if old.classes else lambda: middle + scale * predict()


def _perceptron(setting: tuple[tuple[int, ...], float, str], X: np.ndarray, y: np.ndarray, classes: int) -> Any:
    layers, penalty, solver = setting
    neural = require("sklearn.neural_network")
    how: dict[str, Any] = {"hidden_layer_sizes": layers, "alpha": penalty, "solver": solver, "random_state": SEED}
    if solver == "adam":
        how |= {"early_stopping": True, "n_iter_no_change": 20, "max_iter": 1000}
    else:
        how |= {"max_iter": 500}
    model = neural.MLPClassifier(**how) if classes else neural.MLPRegressor(**how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that L-BFGS took all its steps is no fault here: they are a setting
        return model.fit(X, y)


def forest(old: Rows, new: Rows) -> Predict:
    """A random forest; the fewest rows in a leaf by the error of rows that a tree did not draw."""
    table = coded(old, new)
    places = sample(len(old))
    X, y = table.old[places], old.y[places]

    def out_of_bag(leaf: int) -> float:
        model = _forest(old.classes, leaf, len(X), oob_score=True).fit(X, y)
        if not old.classes:
            return error(y, model.oob_prediction_)
        return error(y, spread_over(model.oob_decision_function_, model.classes_, old.classes))

    model = _forest(old.classes, min(LEAVES, key=out_of_bag), len(old)).fit(table.old, old.y)
    return predictor(model, table.new, old.classes)


def _forest(classes: int, leaf: int, rows: int, **how: Any) -> Any:
    """Of a third of the columns at each split for numbers, their square root for classes (Breiman 2001)."""
    ensemble = require("sklearn.ensemble")
    kind = ensemble.RandomForestClassifier if classes else ensemble.RandomForestRegressor
    part = "sqrt" if classes else 1 / 3
    most = ROWS_OF_TREE if rows > ROWS_OF_TREE else None
    return kind(TREES, min_samples_leaf=leaf, max_features=part, max_samples=most, random_state=SEED, **how)


def boosting(old: Rows, new: Rows) -> Predict:
    """scikit-learn's histogram boosting as it comes, text columns by their levels."""
    table, ensemble = coded(old, new), require("sklearn.ensemble")
    kind = ensemble.HistGradientBoostingClassifier if old.classes else ensemble.HistGradientBoostingRegressor
    most = 255  # levels that it takes; a column of more goes in as numbers
    text = [place for place in table.text if table.levels[place] <= most]
    model = kind(categorical_features=text or None, random_state=SEED).fit(table.old, old.y)
    return predictor(model, table.new, old.classes)

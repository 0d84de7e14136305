"""Peers from packages of their own: LightGBM, explainable boosting machines, generalised additive models."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from edgewise.errors import require

from .peers import SEED, TUNING, Predict, error, predictor, sample, splits, spread_over
from .preparing import Coded, coded, filled, is_text
from .tables import Rows

RATE = 0.05  # of boosting
ROUNDS = 3000  # at most
PATIENCE = 50  # rounds without a lower held-out error
STOPPING = 0.1  # part of the rows that stops boosting, where there are more than TUNING
BOOSTS = [(leaves, least) for leaves in (7, 31) for least in (5, 20)]  # leaves of a tree, fewest rows in one
COEFFICIENTS = 600  # at most, of all splines of a GAM together: its time grows with their cube
SPLINES = 20  # functions of a spline, pyGAM's default
FEWEST_SPLINES = 5  # one more than a cubic needs
SMOOTHNESS = 10.0 ** np.arange(-2, 4)  # penalties of a GAM that are tried


def lightgbm(old: Rows, new: Rows) -> Predict:
    """LightGBM: size of trees and leaves by inner folds, rounds by early stopping, then all rows for so many rounds."""
    package, table = require("lightgbm", "experiments"), coded(old, new)
    places = sample(len(old))
    X, y = table.old[places], old.y[places]

    def fit(size: tuple[int, int], rows: tuple[Any, Any], held: tuple[Any, Any] | None, rounds: int) -> Any:
        kind = package.LGBMClassifier if old.classes else package.LGBMRegressor
        leaves, least = size
        model = kind(
            n_estimators=rounds,
            learning_rate=RATE,
            num_leaves=leaves,
            min_child_samples=least,
            n_jobs=1,
            random_state=SEED,
            verbose=-1,
        )
        stop = [] if held is None else [package.early_stopping(PATIENCE, verbose=False)]
        X_held, y_held = (None, None) if held is None else held
        return model.fit(*rows, eval_X=X_held, eval_y=y_held, callbacks=stop, categorical_feature=table.text)

    def tried(size: tuple[int, int]) -> tuple[float, int]:
        losses, rounds = [], []
        for a, b in splits(y, old.classes):
            model = fit(size, (X[a], y[a]), (X[b], y[b]), ROUNDS)
            losses.append(error(y[b], predictor(model, X[b], old.classes)()))
            rounds.append(model.best_iteration_)
        return float(np.mean(losses)), max(1, round(float(np.mean(rounds))))

    found = {size: tried(size) for size in BOOSTS}
    size = min(BOOSTS, key=lambda each: found[each][0])
    rounds = found[size][1]
    if len(old) > TUNING:  # more rows bear more rounds
        held = np.random.default_rng(SEED).permutation(len(old)) < STOPPING * len(old)
        stopped = fit(size, (table.old[~held], old.y[~held]), (table.old[held], old.y[held]), ROUNDS)
        rounds = max(1, stopped.best_iteration_)
    model = fit(size, (table.old, old.y), None, rounds)
    return _named(model, table.new, old.classes)


def _named(model: Any, new: Any, classes: int) -> Predict:
    def predict() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return predictor(model, new, classes)()

    return predict


def ebm(old: Rows, new: Rows) -> Predict:
    """An explainable boosting machine as it comes, text and missing cells as they are."""
    glassbox = require("interpret.glassbox", "experiments")
    kind = glassbox.ExplainableBoostingClassifier if old.classes else glassbox.ExplainableBoostingRegressor
    types = ["nominal" if is_text(old.X[name]) else "continuous" for name in old.X]
    model = kind(feature_types=types, n_jobs=1, random_state=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it finds no pairs for several classes, that a column has few values
        model.fit(_plain(old.X), old.y)
    return predictor(model, _plain(new.X), old.classes)


def _plain(frame: Any) -> np.ndarray:
    """Cells as Python objects, None where one is missing."""
    cells = frame.astype(object)
    return cells.where(cells.notna(), None).to_numpy(dtype=object)


def gam(old: Rows, new: Rows) -> Predict:
    """A generalised additive model of pyGAM, its smoothness by generalised cross-validation; one for each class."""
    package, table = require("pygam", "experiments"), filled(old, new)
    terms = _terms(package, table)
    if not old.classes:
        model = _smooth(package.LinearGAM, terms, table, old.y)
        return lambda: np.asarray(model.predict(table.new))
    if old.classes == 2:
        model = _smooth(package.LogisticGAM, terms, table, old.y)

        def both() -> np.ndarray:
            second = np.asarray(model.predict_proba(table.new))
            return np.column_stack([1 - second, second])

        return both
    present = np.unique(old.y)
    models = [_smooth(package.LogisticGAM, terms, table, (old.y == code).astype(int)) for code in present]

    def all_classes() -> np.ndarray:
        found = np.column_stack([model.predict_proba(table.new) for model in models])
        return spread_over(found / found.sum(1, keepdims=True), present, old.classes)

    return all_classes


def _terms(package: Any, table: Coded) -> Any:
    """A spline for numbers, a step for text, a line for columns of two values."""
    splines = [place for place, count in enumerate(table.levels) if not count and _values(table, place) > 2]
    size = max(FEWEST_SPLINES, min(SPLINES, COEFFICIENTS // max(1, len(splines))))
    terms = None
    for place, count in enumerate(table.levels):
        if place in splines:
            term = package.s(place, n_splines=max(FEWEST_SPLINES, min(size, _values(table, place) + 2)))
        else:
            term = package.f(place) if count else package.l(place)
        terms = term if terms is None else terms + term
    return terms


def _values(table: Coded, place: int) -> int:
    return len(np.unique(table.old[:, place]))


def _smooth(kind: Any, terms: Any, table: Coded, y: np.ndarray) -> Any:
    """The fit of the smoothness that is best on the rows that settings are chosen on."""
    places = sample(len(y))
    places = np.union1d(places, _ends(table))  # so that every level and range is known to every fit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that separable classes have no finite best fit
        model = kind(terms).gridsearch(table.old[places], y[places], lam=SMOOTHNESS, progress=False)
        return model if len(places) == len(y) else kind(terms, lam=model.lam).fit(table.old, y)


def _ends(table: Coded) -> np.ndarray:
    """A row for each level of text, and for both ends of each column of numbers."""
    found = []
    for place, count in enumerate(table.levels):
        column = table.old[:, place]
        found += list(np.unique(column, return_index=True)[1]) if count else [column.argmin(), column.argmax()]
    return np.array(found)

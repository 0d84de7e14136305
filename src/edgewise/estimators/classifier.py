"""KANClassifier: a network that tells classes apart, as an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..data import as_weights, frame_names
from ..errors import ConfigError, DataError, few, only_known, require, shown
from ..metadata import Edit
from ..model import KAN
from ..train.evidence.shapes import Constraints
from .arrays import as_table
from .bases import ClassifierMixin
from .kan_estimator import KANEstimator
from .reading import read_rows


class KANClassifier(ClassifierMixin, KANEstimator):
    """A Kolmogorov-Arnold network as a scikit-learn classifier, for two classes or more.

    It is what `ew.study` finds: functions of single features and of pairs, and hidden layers only where these are
    clearly better. Some rows choose between the two; then all rows come back. None is left to judge, which a
    cross-validation does. A row given twice is a row of weight two, and the order of the rows makes no difference.

    Args:
        hidden: nodes of each hidden layer of the network that is tried where something is left; () tries none.
        grids: intervals of its splines, stage by stage, such as (3, 6, 12), or "auto".
        sparsity: pull towards few edges in its first fit; 0 leaves pruning out.
        effort: "quick" for the closed form alone; "default"; or "thorough", which tries hidden layers in any case, from
            more starts.
        interactions: most products of functions of two features; "auto" for as many as the data ask for, 0 for none.
        class_weight: how much rows of a class count beside their weight: a dictionary of labels, "balanced" for as much
            as n / (classes * rows of the class), by their weights; or None. Probabilities are then those among rows
            that are so weighed. The fit is that of the rows as they are: each weight goes into the log odds at the end,
            by its logarithm.
        constraints: what the function of a feature is held to in the log odds of the second of two classes, by its
            name or position: {"age": "increasing"}, or "decreasing", "convex", "concave", or one of each pair;
            "periodic:24" for what repeats after 24, of any number of classes. Hidden layers are not tried then.
        formula: whether `fit` looks for closed forms, and predicts by them where they are as good as the splines.
        random_state: of the splits and the starts: a whole number, which gives the same network again, bit by bit; a
            `RandomState`; or None.
        progress: show bars.

    Attributes:
        classes_ (classes,): the labels.
        model_: the network, a `KAN`, for every verb of edgewise.
        learned_: how it came about: the rows, the settings, every stage.
        n_features_in_, feature_names_in_: of the X of the fit; names, where it has names.

    >>> import edgewise as ew
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> model = ew.KANClassifier(hidden=(), random_state=0).fit(X, np.where(X[:, 0] > 0.3, "high", "low"))
    >>> model.classes_.tolist(), model.predict([[0.9], [-0.9]]).tolist()
    (['high', 'low'], ['high', 'low'])
    """

    @only_known
    def __init__(
        self,
        hidden: int | Sequence[int] = (5,),
        *,
        grids: str | Sequence[int] = "auto",
        sparsity: float = 0.01,
        effort: str = "default",
        interactions: int | str = "auto",
        class_weight: Any = None,
        constraints: Constraints | None = None,
        formula: bool = False,
        random_state: Any = None,
        progress: bool = False,
    ) -> None:
        self.hidden = hidden
        self.grids = grids
        self.sparsity = sparsity
        self.effort = effort
        self.interactions = interactions
        self.class_weight = class_weight
        self.constraints = constraints
        self.formula = formula
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> KANClassifier:
        """Fit a network to all rows.

        Args:
            X (n, d): numbers, text and missing cells, in an array or a frame. Text becomes levels, a missing cell has a
                value of its own. Whole numbers that name things, such as firms, become levels where that predicts
                better.
            y (n,): labels of any kind.
            sample_weight (n,): what a row counts beside the others. Whole numbers are those of its copies. Copies of a
                row are one observation, or several where docs/estimators.md says so.
            groups (n,): a label for each row, such as the patient. Rows of one are held out together.

        Returns:
            The estimator itself.

        Raises:
            ValueError: settings, rows or weights that cannot be used, and a y of one class.
            KeyboardInterrupt: by Ctrl-C.
        """
        names = frame_names(y)
        rows = read_rows(self, X, y, sample_weight, groups, ensure_min_samples=2)
        _refuse_kinds(rows.y)
        require("sklearn.utils.multiclass").check_classification_targets(rows.y)
        factor = self._of_classes(rows.y, rows.weight)
        as_weights(factor, rows=len(rows.y))  # refuses what are none
        if not factor.all():
            rows, factor = rows.weighted(factor > 0), factor[factor > 0]
        self.classes_, first, codes = np.unique(rows.y, return_index=True, return_inverse=True)
        self._factors = factor[first]
        if len(self.classes_) < 2:
            raise DataError(
                f"y holds one class only, {shown(self.classes_.tolist()[0])}; give rows of at least two classes"
            )
        self._learn(rows, as_table(rows, codes, names if len(names) == 1 else ("y",), self.classes_.tolist()))
        return self

    def _finished(self, model: KAN) -> KAN:
        """The network with the logarithms of the class weights in its logits. Among rows that are so weighed, the odds
        of classes are just so much larger; a fit to them would take the few rows of a rare class for many."""
        if len(np.unique(self._factors)) == 1:
            return model
        lifted = model.output_shift + torch.from_numpy(np.log(self._factors)).to(model.output_shift)
        weights = zip(self.classes_, self._factors, strict=True)
        edit = Edit("class weights", few([f"{label} {weight:.4g}" for label, weight in weights]))
        return model.build(scaling={"output_shift": lifted}, edit=edit)

    def _of_classes(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """What `class_weight` makes each row of labels y (n,) count, beside its weight (n,): (n,). Raises
        `ConfigError`."""
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            codes = np.unique(y, return_inverse=True)[1]
            rows = np.bincount(codes, weight)
            return (rows.sum() / (len(rows) * rows))[codes]
        if isinstance(self.class_weight, Mapping):
            labels = np.unique(y).tolist()
            if stray := [label for label in self.class_weight if label not in labels]:
                raise ConfigError(f"class_weight holds {shown(stray[0])}, which is no label of y: {few(labels)}")
        try:
            return require("sklearn.utils.class_weight").compute_sample_weight(self.class_weight, y)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"class_weight must be None, 'balanced', or a dict of a weight for each label, got"
                f" {shown(self.class_weight)}"
            ) from error

    def decision_function(self, X: Any) -> np.ndarray:
        """How far each row speaks for each class.

        Args:
            X (n, d): rows like those of `fit`.

        Returns:
            For two classes the log odds of the second (n,); for more the scores (n, classes), whose softmax is
            `predict_proba`.

        Raises:
            ValueError: rows that cannot be used.
        """
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of every class (n, classes), in the order of `classes_`.

        Args:
            X (n, d): rows like those of `fit`.

        Raises:
            ValueError: rows that cannot be used.
        """
        scores = self._outputs(X)
        odds = np.exp(scores - scores.max(1, keepdims=True))
        return odds / odds.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most likely class of each row (n,).

        Args:
            X (n, d): rows like those of `fit`.

        Raises:
            ValueError: rows that cannot be used.
        """
        best = self._outputs(X).argmax(1)
        return self.classes_[best]

    @property
    def formula_(self) -> tuple[Any, ...]:
        """The score of each class as a sympy expression over the names of the features; their softmax is
        `predict_proba`.

        Closed forms are looked for when it is first asked for, on the rows of the fit. Edges without one that is as
        good stand by name: `phi_0_1_2(x)` is `ew.edge(model, (0, 1, 2))`. Without `formula=True`, predictions are
        those of the splines.
        """
        return tuple(self._expressions())


def _refuse_kinds(labels: np.ndarray) -> None:
    """Raise `DataError` where labels (n,) are text and something else."""
    first = {type(label): label for label in reversed(labels.ravel().tolist())} if labels.dtype == object else {}
    if len(first) > 1 and str in first:
        one, other = list(first.values())[:2]
        raise DataError(f"y holds labels of several kinds, such as {shown(one)} and {shown(other)}; write all as text")

"""KANRegressor: a network that predicts numbers, as an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import frame_names
from ..errors import ConfigError, knows_keywords, only_known, shown
from ..train.evidence.shapes import Constraints
from .arrays import as_table, predicted
from .bases import RegressorMixin
from .conformal import OutOfFold, out_of_fold
from .kan_estimator import KANEstimator, plain
from .reading import read_rows


class KANRegressor(RegressorMixin, KANEstimator):
    """A Kolmogorov-Arnold network as a scikit-learn regressor, for one target or several.

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
        loss: "auto" for squares, which also tries a network of the logarithm of the mean where errors grow with the
            mean; "squared_error", "huber", "absolute_error", "quantile", "student_t", "poisson", "gamma", "binomial",
            or an object such as `ew.losses.Quantile(0.9)`. `predict` gives what it is for: a mean, a median, a
            quantile.
        constraints: what the function of a feature is held to, by its name or position: {"age": "increasing"}, or
            "decreasing", "convex", "concave", or one of each pair; "non-negative"; "periodic:24" for what repeats
            after 24. Hidden layers are not tried then.
        formula: whether `fit` looks for closed forms, and predicts by them where they are as good as the splines.
            Under the losses "huber", "absolute_error", "quantile" and "student_t" there are none.
        intervals: whether `fit` makes the networks that `predict_interval` needs. Otherwise its first call does.
        random_state: of the splits and the starts: a whole number, which gives the same network again, bit by bit; a
            `RandomState`; or None.
        progress: show bars.

    Attributes:
        model_: the network, a `KAN`, for every verb of edgewise.
        learned_: how it came about: the rows, the settings, every stage.
        n_features_in_, feature_names_in_: of the X of the fit; names, where it has names.

    >>> import edgewise as ew
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> model = ew.KANRegressor(hidden=(), random_state=0).fit(X, X[:, 0] ** 2)
    >>> bool(model.score(X, X[:, 0] ** 2) > 0.999), model.formula_
    (True, x1**2)
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
        loss: Any = "auto",
        constraints: Constraints | None = None,
        formula: bool = False,
        intervals: bool = False,
        random_state: Any = None,
        progress: bool = False,
    ) -> None:
        self.hidden = hidden
        self.grids = grids
        self.sparsity = sparsity
        self.effort = effort
        self.interactions = interactions
        self.loss = loss
        self.constraints = constraints
        self.formula = formula
        self.intervals = intervals
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> KANRegressor:
        """Fit a network to all rows.

        Args:
            X (n, d): numbers, text and missing cells, in an array or a frame. Text becomes levels, a missing cell has a
                value of its own. Whole numbers that name things, such as firms, become levels where that predicts
                better.
            y (n,) or (n, k): the targets.
            sample_weight (n,): what a row counts beside the others. Whole numbers are those of its copies. Copies of a
                row are one observation, or several where docs/estimators.md says so.
            groups (n,): a label for each row, such as the patient. Rows of one are held out together. Under squares,
                each group has an offset of its own, which predictions leave out.

        Returns:
            The estimator itself.

        Raises:
            ValueError: settings, rows or weights that cannot be used.
            KeyboardInterrupt: by Ctrl-C.
        """
        names = frame_names(y)
        rows = read_rows(self, X, y, sample_weight, groups, multi_output=True, y_numeric=True, ensure_min_samples=2)
        self._flat = rows.y.ndim == 1
        y = rows.y.reshape(len(rows.y), -1).astype(np.float64)
        if len(names) != y.shape[1]:
            names = ("y",) if y.shape[1] == 1 else tuple(f"y{column + 1}" for column in range(y.shape[1]))
        self._learn(rows, as_table(rows, y, names))
        self._folds = self._out_of_fold() if self.intervals else None
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The targets of new rows: (n,), or (n, k) after a fit to a y of that shape.

        Args:
            X (n, d): rows like those of `fit`.

        Raises:
            ValueError: rows that cannot be used.
        """
        return self._shaped(self._outputs(X))

    @knows_keywords
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Bounds between which the targets of new rows lie, by the errors on rows that a network has not seen.

        The rows fall into folds; for each, a whole fit to the others is made. This is CV+ of Barber et al. 2021
        (doi:10.1214/20-AOS1965). About `coverage` of the targets of rows like those of the fit lie inside, whatever
        the noise is like; 2 coverage - 1 at least, but for a term that vanishes as the rows grow many. Where
        `predict` lies outside, as may be beyond the rows of the fit, the interval reaches to it.

        Args:
            X (n, d): rows like those of `fit`.
            coverage (above 0, below 1): the part of the targets that is to lie inside.

        Returns:
            (low, high), each like what `predict` gives. They are infinite where the rows of the fit are too few to
            tell. Under the losses "poisson", "gamma" and "binomial" they are no lower than 0, and shares no higher
            than 1.

        Raises:
            ValueError: rows or a coverage that cannot be used.
        """
        if not isinstance(coverage, float) or not 0.0 < coverage < 1.0:
            raise ConfigError(f"coverage is a part of the targets, above 0 and below 1, got {shown(coverage)}")
        X = self._checked(X)
        if self._folds is None:
            self._folds = self._out_of_fold()
        low, high = self._folds.bounds(X, coverage)
        made = predicted(self.model_, X)  # far out, it may differ from what all networks of the folds make of a row
        return self._shaped(np.minimum(low, made)), self._shaped(np.maximum(high, made))

    @property
    def formula_(self) -> Any:
        """The network as a sympy expression over the names of the features; a tuple of them for a y of several columns.

        Closed forms are looked for when it is first asked for, on the rows of the fit. Edges without one that is as
        good stand by name: `phi_0_1_2(x)` is `ew.edge(model, (0, 1, 2))`. Without `formula=True`, predictions are
        those of the splines.
        """
        found = self._expressions()
        return found[0] if self._flat else tuple(found)

    def _out_of_fold(self) -> OutOfFold:
        return out_of_fold(self.learned_.fitted, self.learned_.settings, plain(self.progress))

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0] if self._flat else values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

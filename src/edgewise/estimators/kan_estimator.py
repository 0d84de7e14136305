"""What the regressor and the classifier share: settings, the fit, and what a fitted network shows of itself."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..attribution import column_scores
from ..config import is_seed
from ..data import Table, distinct
from ..errors import ConfigError, EdgewiseWarning, knows_keywords, require, shown
from ..files import write_whole
from ..insight.effects import Effect
from ..insight.explain import Explanation, explain
from ..metadata import Metadata
from ..model import KAN
from ..plotting import plot
from ..report import report
from ..studies import gross_errors, heavy_tails
from ..studies.curves import curves
from ..studies.formula_text import identifiers
from ..studies.learning import Learned, closed, learn_all
from ..studies.scores import predict, scores
from ..studies.study_settings import StudySettings
from ..symbolic.formula import formula as written_down
from ..values import plain_numbers
from .arrays import predicted
from .bases import BaseEstimator
from .reading import Rows, inputs_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class KANEstimator(BaseEstimator):
    """A network behind scikit-learn's interface. A subclass says what its targets are."""

    hidden: int | Sequence[int]
    grids: str | Sequence[int]
    sparsity: float
    effort: str
    interactions: int | str
    constraints: Any
    formula: bool
    random_state: Any
    progress: bool

    model_: KAN
    learned_: Learned
    _closed: KAN | None
    _columns: tuple[str, ...]
    _times: Tensor | None
    _made: Metadata

    def _learn(self, rows: Rows, given: Table) -> None:
        """Fit to all rows of the table that was given, which these became, each different one once: so neither their
        order nor a repeated row, which is a row of weight two, makes a difference. Raises as `study` does."""
        self._columns, self._made = rows.columns, rows.metadata
        table = distinct(given)
        self._times = distinct(replace(given, weight=None)).weight
        self.learned_ = learn_all(table, self._settings(), plain(self.progress))
        trained, settings = self.learned_.trained, self.learned_.settings
        mistakes = gross_errors.told(trained, self.learned_.table)
        for said in (*mistakes, *heavy_tails.told(trained, self.learned_.fitted, settings)):
            warnings.warn(EdgewiseWarning(said), stacklevel=3)
        if self.learned_.table.inputs != table.inputs:  # numbers that are names became levels
            self._made = self.learned_.table.metadata()
        self.model_ = self._finished(self.learned_.model)
        self._closed = self.model_ if self.formula else None

    @property
    def _given(self) -> Table:
        """The rows of the fit, each as often as it was given, whatever it weighs."""
        table = self.learned_.table
        return (
            table if self._times is None else table.take(torch.arange(len(table)).repeat_interleave(self._times.long()))
        )

    def _finished(self, model: KAN) -> KAN:
        """A network that was learnt, with what a setting adds to it afterwards."""
        return model

    def _settings(self) -> StudySettings:
        """What was asked for, checked. Raises `ConfigError`."""
        return StudySettings.of(
            plain(self.hidden),
            plain(self.grids),
            sparsity=plain(self.sparsity),
            seed=seed_of(self.random_state),
            formula=plain(self.formula),
            effort=self.effort,
            interactions=plain(self.interactions),
            loss=getattr(self, "loss", "auto"),
            constraints=self._by_name(),
        )

    def _by_name(self) -> Any:
        """The constraints, those of features that are named by their position by name: text, dates and missing cells
        take several inputs, so that the positions of the inputs are others. Raises `ConfigError`."""
        if not isinstance(self.constraints, Mapping):
            return self.constraints
        found: dict[Any, Any] = {}
        for given, words in self.constraints.items():
            counted = hasattr(given, "__index__") and not isinstance(given, bool)
            if counted and not 0 <= index(given) < len(self._columns):
                raise ConfigError(
                    f"constraints names {shown(given)}, which is no feature; features are 0 to {len(self._columns) - 1}"
                )
            name = self._columns[index(given)] if counted else given
            if name in found:
                raise ConfigError(f"constraints names the feature {shown(name)} twice, by name and by position")
            found[name] = words
        return found

    def _outputs(self, X: Any) -> np.ndarray:
        """The network's outputs (n, k) for X (n, d), once that is checked."""
        X = self._checked(X)
        return predicted(self.model_, X)

    def _checked(self, X: Any) -> np.ndarray:
        """X as the network's inputs. Raises `NotFittedError` and `ValueError`, most of them in scikit-learn's words."""
        self._refuse_unfitted()
        return inputs_of(self, X, self._columns, self._made)

    @property
    def feature_importances_(self) -> np.ndarray:
        """How much of the outputs' spread each feature carries on the training rows (d,): `ew.attribute`'s scores, the
        levels of a column as one."""
        self._refuse_unfitted()
        sources = self._made.sources()
        columns = [[place for place, name in enumerate(sources) if name == column] for column in self._columns]
        return column_scores(self.model_, self._given.X, columns).numpy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags

    def _expressions(self) -> list[Any]:
        """One sympy expression for each output of the network in closed forms, which are searched for only once."""
        self._refuse_unfitted()
        if self._closed is None:
            self._closed = self._finished(closed(self.learned_, plain(self.progress)))
        table = self.learned_.table
        return written_down(self._closed, inputs=identifiers([*table.inputs, *table.outputs])[: len(table.inputs)])

    def __dir__(self) -> list[str]:
        """What there is, but for a formula that nobody has asked for. scikit-learn looks at whatever is listed here, as
        when a notebook shows an estimator, and would begin the search."""
        names = set(object.__dir__(self))
        if self.__dict__.get("_closed") is None:
            names.discard("formula_")
        return sorted(name for name in names if hasattr(self, name))

    def plot(self, **settings: Any) -> Figure:
        """A matplotlib Figure of the network; `settings` are those of `ew.plot`."""
        self._refuse_unfitted()
        return plot(self.model_, self._given.X, **settings)

    @knows_keywords
    def effects(self, *, level: float = 0.95) -> tuple[Effect, ...]:
        """The curve of each feature that acts by itself, with bands; `ew.plot_effects` draws them.

        Args:
            level (above 0, below 1): of the bands; see `ew.effects`.

        Returns:
            An `Effect` for each feature. A network with hidden layers has no bands.

        Raises:
            ValueError: the estimator is not fitted, or the level cannot be.
        """
        self._refuse_unfitted()
        found = curves(self.learned_.trained, self.model_, self.learned_.table, level, self._given.X)
        return tuple(replace(effect, outputs=self._named(effect.outputs)) for effect in found)

    def explain(self, X: Any) -> Explanation:
        """What each feature, or group of features that act together, adds to each prediction.

        Args:
            X (n, d): rows like those of `fit`.

        Returns:
            An `Explanation`, as of `ew.explain`. Each term counts as zero in the mean over the rows of the fit.

        Raises:
            ValueError: the estimator is not fitted, or rows that cannot be used.
        """
        found = explain(self.model_, self._checked(X), background=self._given.X)
        return replace(found, outputs=self._named(found.outputs))

    def _named(self, outputs: tuple[str, ...]) -> tuple[str, ...]:
        """The outputs by the labels of the classes, which the network knows as numbers."""
        labels = getattr(self, "classes_", ())
        return tuple(map(str, labels)) if len(labels) == len(outputs) else outputs

    def report(self, path: str | Path) -> None:
        """Write the report on the network as one html page. Its errors are those of the loss, on the training rows, and
        it says so.

        Raises:
            FileError: the system refuses.
            MissingExtra: jinja2 is not installed.
        """
        self._refuse_unfitted()
        trained, table = self.learned_.trained, self._given
        pruned = trained.splines.active_edges() != trained.first.active_edges()
        page = report(
            self.model_,
            table.X,
            table.y,
            original=trained.first if pruned else None,
            history=trained.rows,
            errors={"model": scores(table, predict(self.model_, table), self.learned_.settings.loss_of(table))},
        )
        write_whole(path, page)

    def _refuse_unfitted(self) -> None:
        require("sklearn.utils.validation").check_is_fitted(self)


def seed_of(random_state: Any) -> int:
    """A seed: a whole number as it is, else one that is drawn. Raises `ValueError`."""
    if is_seed(random_state):
        return index(random_state)
    drawn = random_state is None or random_state is np.random or isinstance(random_state, np.random.RandomState)
    if not drawn:
        raise ConfigError(
            "random_state must be a whole number >= 0 and below 2^64, a RandomState, or None, got"
            f" {shown(random_state)}"
        )
    return int(require("sklearn.utils").check_random_state(random_state).randint(2**31 - 1))


def plain(value: Any) -> Any:
    """numpy's numbers and arrays as Python's own.

    >>> plain(np.array([3, 5])), plain(np.float64(0.5)), plain("auto")
    ((3, 5), 0.5, 'auto')
    """
    value = plain_numbers(value.tolist() if isinstance(value, np.ndarray) else value)
    return tuple(value) if isinstance(value, list) else value

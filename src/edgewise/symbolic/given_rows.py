"""Which rows the forms are fitted to, and which accept them: whatever the caller gives, as tensors.

Letters: n rows, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import as_codes, as_inputs, as_matrix, as_target, holds_classes
from ..errors import ConfigError, DataError
from ..losses import CrossEntropy
from ..model import KAN
from ..train.held_out import HeldOut, is_of
from ..train.job import choose_loss
from ..train.result import split_of

CLASSES = ("classification", "cross_entropy")  # tasks of models that tell classes apart


@dataclass(frozen=True)
class GivenRows:
    """X (n, features) raw, in float64; y (n, k), class codes (n,), or None for the model's own outputs; weight (n,)."""

    X: Tensor
    y: Tensor | None
    weight: Tensor | None = None

    def at(self, places: Tensor) -> GivenRows:
        """The rows at these places."""
        y = None if self.y is None else self.y[places]
        return GivenRows(self.X[places], y, None if self.weight is None else self.weight[places])


def given_rows(model: KAN, X: Any, y: Any, sample_weight: Any, validation: Any) -> tuple[GivenRows, GivenRows | None]:
    """The rows that forms are fitted to, and those that accept them; None where the first do that, too.

    `validation`: a pair (X, y), or the result of a fit to these very rows. Then the rows that chose its states accept,
    and those that judge it are left out of both. Raises `ConfigError`, `DataError` and `ShapeError`.
    """
    classes = y is not None and holds_codes(model, y)
    inputs = input_rows(model, X, "X")
    count = inputs.shape[0]
    rows = GivenRows(inputs, None if y is None else _targets(model, y, count, classes, "y"))
    if count < 2:
        raise DataError(f"closed forms are judged on data, and X has {count} rows; give at least 2, better hundreds")
    if sample_weight is not None:
        options: Any = {"dtype": torch.float64, "device": "cpu"}
        weight = as_target(sample_weight, rows=count, width=1, what="sample_weight", **options)[:, 0]
        if not (weight >= 0).all() or not weight.any():
            raise DataError("sample_weight must be numbers >= 0, not all of them 0; leave it out, or drop the rows")
        rows = GivenRows(rows.X, rows.y, weight)
    if validation is None:
        return rows, None
    if y is None:
        raise ConfigError("validation needs y: without y the forms are judged by the model's own outputs on X")
    split = split_of(validation)
    if isinstance(split, HeldOut):
        return _parted(model, rows, split)
    if not isinstance(split, tuple | list) or len(split) != 2:
        raise ConfigError(f"validation must be a pair (X, y) or the result of a fit, got {type(split).__name__}")
    judging = input_rows(model, split[0], "validation X")
    if not len(judging):
        raise DataError("validation has no rows; leave it out, and the rows of X decide")
    return rows, GivenRows(judging, _targets(model, split[1], len(judging), classes, "validation y"))


def holds_codes(model: KAN, y: Any) -> bool:
    """Whether y says to which class each row belongs."""
    named = bool(model.metadata.classes) or model.metadata.task in CLASSES
    return named or isinstance(choose_loss("auto", y), CrossEntropy)


def input_rows(model: KAN, X: Any, what: str = "X") -> Tensor:
    """X (n, features) in float64: columns of a frame by name, if the model has names."""
    width = model.topology.features
    ordered = as_inputs(X, model.metadata, width=width, used=model.topology.node_ids[0])
    return as_matrix(ordered, width=width, what=what, dtype=torch.float64, device="cpu")


def _targets(model: KAN, y: Any, rows: int, classes: bool, what: str) -> Tensor:
    width = len(model.topology.node_ids[-1])
    if classes:
        known = model.metadata.classes if holds_classes(y) else ()  # whole numbers are codes as they stand, as in fit
        return as_codes(y, rows=rows, classes=known or None, width=width, what=what, device="cpu")[0]
    return as_target(y, rows=rows, width=width, what=what, dtype=torch.float64, device="cpu")


def _parted(model: KAN, rows: GivenRows, split: HeldOut) -> tuple[GivenRows, GivenRows]:
    """The rows that a fit trained on, and those that chose among its states."""
    counted = rows.X if rows.weight is None else rows.X[rows.weight > 0]  # a fit leaves rows of no weight out first
    if not is_of(counted.to(model.dtype), split.record):
        raise DataError(
            f"validation is the result of a fit to {split.record[0]} other rows than the {len(counted)} of X; give the"
            " same X and weights again, or validation=(Xv, yv)"
        )
    training = torch.ones(rows.X.shape[0], dtype=torch.bool)
    training[split.choosing] = training[split.judging] = False
    return rows.at(training.nonzero()[:, 0]), rows.at(split.choosing)

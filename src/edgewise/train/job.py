"""One training task: checked data, held-out rows, loss. Everything a trainer needs, nothing that it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import as_codes, as_groups, as_matrix, as_pair, as_rows, as_target, as_weights, holds_classes
from ..errors import DataError, ShapeError
from ..losses import CrossEntropy, Custom, Location, Loss, Numbers, SquaredError, as_loss
from ..losses.of_torch import IGNORED
from .held_out import HeldOut, SplitRecord, again, draw
from .priors.exact_memory import ExactMemory
from .priors.memory import Memory
from .priors.replay import Replay

Rows = tuple[Tensor, Tensor, Tensor | None]  # x (n, d), y (n, k) or class codes (n,), weight (n,) or None


@dataclass(frozen=True)
class Job:
    """Rows to train on, rows to choose by, rows to judge by.

    x (n, d), of any rank for a module; y (n, k) or class codes (n,), of a module also codes (n, ...) of the positions
    of each row; weight (n,) or None; the same for the rows xv, yv, wv that choose grid,
    restart and stop (None where there are none). `held_out`: which rows these are, where the fit itself left them out;
    they may then be given back for a last refit. `judges`: rows that take part in nothing (None where the caller gave
    the rows that choose, or rows are few). `memory`: rows of earlier fits, which count beside the training rows.
    `replayed`: how many of the training rows are of these, at their end. `groups` (n,): the group of each training row,
    if there are groups; `groups_of_all`: those of all rows but those that judge. `precise`: whether weights are the
    inverse of variances, by which rows tell as much as they count.
    """

    x: Tensor
    y: Tensor
    loss: Loss
    weight: Tensor | None = None
    xv: Tensor | None = None
    yv: Tensor | None = None
    held_out: HeldOut | None = None
    classes: tuple[str, ...] = ()
    seed: int = 0
    wv: Tensor | None = None
    judges: Rows | None = None
    memory: Memory | None = None
    replayed: int = 0
    groups: Tensor | None = None
    groups_of_all: Tensor | None = None
    precise: bool = False

    @property
    def exact(self) -> ExactMemory | None:
        """The memory, where it is a quadratic beside the training rows."""
        return self.memory if isinstance(self.memory, ExactMemory) else None

    @property
    def rows(self) -> float:
        """How many rows there are to train on, those that are only remembered included."""
        return counted(self.x, self.weight) + (self.exact.rows if self.exact else 0)

    @property
    def squared(self) -> bool:
        """Whether the loss is the squared error: targets may be scaled, and the best constant is their mean."""
        return isinstance(self.loss, SquaredError)

    @property
    def located(self) -> bool:
        """Whether the outputs are in the units of the targets."""
        return isinstance(self.loss, (SquaredError, Location))

    @property
    def own_split(self) -> bool:
        """Whether the fit itself left out the rows that choose, and may give them back."""
        return self.held_out is not None

    @property
    def unseen(self) -> Rows | None:
        """The rows that tell the error of the result: those that judge, else those that the caller gave to choose
        by."""
        if self.judges is not None or self.xv is None or self.yv is None:
            return self.judges
        return self.xv, self.yv, self.wv

    def given(self, rows: Rows) -> Rows:
        """The rows without those of the memory at their end."""
        x, y, weight = rows
        count = x.shape[0] - self.replayed
        return x[:count], y[:count], None if weight is None else weight[:count]

    def whole(self, everything: Rows) -> Job:
        """The job on all rows but those that judge, none left to choose by."""
        x, y, weight = everything
        return replace(self, x=x, y=y, weight=weight, xv=None, yv=None, wv=None, held_out=None)


def choose_loss(loss: Any, y: Any) -> Loss:
    """The loss object; "auto" is cross-entropy for targets declared as classes (text, booleans, categories), squared
    error otherwise. Raises `ConfigError`."""
    if isinstance(loss, str) and loss == "auto":
        return CrossEntropy() if holds_classes(y) else SquaredError()
    return as_loss(loss)


@dataclass(frozen=True)
class Checked:
    """Rows that can be trained on, their loss and class labels, their places (n,) among the rows given, of which those
    of weight zero are left out, and the group of each of them (n,), 0, 1, ..., if there are groups."""

    rows: Rows
    loss: Loss
    classes: tuple[str, ...]
    places: Tensor
    groups: Tensor | None


def check_rows(
    X: Any,
    y: Any,
    *,
    loss: Any,
    sample_weight: Any,
    features: int | None,
    outputs: int | None,
    dtype: torch.dtype,
    device: torch.device,
    seed: int,
    known: tuple[str, ...] = (),
    whole: bool = False,
    groups: Any = None,
) -> Checked:
    """X, y and weights, in whatever holds numbers, as rows to train on. `known`: class labels of an earlier fit.
    Without `features` X may be of any rank; `whole`: its whole numbers stay so; `groups`: a label for each row.

    Rows of weight zero are left out. Raises `ShapeError`, `DataError` and `ConfigError`.
    """
    with torch.random.fork_rng(devices=[]):  # a DataLoader draws from the global state, whether it shuffles or not
        torch.default_generator.manual_seed(seed)
        X, y = as_pair(X, y)
    if y is None:
        raise DataError("y is missing: give fit(model, X, y), a DataLoader of pairs, or residual=...")
    chosen = choose_loss("cross_entropy" if known and isinstance(loss, str) and loss == "auto" else loss, y)
    if features is None:
        x = as_rows(X, whole=whole, dtype=dtype, device=device)
    else:
        x = as_matrix(X, width=features, dtype=dtype, device=device)
    classes: tuple[str, ...] = ()
    if isinstance(chosen, CrossEntropy):
        target, classes = _codes(y, x.shape[0], outputs, known, "y", device)
    else:
        target = as_target(_flat(y, features), rows=x.shape[0], width=outputs, dtype=dtype, device=device)
        if isinstance(chosen, (Numbers, Custom)):
            chosen.check(target)
    group = None if groups is None else as_groups(groups, x.shape[0])
    weight, places = None, torch.arange(x.shape[0])
    if sample_weight is not None:
        weight = as_weights(sample_weight, rows=x.shape[0], device=x.device).to(dtype)
        places = (weight > 0).nonzero()[:, 0]
        if len(places) < len(x):
            x, target, weight = x[places], target[places], weight[places]
    if counted(x, weight) < 2:
        raise DataError(
            f"X has {'1 row' if x.shape[0] else 'no rows'}{'' if weight is None else ' of positive weight'}; fit needs"
            " at least 2"
        )
    places = places.cpu()
    group = None if group is None else group[places].unique(return_inverse=True)[1]
    return Checked((x, target, weight), chosen, classes, places, group)


def make_job(
    X: Any,
    y: Any,
    *,
    validation: Any,
    outputs: int | None,
    seed: int,
    record: SplitRecord | None = None,
    **settings: Any,
) -> tuple[Job, Rows]:
    """The job, and all its rows but those that judge, for the last refit. `settings` as for `check_rows`.

    `validation`: rows (X, y) or (X, y, weight) to choose by, or the `HeldOut` of an earlier fit on the same rows.
    `record`: the split of an earlier fit of the model, which holds again on the same rows.
    """
    found = check_rows(X, y, outputs=outputs, seed=seed, **settings)
    x, y, weight = found.rows
    of = found.groups
    job = Job(x, y, found.loss, weight, classes=found.classes, seed=seed, groups=of, groups_of_all=of)
    if validation is not None and not isinstance(validation, HeldOut):
        xv, yv, wv = _validation(validation, found.loss, x, y, found.classes, outputs)
        return replace(job, xv=xv, yv=yv, wv=wv), found.rows
    held = draw(x, _seed(x, of, seed, record if validation is None else _same(validation, x, of)), of)
    if held is None:
        return job, found.rows
    x, y, weight = _taken(found.rows, held.training)
    xv, yv, wv = _taken(found.rows, held.choosing)
    judges = _taken(found.rows, held.judging)
    there = replace(held, choosing=found.places[held.choosing], judging=found.places[held.judging])
    job = replace(job, x=x, y=y, weight=weight, xv=xv, yv=yv, wv=wv, judges=judges, held_out=there)
    back = torch.cat([held.training, held.choosing]).sort().values
    if of is not None:
        job = replace(job, groups=of[held.training], groups_of_all=of[back])
    return job, _taken(found.rows, back)


def recalling(job: Job, everything: Rows, memory: Memory | None) -> tuple[Job, Rows]:
    """The job and all its rows with a memory of earlier fits, and its rows at the end of theirs."""
    if not isinstance(memory, Replay):
        return replace(job, memory=memory), everything
    x, y, weight = _with((job.x, job.y, job.weight), memory.training)
    job = replace(job, x=x, y=y, weight=weight, memory=memory, replayed=memory.training[0].shape[0])
    if job.own_split and job.xv is not None and job.yv is not None:
        xv, yv, wv = _with((job.xv, job.yv, job.wv), memory.choosing)
        job = replace(job, xv=xv, yv=yv, wv=wv)
    return job, _with(everything, memory.training)


def _with(rows: Rows, old: tuple[Tensor, Tensor, Tensor]) -> Rows:
    """Both, in the number format of the first."""
    x, y, weight = rows
    if weight is None:
        weight = torch.ones(x.shape[0], dtype=x.dtype, device=x.device)
    return torch.cat([x, old[0].to(x)]), torch.cat([y, old[1].to(y)]), torch.cat([weight, old[2].to(weight)])


def _taken(rows: Rows, at: Tensor) -> Rows:
    """The rows at these places."""
    x, y, weight = rows
    at = at.to(x.device)
    return x[at], y[at], None if weight is None else weight[at]


def _seed(x: Tensor, groups: Tensor | None, seed: int, record: SplitRecord | None) -> int:
    """The seed of the recorded split where the rows x (n, d) and their groups (n,) are those that it was of."""
    found = again(x, record, groups)
    return seed if found is None else found


def _same(held: HeldOut, x: Tensor, groups: Tensor | None) -> SplitRecord:
    """The record of a split of these very rows. Raises `DataError`."""
    if again(x, held.record, groups) is None:
        raise DataError(
            f"validation is a result of {held.record[0]} other rows than the {x.shape[0]} rows of X, or of other"
            " groups; give the same X and groups again, or validation=(Xv, yv)"
        )
    return held.record


def counted(x: Tensor, weight: Tensor | None) -> float:
    """How many rows x (n, d) of this weight (n,) stand for."""
    return x.shape[0] if weight is None else float(weight.sum())


def _flat(y: Any, features: int | None) -> Any:
    """Targets of a module (n, ...) as (n, k), what else is given as it is."""
    if features is None and isinstance(y, (Tensor, np.ndarray)) and y.ndim > 2:
        return y.reshape(y.shape[0], -1)
    return y


def _like(X: Any, x: Tensor) -> Tensor:
    """Rows to judge by, in the form of those to train on. Raises `ShapeError` for rows of another shape."""
    if x.ndim == 2 and x.is_floating_point():
        return as_matrix(X, width=x.shape[1], what="validation X", dtype=x.dtype, device=x.device)
    xv = as_rows(X, whole=not x.is_floating_point(), dtype=x.dtype, device=x.device)
    if xv.shape[1:] != x.shape[1:] or xv.dtype != x.dtype:
        raise ShapeError(
            f"validation X has shape {tuple(xv.shape)} and {xv.dtype}, wanted rows like those of X,"
            f" {('n', *x.shape[1:])} and {x.dtype}"
        )
    return xv


def _codes(
    y: Any, rows: int, width: int | None, known: tuple[str, ...], what: str, device: torch.device
) -> tuple[Tensor, tuple[str, ...]]:
    """Class codes (n,) and labels: text and booleans in the order `known`, if there is one; whole numbers from 0 are
    codes as they stand. Of whole numbers (n, ...) every one is a code."""
    if width is None and getattr(y, "ndim", 1) > 1 and y[0].reshape(-1).shape[0] > 1 and not holds_classes(y):
        codes, labels = _codes(y.reshape(-1), y.reshape(-1).shape[0], None, (), what, device)
        if y.shape[0] != rows:
            raise ShapeError(f"{what} has {y.shape[0]} rows, X has {rows}: each row needs its own classes")
        return codes.reshape(tuple(y.shape)), labels
    if known and holds_classes(y):
        return as_codes(y, rows=rows, classes=known, what=what, device=device)
    codes, labels = as_codes(y, rows=rows, width=width, what=what, device=device)
    if width is None and not holds_classes(y) and str(IGNORED) in labels:
        raise DataError(f"{what} holds the class {IGNORED}, which torch ignores and fit does not; leave such rows out")
    if width is None and not holds_classes(y) and all(label.isdigit() for label in labels):
        codes = torch.tensor([int(label) for label in labels], device=device)[codes]
    return codes, labels


def _validation(
    validation: Any, loss: Loss, x: Tensor, target: Tensor, classes: tuple[str, ...], outputs: int | None
) -> Rows:
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise ShapeError(f"validation must be a pair (X, y), or (X, y, weight), got {type(validation).__name__}")
    xv, numbers = _like(validation[0], x), x.dtype if x.is_floating_point() else torch.float32
    if isinstance(loss, CrossEntropy):
        if outputs is None and not all(label.isdigit() for label in classes):  # coded by what the training rows hold
            yv = as_codes(validation[1], rows=xv.shape[0], classes=classes, what="validation y", device=x.device)[0]
        else:
            yv = _codes(validation[1], xv.shape[0], outputs, classes, "validation y", x.device)[0]
    else:
        yv = as_target(
            _flat(validation[1], None),
            rows=xv.shape[0],
            width=target.shape[1],
            what="validation y",
            dtype=numbers,
            device=x.device,
        )
        if isinstance(loss, Numbers):
            loss.check(yv, "validation y")
    if xv.shape[0] == 0:
        raise DataError("validation has no rows; leave it out and fit holds some rows out itself")
    given = validation[2] if len(validation) == 3 else None
    wv = None if given is None else as_weights(given, rows=xv.shape[0], device=xv.device).to(numbers)
    return xv, yv, wv

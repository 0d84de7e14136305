"""A DataLoader as a stream: batches that are checked, trained on and let go.

A million rows of 400 columns need no more memory than one batch of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ...data import as_rows, given_weights, whole_numbers
from ...errors import ConfigError, DataError, ShapeError, clipped
from ...losses import CrossEntropy, Loss, Numbers
from ..solvers import processes
from ..solvers.batches import Block
from ..solvers.snapshots import Tree

Batch = tuple[Any, Any] | tuple[Any, Any, Any]


class Stream:
    """Passes over the batches (x, y) or (x, y, weight) that `source` gives, in the form that training takes.

    It asks `source` for an iterator at every pass. Of a `DistributedSampler` it sets the epoch.

    Args:
        source: a DataLoader, or batches in memory.
        loss: says whether targets are classes.
        outputs: how many numbers the module gives for a target, or logits; 0 before that is known.
        whole: whether the module takes whole numbers as they are.
        dtype, device: of what it gets.
        what: the name of the source in messages.
    """

    def __init__(
        self,
        source: Iterable[Any],
        loss: Loss,
        *,
        whole: bool,
        dtype: torch.dtype,
        device: torch.device,
        what: str = "the DataLoader",
    ) -> None:
        self.source, self.loss, self.whole = source, loss, whole
        self.dtype, self.device, self.what = dtype, device, what
        self.outputs = 0

    @property
    def count(self) -> int | None:
        """Batches of one pass, None where the source does not say."""
        try:
            return len(self.source)  # type: ignore[arg-type]
        except TypeError:
            return None

    def epoch(self, number: int) -> Iterator[Block]:
        """The batches of one pass, from 1. Raises `DataError` for what cannot be trained on, or nothing at all."""
        set_epoch = getattr(getattr(self.source, "sampler", None), "set_epoch", None)
        if set_epoch is not None:
            set_epoch(number)
        place = -1
        for place, batch in enumerate(self.source):
            yield self.taken(batch, f"batch {place} of {self.what}")
        if place < 0:
            again = "; one that can be passed over once alone serves one epoch" if number > 1 else ""
            raise DataError(f"{self.what} gives no batch in epoch {number}{again}")

    def taken(self, batch: Any, where: str) -> Block:
        """A batch as tensors (b, ...), (b, k) or class numbers (b, ...), and weights, which weigh batches, too. Raises
        `DataError` and `ShapeError`."""
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise DataError(f"{where} is a {type(batch).__name__}, wanted (x, y) or (x, y, weight)")
        try:
            x = as_rows(batch[0], whole=self.whole, dtype=self.dtype, device=self.device)
            y = self._target(batch[1])
            if y.shape[0] != x.shape[0]:
                raise ShapeError(f"y has {y.shape[0]} rows, X has {x.shape[0]}: each row needs its own target")
            if len(batch) == 2:
                return x, y
            return x, y, given_weights(batch[2], rows=len(x), device=self.device).to(self.dtype)
        except (DataError, ShapeError) as error:
            raise type(error)(f"{where}: {error}") from error

    def _target(self, y: Any) -> Tensor:
        """Targets of a batch, checked as far as one batch can be."""
        try:
            values = y.detach() if isinstance(y, Tensor) else torch.as_tensor(np.asarray(y))
        except (TypeError, ValueError, RuntimeError) as error:  # of text, or of entries of different lengths
            raise DataError(
                f"y holds no numbers ({clipped(error)}); text needs codes of its own in a stream"
            ) from error
        if isinstance(self.loss, CrossEntropy):
            codes = values.long() if values.dtype == torch.bool else whole_numbers(values)
            if codes is None:
                raise DataError(f"y is of {values.dtype}, wanted whole numbers as classes")
            codes = codes[:, 0] if codes.ndim == 2 and codes.shape[1] == 1 else codes
            low, high = (int(codes.min()), int(codes.max())) if codes.numel() else (0, 0)
            if low < 0:
                raise DataError(f"y holds the class {low}; in a stream classes count from 0, and none is ignored")
            if self.outputs and high >= self.outputs:
                raise DataError(f"y holds the class {high}, the module knows the classes 0 to {self.outputs - 1}")
            return codes.to(self.device, torch.int64)
        numbers = values.reshape(values.shape[0], -1).to(self.device, self.dtype)
        if not bool(numbers.isfinite().all()):
            raise DataError("y is not finite")
        if self.outputs and numbers.shape[1] != self.outputs:
            raise ShapeError(f"y has {numbers.shape[1]} numbers for each row, the module gives {self.outputs}")
        if isinstance(self.loss, Numbers):
            self.loss.check(numbers)
        return numbers

    def state(self) -> Tree:
        """What the next pass depends on beside torch's random numbers: those of the source's own."""
        own = getattr(self.source, "generator", None)
        return None if own is None else own.get_state()

    def restore(self, state: Tree) -> None:
        """Go on from there."""
        if state is not None:
            self.source.generator.set_state(state)  # type: ignore[attr-defined]


def check_lengths(stream: Stream) -> None:
    """Raise `ConfigError` where processes that train together have other numbers of batches: one would wait forever."""
    if processes.count() == 1 or stream.count is None:
        return
    told = torch.zeros(processes.count(), dtype=torch.int64, device=stream.device)
    told[processes.place()] = stream.count
    counts = processes.total(told).tolist()
    if len(set(counts)) > 1:
        raise ConfigError(
            f"the DataLoaders of the processes have {counts} batches, but all must have as many; a DistributedSampler"
            " divides rows evenly"
        )


def blocks_of(rows: Any, size: int) -> list[Batch]:
    """Rows (X, y) or (X, y, weight) in memory as batches of so many."""
    count = len(rows[0])
    return [tuple(values[at : at + size] for values in rows) for at in range(0, count, size)]  # type: ignore[misc]


def is_stream(X: Any) -> bool:
    """Whether X is a DataLoader."""
    return isinstance(X, DataLoader)

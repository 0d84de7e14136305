"""Predictor: what a network that was fitted to a table offers to new tables."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .data import as_inputs, beyond_ranges, label_values
from .errors import ConfigError, DataError, EdgewiseWarning
from .metadata import Metadata

# Part of a range beyond which `predict` warns. Some rows of a new table always lie a little outside, where the tangents
# are still close: 100 and 1000 normal rows reach 2.5 and 3.2 standard deviations, a tenth of the range is 0.5.
FAR_OUT = 0.1
PASS_ROWS = 1 << 14  # rows in one pass of `predict`, whose activations then take little memory


class Predictor(nn.Module):
    """A module that takes rows of any kind and gives numbers, labels or probabilities.

    A subclass gives `forward` for tensors (b, features) of its dtype, and the properties below.
    """

    metadata: Metadata

    @property
    def features(self) -> int:
        """Columns of X that a row has."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """Columns that `forward` gives."""
        raise NotImplementedError

    @property
    def used_inputs(self) -> Collection[int]:
        """Columns of X that can change a prediction."""
        raise NotImplementedError

    @property
    def dtype(self) -> torch.dtype:
        """The number format that `forward` takes."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where `forward` takes its rows."""
        raise NotImplementedError

    @property
    def input_names(self) -> tuple[str, ...]:
        """A name for every column of X: that of the table the model was fitted to, else x1, x2, ..."""
        count, known = self.features, self.metadata.inputs
        return known if len(known) == count else tuple(f"x{column + 1}" for column in range(count))

    def predict(self, X: Any) -> Any:
        """Predictions for new rows: numbers, or the most likely class of each row after a fit to classes.

        Args:
            X (n, features): a tensor, an array, nested lists, a DataFrame, a mapping of columns or a `Table`. Columns
                with names are found by the names that the model was fitted to, in any order; those that it does not
                use may be missing.

        Returns:
            Numbers in the units of y: (n,) for one output, (n, outputs) for several; means, where the network gives
            their logarithms or logits, as after a fit with loss="poisson". For classes (n,) labels, such
            as 3 or "red". A tensor gives a tensor, whose classes are positions in `metadata.classes`; everything else
            gives a numpy array. No gradients: `model(x)` has them.

        Raises:
            ShapeError: another number of columns.
            DataError: no row, missing columns, cells that are no finite numbers, or rows so far outside the ranges of
                the fit that a prediction is none.

        Warns:
            EdgewiseWarning: rows outside the ranges that the model was fitted to, by more than a tenth of the range.

        >>> import edgewise as ew
        >>> ew.KAN((2, 3, 1)).predict([[0.5, 0.0], [0.0, 0.5]]).shape
        (2,)
        """
        y, classes = self._outputs(X, "predict"), self.metadata.classes
        if len(classes) == y.shape[1]:
            codes = y.argmax(1)
            return codes if isinstance(X, Tensor) else label_values(classes)[codes.cpu().numpy()]
        y = finite_outputs(as_mean(y, self.metadata.link))
        y = y[:, 0] if y.shape[1] == 1 else y
        return y if isinstance(X, Tensor) else _array(y)

    def predict_proba(self, X: Any) -> Any:
        """The probability of every class for new rows, after a fit to classes.

        Args:
            X (n, features): rows as for `predict`.

        Returns:
            (n, classes), in the order of `metadata.classes`; each row adds up to 1. A tensor for a tensor, else a numpy
            array.

        Raises:
            ConfigError: the model was fitted to numbers.
            ShapeError, DataError: as for `predict`.

        >>> import edgewise as ew
        >>> model = ew.KAN((2, 3)).build(metadata=Metadata(classes=("a", "b", "c"), task="classification"))
        >>> model.predict_proba([[0.5, 0.0], [0.0, 0.5]]).shape
        (2, 3)
        """
        if len(self.metadata.classes) != self.outputs:
            raise ConfigError("the model was fitted to numbers and knows no probabilities of classes; use predict")
        p = self._outputs(X, "predict_proba").softmax(1)
        return p if isinstance(X, Tensor) else _array(p)

    def _outputs(self, X: Any, what: str) -> Tensor:
        """The network's outputs (n, outputs) for rows of any kind, on the device of X; warns of rows out of range."""
        x = self.finite_input(X, what)
        remark = beyond_ranges(_array(x), self.metadata, self.used_inputs, FAR_OUT)[1]
        if remark:
            warnings.warn(remark, EdgewiseWarning, stacklevel=3)
        with torch.no_grad():
            y = finite_outputs(torch.cat([self(part) for part in x.split(PASS_ROWS)]))
        return y.to(X.device) if isinstance(X, Tensor) else y

    def as_input(self, X: Any, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Tensor:
        """Rows as `predict` takes them, as a tensor (b, features) of this dtype and device, by default the model's own.

        Raises `ShapeError` and `DataError` where it cannot be; numbers that are not finite stay.
        """
        if self.device.type == "meta":
            raise DataError("the model is on the device 'meta', which holds no values; take one on 'cpu'")
        return as_inputs(
            X,
            self.metadata,
            width=self.features,
            used=self.used_inputs,
            dtype=dtype or self.dtype,
            device=device or self.device,
        )

    def finite_input(self, X: Any, what: str) -> Tensor:
        """`as_input`, for what needs numbers. Raises `DataError` when it is empty or holds numbers that are not
        finite."""
        x = self.as_input(X)
        if x.shape[0] == 0:
            raise DataError(f"{what} needs at least one row of X, got shape {tuple(x.shape)}")
        bad = ~torch.isfinite(x).all(1)
        if bool(bad.any()):
            raise DataError(
                f"{what} needs finite numbers, but {int(bad.sum())} of {x.shape[0]} rows of X hold NaN or infinity;"
                " drop these rows"
            )
        return x


def as_mean(outputs: Tensor, link: str) -> Tensor:
    """What outputs stand for in the units of y: they are the logarithm or the logit of it, or it itself.

    >>> as_mean(torch.tensor([0.0]), "logit")
    tensor([0.5000])
    """
    return outputs.exp() if link == "log" else outputs.sigmoid() if link == "logit" else outputs


def finite_outputs(y: Tensor) -> Tensor:
    """Predictions (n, k), which must be finite. Raises `DataError` where some are not: rows so far outside that numbers
    overflow."""
    bad = (~torch.isfinite(y).all(1)).nonzero()[:, 0].tolist()
    if bad:
        raise DataError(
            f"{len(bad)} of {len(y)} predictions are no finite numbers, the first for row {bad[0] + 1}: numbers"
            " overflow, as those of rows very far outside the range of the fit do; drop such rows"
        )
    return y


def _array(values: Tensor) -> np.ndarray:
    """The values as an array; numpy knows no bfloat16."""
    values = values.float() if values.dtype == torch.bfloat16 else values
    return values.cpu().numpy()

"""Names that come with the data: the model learns those of a DataFrame's columns, and finds them again by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..data import as_inputs, frame_names
from ..model import KAN


def named(model: KAN, X: Any, y: Any) -> KAN:
    """The model with the names of the columns of X and y, where these have names; known names of inputs stay.

    >>> named(KAN((2, 1)), [[0.0, 1.0]], [0.0]).metadata.inputs
    ()
    """
    inputs, outputs, known = frame_names(X), frame_names(y), model.metadata
    inputs = known.inputs if len(known.inputs) == model.features or len(inputs) != model.features else inputs
    outputs = outputs or known.outputs
    if (inputs, outputs) == (known.inputs, known.outputs):
        return model
    return model.build(metadata=replace(known, inputs=inputs, outputs=outputs))


def in_order(model: KAN, X: Any) -> Any:
    """A DataFrame as numbers, its columns in the order of the model's names; whatever has no names as it is.

    Raises `DataError` for a name that is missing, and for cells that are no numbers.

    >>> in_order(KAN((2, 1)), [[0.0, 1.0]])
    [[0.0, 1.0]]
    """
    if not frame_names(X) or len(model.metadata.inputs) != model.features:
        return X
    return as_inputs(X, model.metadata, width=model.features)

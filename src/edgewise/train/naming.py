"""Names that come with the data: the model learns those of a table's columns, and finds them again by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..data import Table, as_inputs, frame_names
from ..errors import DataError
from ..metadata import Metadata
from ..model import KAN


def opened(model: KAN | None, X: Any, y: Any, validation: Any = None) -> tuple[KAN | None, Any, Any, Any]:
    """What a fit was given, with its names in the model: X, y and validation by the order of the model's columns.

    Args:
        model: the KAN, or None for a module that knows no names.
        X: a DataFrame, a `Table` with its targets, or whatever has no names and stays as it is.
        y: the targets, None for those of a `Table`.
        validation: a pair like X and y, with weights or without, or whatever stays as it is.

    Raises:
        DataError: targets given twice, names that are missing, cells that are no numbers.

    >>> import edgewise as ew
    >>> model, X, y, _ = opened(KAN((1, 1)), ew.from_arrays([[1.0], [2.0]], [3.0, 4.0], inputs=["t"]), None)
    >>> model.metadata.inputs, y.tolist()
    (('t',), [[3.0], [4.0]])
    """
    if isinstance(X, Table) and y is not None:
        raise DataError("y is given twice: the Table holds its targets; leave y out")
    model = None if model is None else named(model, X, y)
    if isinstance(validation, Table):
        validation = in_order(model, validation), targets(validation)
    elif isinstance(validation, (tuple, list)) and len(validation) in (2, 3):
        validation = in_order(model, validation[0]), *validation[1:]
    return model, in_order(model, X), targets(X) if isinstance(X, Table) else y, validation


def named(model: KAN, X: Any, y: Any) -> KAN:
    """The model with the names of X and y, where these have names; names of inputs that it knows already stay."""
    known = model.metadata
    found = X.metadata() if isinstance(X, Table) else Metadata(frame_names(X), frame_names(y))
    if len(found.inputs) != model.features or len(known.inputs) == model.features:
        found = replace(found, inputs=known.inputs, categories=known.categories, encoding=known.encoding)
    names = replace(
        known,
        inputs=found.inputs,
        categories=found.categories,
        encoding=found.encoding,
        outputs=found.outputs or known.outputs,
        classes=known.classes or (found.classes if len(found.classes) == model.outputs else ()),
    )
    return model if names == known else model.build(metadata=names)


def in_order(model: KAN | None, X: Any) -> Any:
    """A table as numbers, its columns in the order of the model's names; whatever has no names as it is."""
    if model is None or len(model.metadata.inputs) != model.features:
        return X.X if isinstance(X, Table) else X
    names = frame_names(X)
    there = not names or names == model.metadata.inputs == model.metadata.sources()
    return X if there and not isinstance(X, Table) else as_inputs(X, model.metadata, width=model.features)


def targets(table: Table) -> Any:
    """The targets of a table: numbers (n, k), or the label of each row as text."""
    return table.y if table.classes is None else np.array(table.classes)[table.y.numpy()]

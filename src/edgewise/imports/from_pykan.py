"""from_pykan: a network of pykan, from its files or from memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import is_int
from ..devices import made_on
from ..errors import CheckpointError, ConfigError, as_list, as_words, clipped, knows_keywords, shown, twice
from ..limits import NODE, NUMBER, refuse_too_large, times
from ..metadata import Edit, Metadata
from ..model import KAN
from .pykan_files import is_model, read_files, read_model
from .pykan_layers import kan_of_pykan


@knows_keywords
def from_pykan(
    source: str | Path | Any,
    inputs: Sequence[Any] | None = None,
    *,
    columns: Sequence[int] | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> KAN:
    """The KAN with the outputs of a network of pykan, inside its grids and beyond them.

    pykan need not be installed, and nothing in its files is run. Edges that are switched off, closed forms, nodes that
    multiply, scales and biases of nodes, and knots that follow data all come along.

    Args:
        source: the path of a checkpoint, as `KAN.saveckpt` and `loadckpt` of pykan take it: "model/0.1" stands for the
            files 0.1_config.yml and 0.1_state. Or a model of pykan in memory.
        inputs (columns of X): a name for every column, those that the network does not read too.
        columns (input nodes): which columns of X it reads, for a network whose inputs were pruned: pykan's files do not
            tell. Default: all, or those that a model in memory tells.
        dtype: of the parameters.
        device: where they live; torch's default by default.

    Returns:
        The network. Outside the domain of a closed form, as for log(-1), it gives the value at the domain's end, where
        pykan gives NaN.

    Raises:
        CheckpointError: files that are missing, altered, of another kind or version; a base function or closed form
            that is not known here; knots that do not increase; layers of different degrees; numbers or knots that the
            dtype does not hold.
        ConfigError: names or columns that do not fit, columns that this machine cannot hold.

    Source: pykan 0.2.8, kan/MultKAN.py.

    >>> from_pykan("model/0.1")
    Traceback (most recent call last):
    ...
    edgewise.errors.CheckpointError: there is no checkpoint of pykan at model/0.1: wanted the files 0.1_config.yml and
    0.1_state
    """
    like = made_on(dtype, device)
    if isinstance(source, str | os.PathLike):
        network, told = read_files(source), clipped(os.fspath(source))
    elif is_model(source):
        network, told = read_model(source), f"a {type(source).__name__} in memory"
    else:
        raise CheckpointError(
            f"source must be the path of a checkpoint such as 'model/0.1', or a model of pykan, got {shown(source)}"
        )
    nodes = network.layers[0].grid.shape[0]
    read = _checked_columns(network.columns or range(nodes) if columns is None else columns, nodes)
    names = _checked_names(inputs, max(read) + 1)
    features = len(names) or max(read) + 1
    return kan_of_pykan(network, read, Metadata(inputs=names), Edit("from_pykan", told), features, like)


def _checked_columns(columns: Sequence[int], nodes: int) -> tuple[int, ...]:
    listed = as_list(columns)
    if listed is None or not all(is_int(column) and column >= 0 for column in listed):
        raise ConfigError(f"columns must be numbers of columns from 0, got {shown(columns)}")
    if len(listed) != nodes or twice(listed):
        raise ConfigError(f"columns needs {nodes} different columns, one for every input node, got {shown(columns)}")
    read = tuple(int(column) for column in listed)
    size = times(2 * NUMBER + NODE, max(read) + 1)  # of X, each column has a shift, a scale and an identity
    refuse_too_large(f"a network that reads column {shown(max(read))}", size, "give numbers of columns of X")
    return read


def _checked_names(inputs: Sequence[Any] | None, least: int) -> tuple[str, ...]:
    if inputs is None:
        return ()
    words = as_words(inputs)
    if not words or not all(words) or twice(words):
        raise ConfigError(f"inputs needs different names that are not empty, got {shown(inputs)}")
    if len(words) < least:
        raise ConfigError(f"inputs needs {least} names at least, one for every column of X, got {shown(inputs)}")
    return tuple(words)

"""The files and objects of pykan: three files for each checkpoint, and models in memory."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..checkpoint import read
from ..config import is_int
from ..errors import CheckpointError, clipped, few, shown
from ..files import FileError, as_path
from .flat_yaml import read_entries
from .pykan_record import NODES, SPLINES, SYMBOLS, PykanNetwork, record_of

ENDS = ("_config.yml", "_state", "_cache_data")


def read_files(path: str | os.PathLike[str]) -> PykanNetwork:
    """The network in the files `path`_config.yml and `path`_state. The rows in `path`_cache_data are not looked at.

    Raises:
        CheckpointError: files that are not there, or hold something else. Nothing in them is ever run.
    """
    start = _start(path)
    config, tensors = Path(f"{start}{ENDS[0]}"), Path(f"{start}{ENDS[1]}")
    if not config.exists() and not tensors.exists():
        raise CheckpointError(f"there is no checkpoint of pykan at {clipped(start)}: {_there(start)}")
    try:
        settings = read_entries(read(config).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{clipped(config)} is no text: {error}") from error
    except CheckpointError as error:
        raise CheckpointError(f"{clipped(config)}: {error}") from error
    state = _state(read(tensors), clipped(tensors))
    try:
        return record_of(settings, state)
    except CheckpointError as error:
        raise CheckpointError(f"{clipped(start)} is no whole checkpoint of pykan: {error}") from error


def _start(path: str | os.PathLike[str]) -> str:
    """What the names of the files begin with; the name of one of them will do."""
    try:
        start = str(as_path(path))
    except FileError as error:
        raise CheckpointError(str(error)) from error
    return next((start.removesuffix(end) for end in ENDS if start.endswith(end)), start)


def _there(start: str) -> str:
    """What is there in place of a checkpoint, in words."""
    wanted = f"wanted the files {Path(start).name}{ENDS[0]} and {Path(start).name}{ENDS[1]}"
    folder = Path(start)
    try:
        if folder.is_file():
            return f"it is one file; {wanted}"
        held = folder if folder.is_dir() else folder.parent
        names = sorted(entry.name.removesuffix(ENDS[0]) for entry in held.glob(f"*{ENDS[0]}"))
    except OSError as error:
        return f"{error.strerror or error}"
    return f"{wanted}; {held} holds {few(names)}" if names else wanted


def _state(raw: bytes, where: str) -> dict[str, Any]:
    """The tensors in the content of a file. torch reads them without running anything (`weights_only`)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, of how an altered file looks
            found = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # of whatever kind: a file can be altered in any way
        words = clipped(str(error).partition("\n")[0] or type(error).__name__, 200)
        raise CheckpointError(f"{where} is no file of tensors that can be read safely: {words}") from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise CheckpointError(f"{where} holds a {type(found).__name__}, wanted tensors by their names")
    for name, value in found.items():
        if isinstance(value, torch.Tensor) and value.layout is torch.strided and _claims_more(value):
            raise CheckpointError(f"{where}: {shown(name)} claims more numbers than the file holds")
    return dict(found)


def _claims_more(value: torch.Tensor) -> bool:
    """Whether a tensor has more entries than memory, as one entry that stands for many."""
    return value.numel() * value.itemsize > value.untyped_storage().nbytes()


def is_model(value: Any) -> bool:
    """Whether a value has what a model of pykan has.

    >>> is_model("model/0.1")
    False
    """
    return all(hasattr(value, name) for name in ("act_fun", "symbolic_fun", "node_scale", "mult_arity"))


def read_model(model: Any) -> PykanNetwork:
    """The network in memory; the model itself stays as it is. Raises `CheckpointError` for parts that do not fit."""
    try:
        settings: dict[str, Any] = {
            "mult_arity": model.mult_arity,
            "base_fun_name": getattr(model, "base_fun_name", "silu"),
            "symbolic_enabled": bool(getattr(model, "symbolic_enabled", True)),
        }
        state: dict[str, Any] = {}
        for number, (splines, symbols) in enumerate(zip(model.act_fun, model.symbolic_fun, strict=True)):
            state |= {f"{name}_{number}": getattr(model, name)[number] for name in NODES}
            state |= {f"act_fun.{number}.{name}": getattr(splines, name) for name in SPLINES}
            state |= {f"symbolic_fun.{number}.{name}": getattr(symbols, name) for name in SYMBOLS}
            settings[f"symbolic.funs_name.{number}"] = [list(row) for row in symbols.funs_name]
        ids = getattr(model, "input_id", None)
        columns = None if ids is None else tuple(int(column) for column in ids)
    except CheckpointError:
        raise
    except Exception as error:  # of the object's own attributes
        raise CheckpointError(f"the model is none of pykan 0.2: {clipped(error, 200)}") from error
    if columns is not None and not all(is_int(column) and column >= 0 for column in columns):
        raise CheckpointError(f"input_id must hold columns, got {shown(columns)}")
    return record_of(settings, state, columns)

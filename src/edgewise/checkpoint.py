"""A KAN in one safetensors file with a versioned header: written whole or not at all, and never unpickled. `storage.py`
has the public verbs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from . import __version__
from .container import metadata_of, pack, put_on, unpack
from .devices import is_shard
from .errors import CheckpointError, StructureError, clipped, did_you_mean
from .files import FileError, as_path, clear_leftovers, write_whole
from .metadata import TASKS, Encoding
from .model import KAN, Fitted, as_kan
from .spec import from_spec, spec_of
from .spec.fields import LONGEST
from .state_notes import without_notes

LEFT = 60.0  # seconds after which a file beside the place, which nobody holds, is what a killed run left
FORMAT = 4  # raised when an older edgewise could not read the file any more
KEY = "edgewise"  # where the header stands among the file's metadata
SOLUTION = "edgewise solution"  # where it stands in a file of several networks (`storage.py`)


def write(content: bytes, path: str | Path) -> None:
    """Write the content of a file, whole or not at all. Raises `CheckpointError` where that cannot be."""
    try:
        clear_leftovers(as_path(path), older=LEFT)
        write_whole(path, content)
    except FileError as error:
        raise CheckpointError(str(error)) from error


def read(path: str | Path) -> bytes:
    """The content of a file. Raises `CheckpointError` where there is none that can be read."""
    try:
        return Path(as_path(path)).read_bytes()
    except FileError as error:
        raise CheckpointError(str(error)) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"there is no file {path}{_suggestion(Path(path))}") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error


def _suggestion(path: Path) -> str:
    """A file beside it of nearly that name, in words; nothing where there is none, or the folder cannot be read."""
    try:
        near = did_you_mean(path.name, [entry.name for entry in path.absolute().parent.iterdir()])
    except OSError:
        return ""
    return f"; {near}" if near.startswith("did") else ""


def to_bytes(model: KAN | Fitted) -> bytes:
    """The content of a checkpoint file. Raises `CheckpointError` for what is no KAN, or cannot be described."""
    try:
        model = as_kan(model, "save")
    except StructureError as error:
        other = "" if isinstance(model, KAN) else "; for other modules use safetensors or torch.save"
        raise CheckpointError(f"{error}{other}") from error
    if any(map(is_shard, model.parameters())):
        raise CheckpointError(
            "the KAN is sharded over processes, of which each holds a part; gather it by torch.distributed.checkpoint."
            "state_dict.get_model_state_dict, load that into a KAN, and save this"
        )
    state = without_notes(model.state_dict())  # the description says what they do
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
    try:
        spec = spec_of(model)
        from_spec(spec, tensors)  # what cannot be read again is not written
    except (CheckpointError, TypeError, RecursionError) as error:  # metadata of any kind and depth
        raise CheckpointError(f"the model cannot be saved: {clipped(error, LONGEST)}") from error
    return pack(tensors, KEY, {"format": FORMAT, "version": __version__, "torch": str(torch.__version__), "spec": spec})


def from_bytes(raw: bytes, where: str = "the file", device: torch.device | str | None = None) -> KAN:
    """The model in the content of a checkpoint file. Raises `CheckpointError` as `load` does."""
    metadata = metadata_of(raw, where)
    if SOLUTION in metadata:
        raise CheckpointError(f"{where} holds a solution of several networks, not one KAN; edgewise.load opens it")
    if KEY not in metadata:
        raise CheckpointError(f"{where} holds tensors but no edgewise model: its header has no entry {KEY!r}")
    tensors, header, number = unpack(raw, KEY, ("spec",), FORMAT, where)
    try:
        model = from_spec(_upgraded(header["spec"], number), tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{where} does not describe a model: {clipped(error, LONGEST)}") from error
    return put_on(model, device, where)


def _upgraded(spec: Any, number: int) -> Any:
    """A description of this format in words of the present one; anything that is no description stays as it is.

    Format 1 knew no split of a table, and a fit wrote the name of its loss where its task stands now. Formats 1 and 2
    knew no encoding: missing cells and unknown levels were errors, and stay so.
    """
    if number >= FORMAT or not isinstance(spec, dict) or not isinstance(spec.get("metadata"), dict):
        return spec
    metadata = {"encoding": asdict(Encoding()), **spec["metadata"]}
    if number == 1:
        metadata = {"split": [], **metadata}
        task = metadata.get("task")
        if isinstance(task, str) and task not in TASKS:
            metadata["task"] = "classification" if task == "cross_entropy" else "regression"
    return {**spec, "metadata": metadata}

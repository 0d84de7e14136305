"""Trees of numbers, text and tensors as one file, and as one digest. Nothing in such a file is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors import torch as safetensors
from torch import Tensor

from ...container import digest_of
from ...errors import CheckpointError, clipped
from ...files import write_whole
from ..solvers.snapshots import Tree

KEY = "edgewise_unfinished"  # where the tree stands among the file's metadata; its tensors are "0", "1", ...
TENSOR, PAIRS = "$tensor", "$pairs"


def write(tree: Tree, path: Path) -> None:
    """Write a tree to a file, whole or not at all. Raises `FileError` where the system refuses.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / "tree"
    >>> write({"theta": torch.arange(2.0), "mu": 1e-14, 3: [None, 0.5]}, path)
    >>> read(path)
    {'theta': tensor([0., 1.]), 'mu': 1e-14, 3: [None, 0.5]}
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_packed(tree, tensors))
    stamp = digest_of(text, tensors)
    write_whole(path, safetensors.save(tensors, {KEY: json.dumps({"digest": stamp, "tree": text})}))


def read(path: Path) -> Tree:
    """The tree in a file. Raises `CheckpointError` for one that is missing, damaged or foreign."""
    try:
        with safe_open(path, framework="pt") as file:
            found = json.loads((file.metadata() or {})[KEY])
            text, stamp = found["tree"], found["digest"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        if stamp != digest_of(text, tensors):
            raise ValueError("its content does not match its digest")
        # in the file they lie at any address, on which the last bits of a sum depend on some processors
        return _unpacked(json.loads(text), {name: tensor.clone() for name, tensor in tensors.items()})
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no file {path}") from error
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError, AttributeError) as error:
        raise CheckpointError(
            f"{path} holds no unfinished fit, or is damaged ({type(error).__name__}: {clipped(error)}); delete it and"
            " begin anew"
        ) from error


def digest(tree: Tree) -> str:
    """A digest of all numbers, text and bits in a tree.

    >>> import torch
    >>> digest([1.0, torch.zeros(2)]) == digest([1.0, torch.zeros(2)])
    True
    >>> digest([1.0, torch.zeros(2)]) == digest([1.0, torch.zeros(2, dtype=torch.float64)])
    False
    """
    tensors: dict[str, Tensor] = {}
    return digest_of(json.dumps(_packed(tree, tensors)), tensors)


def _packed(tree: Tree, tensors: dict[str, Tensor]) -> Any:
    """The tree as JSON, its tensors put into a dict and named in their places."""
    if isinstance(tree, Tensor):
        name = str(len(tensors))
        tensors[name] = tree.detach().to("cpu", copy=True).contiguous()
        return {TENSOR: name}
    if isinstance(tree, dict):
        if all(isinstance(key, str) for key in tree):
            return {key: _packed(value, tensors) for key, value in tree.items()}
        return {PAIRS: [[key, _packed(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, (list, tuple)):
        return [_packed(value, tensors) for value in tree]
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    raise TypeError(f"a snapshot holds numbers, text and tensors, got {type(tree).__name__}")


def _unpacked(tree: Any, tensors: dict[str, Tensor]) -> Tree:
    if isinstance(tree, list):
        return [_unpacked(value, tensors) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if TENSOR in tree:
        return tensors[tree[TENSOR]]
    if PAIRS in tree:
        return {key: _unpacked(value, tensors) for key, value in tree[PAIRS]}
    return {key: _unpacked(value, tensors) for key, value in tree.items()}

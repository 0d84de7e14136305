"""What the tensors of a state dict do not tell: the closed forms of a layer, the columns and products of a network.

Where there are any, the state holds one more tensor, a note: JSON in bytes. So it goes wherever a state goes, through
safetensors, `torch.load` and other processes. It is compared at loading and never kept: it cannot go stale.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .devices import holds_values
from .errors import CheckpointError

State = MutableMapping[str, Any]
EdgeForm = tuple[str, int, int]  # the primitive's name, the positions of the edge's source and target

NOTE = "_extra_state"  # torch's own name for it, which torch.distributed.checkpoint looks for
WHOLE = "a state holds numbers alone: keep the model by ew.save, and bring it back by ew.load"


def note(value: Any, device: torch.device) -> Tensor:
    """A JSON value as a tensor of bytes, in numbers that sums of many states can hold.

    >>> note([1], torch.device("cpu"))
    tensor([91, 49, 93], dtype=torch.int32)
    """
    return torch.tensor(list(json.dumps(value).encode()), dtype=torch.int32, device=device)


def without_notes(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of a state that the module keeps."""
    return {name: value for name, value in state.items() if name.split(".")[-1] != NOTE}


def take_note(state: State, prefix: str, read: Callable[[Any], Any]) -> Any:
    """The note of this module, taken out of the state; None where there is none, or it has no values.

    Raises `CheckpointError` for one that `read` cannot make sense of.
    """
    held = state.pop(f"{prefix}{NOTE}", None)
    if held is None or (isinstance(held, Tensor) and not holds_values(held)):
        return None
    try:
        return read(json.loads(bytes(map(round, held.tolist()))))  # a mean of states may have made them fractions
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"the state is damaged: {prefix}{NOTE} is no note of edgewise") from error


def check_grid(state: State, prefix: str, degree: int, basis: int) -> None:
    """Raise `CheckpointError` where the coefficients (i, j, o) in a state are of another grid than j = `basis`."""
    given = state.get(f"{prefix}coef")
    if not isinstance(given, Tensor) or given.dim() != 3 or given.shape[1] == basis:
        return
    theirs, mine = given.shape[1] - degree, basis - degree
    remedy = (
        f"ew.refine(module, grid_size={theirs}) makes a module that fits"
        if theirs > mine
        else f"make the layer with grid_size={theirs}, load, and ew.refine(module, grid_size={mine}) then"
    )
    raise CheckpointError(
        f"{prefix}coef has {given.shape[1]} basis functions, that is grid_size {theirs} for degree {degree}; this layer"
        f" has grid_size {mine}; {remedy}"
    )


def check_forms(state: State, prefix: str, own: Sequence[EdgeForm], on: Callable[[Tensor], Tensor]) -> None:
    """Raise `CheckpointError` where a state has closed forms on other edges than `own`, or others there.

    An older state has no note: its kinds of edges tell where forms are, and not which. Rows of `affine` come into the
    order of `own`.

    Args:
        state: the state dict, in which this module's names begin with `prefix`.
        prefix: of the names.
        own: the layer's forms.
        on: which edges have a form, from their kinds (i, o).
    """

    def read(forms: Any) -> list[EdgeForm]:
        return [(str(f), int(s), int(d)) for f, s, d in forms]

    given = take_note(state, prefix, read)
    kind, mine = state.get(f"{prefix}kind"), {(src, dst): name for name, src, dst in own}
    if given is not None:
        theirs = {(src, dst): name for name, src, dst in given}
    elif isinstance(kind, Tensor) and kind.dim() == 2 and holds_values(kind):
        theirs = {(src, dst): mine.get((src, dst), "a closed form") for src, dst in on(kind).nonzero().tolist()}
    else:
        return
    for src, dst in sorted(mine.keys() | theirs.keys()):
        got, wanted = (forms.get((src, dst), "no closed form") for forms in (theirs, mine))
        if got != wanted:
            raise CheckpointError(
                f"the state of {prefix[:-1] or 'this layer'} has {got} on the edge from input {src} to output {dst},"
                f" the layer has {wanted}; {WHOLE}"
            )
    affine = state.get(f"{prefix}affine")
    if given is not None and given != [*own] and isinstance(affine, Tensor) and len(affine) == len(given):
        state[f"{prefix}affine"] = affine[[given.index(form) for form in own]]


def check_wiring(state: State, prefix: str, own: Sequence[Sequence[int]]) -> None:
    """Raise `CheckpointError` where a state is of a network of other columns or products.

    One without a note is an older state, or of a network that reads all columns and multiplies nothing: shapes tell.

    Args:
        state: the state dict, in which this module's names begin with `prefix`.
        prefix: of the names.
        own: the columns that the network reads, then for each layer of nodes how many factors each node has.
    """
    theirs = take_note(state, prefix, lambda lists: [[int(n) for n in numbers] for numbers in lists])
    for layer, (got, wanted) in enumerate(zip(theirs or own, own, strict=False)):
        if got != [*wanted]:
            what = f"nodes of layer {layer} with {got} factors" if layer else f"columns {got}"
            raise CheckpointError(f"the state has {what}, this network has {[*wanted]}; {WHOLE}")

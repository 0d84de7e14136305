"""State dicts: what their tensors do not tell is noted and compared, and the notes go wherever a state goes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from safetensors import torch as safetensors
from torch import Tensor

import edgewise as ew
from edgewise import KAN
from edgewise.errors import CheckpointError
from edgewise.state_notes import NOTE, without_notes
from helpers import assert_close, assert_equal

SIN, EXP, SQUARE = ("sin", 2.0, 0.1, 1.0, 0.5), ("exp", 1.0, 0.0, 0.7, 0.0), ("x^2", 1.0, 0.3, 1.0, 0.0)
X = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)


def law(forms: dict[Any, Any], widths: Any = (3, 2, 1), seed: int = 0) -> KAN:
    return ew.set_symbolic(KAN(widths, grid_size=3, seed=seed), forms)


def test_a_fresh_state_has_no_note():
    assert not [name for name in KAN((3, 2, 1)).state_dict() if NOTE in name]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("forms", "words"),
    [
        ({(0, 1, 0): EXP}, "layers.0 has exp on the edge from input 1 to output 0, the layer has sin; .* ew.save"),
        ({(0, 2, 1): SIN}, "has no closed form on the edge from input 1 to output 0, the layer has sin"),
        ({(0, 1, 0): SIN, (0, 0, 0): EXP}, "has exp on the edge from input 0 .* the layer has no closed form"),
        ({}, "has no closed form on the edge from input 1 to output 0, the layer has sin"),
    ],
)
def test_a_state_of_other_forms_is_refused(forms: dict[Any, Any], words: str, strict: bool):
    model = law({(0, 1, 0): SIN})
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(CheckpointError, match=words):
        model.load_state_dict(law(forms).state_dict(), strict=strict)
    assert_equal(model.state_dict(), before)


def test_a_note_takes_the_place_of_kinds_without_forms():
    with pytest.raises(CheckpointError, match=r"layers.0 has sin on .* no closed form"):
        KAN((3, 2, 1), grid_size=3).load_state_dict(law({(0, 1, 0): SIN}).state_dict(), strict=False)


@pytest.mark.parametrize("noted", [True, False])
def test_a_state_of_the_same_forms_is_loaded_and_an_older_one_without_notes_too(noted: bool):
    forms = {(0, 1, 0): SIN, (0, 0, 1): EXP}
    others = {edge: (form[0], 1, 1, 1, 1) for edge, form in forms.items()}
    first, other = law(forms, (3, (1, 1), 1)), law(others, (3, (1, 1), 1), seed=5)
    state = first.state_dict()
    result = other.load_state_dict(state if noted else without_notes(state))
    assert not result.missing_keys and not result.unexpected_keys
    assert_equal(other(X), first(X))
    with pytest.raises(CheckpointError, match="a closed form on the edge from input 0 to output 1"):
        law({(0, 1, 0): SIN}, (3, (1, 1), 1)).load_state_dict(without_notes(state))


def test_forms_that_were_set_in_another_order_are_the_same():
    forms = {(0, 1, 0): SIN, (0, 0, 1): EXP, (0, 2, 1): SQUARE}
    model = law(dict(reversed(forms.items())), seed=3)
    model.load_state_dict(law(forms).state_dict())
    assert_close(model(X), law(forms)(X))


def test_a_state_of_other_columns_is_refused():
    whole = KAN((3, 2, 1), seed=1)
    first, other = ew.remove(whole, nodes=[(0, 0)]), ew.remove(whole, nodes=[(0, 2)])
    with pytest.raises(CheckpointError, match=r"the state has columns \[1, 2\], this network has \[0, 1\]; .*ew.load"):
        other.load_state_dict(first.state_dict())
    again = ew.remove(KAN((3, 2, 1), seed=2), nodes=[(0, 0)])
    again.load_state_dict(first.state_dict())
    assert_equal(again(X), first(X))


def test_a_state_of_other_products_is_refused():
    pairs, triple = KAN((3, (0, (2, 2)), 1)), KAN((3, (1, (3,)), 1))
    with pytest.raises(CheckpointError, match=r"nodes of layer 1 with \[2, 2\] factors, this network has \[1, 3\]"):
        triple.load_state_dict(pairs.state_dict())
    KAN((3, (1, (3,)), 1), seed=4).load_state_dict(without_notes(triple.state_dict()))


@pytest.mark.parametrize("text", [b"{", b"[3]", b'[["sin", 0]]', b"\xff", b"[" * 5000])
def test_a_damaged_note_is_said_to_be(text: bytes):
    model = law({(0, 1, 0): SIN})
    state = model.state_dict() | {f"layers.0.{NOTE}": torch.tensor(list(text), dtype=torch.uint8)}
    with pytest.raises(CheckpointError, match="layers.0._extra_state is no note"):
        model.load_state_dict(state)


def through_safetensors(model: KAN) -> dict[str, Tensor]:
    return safetensors.load(safetensors.save(model.state_dict()))


def through_checkpoint(model: KAN) -> dict[str, Tensor]:
    from torch.distributed.checkpoint.state_dict import get_model_state_dict

    return dict(get_model_state_dict(model))  # type: ignore[arg-type]


def through_average(model: KAN) -> dict[str, Tensor]:
    average = torch.optim.swa_utils.AveragedModel(model)
    average.update_parameters(model)
    average.load_state_dict(copy.deepcopy(average.state_dict()))
    return average.module.state_dict()


def through_mean(model: KAN) -> dict[str, Tensor]:
    return {name: 0.9995 * value + 0.0005 * value for name, value in model.state_dict().items()}


@pytest.mark.parametrize("through", [through_mean, through_safetensors, through_checkpoint, through_average])
def test_notes_go_where_a_state_goes(through: Any):
    model = ew.remove(law({(0, 1, 0): SIN}, (3, (1, 1), 1)), nodes=[(0, 2)])
    again = ew.remove(law({(0, 1, 0): ("sin", 1, 1, 1, 1)}, (3, (1, 1), 1), 9), nodes=[(0, 2)])
    again.load_state_dict(through(model))
    assert_close(again(X), model(X))
    assert_close(torch.func.functional_call(again, model.state_dict(), X), model(X))


def test_a_file_holds_no_notes(tmp_path: Any):
    ew.save(law({(0, 1, 0): SIN}, (3, (1, 1), 1)), tmp_path / "law.safetensors")
    assert not [name for name in safetensors.load_file(tmp_path / "law.safetensors") if NOTE in name]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_mean_of_some_states_is_loaded(count: int):
    models = [law({(0, 1, 0): SIN}, seed=seed) for seed in range(count)]
    states = [model.state_dict() for model in models]
    mean = {name: sum(state[name] for state in states) / count for name in states[0]}
    models[0].load_state_dict(mean)
    assert_close(models[0].state_dict()["layers.0.coef"], mean["layers.0.coef"], like="float64")

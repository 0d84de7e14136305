"""Networks of pykan come along exactly: checkpoints that pykan 0.2.8 wrote, and what it made of rows, lie in
tests/golden/pykan with the script that made them."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import edgewise as ew
from edgewise import primitives
from edgewise.errors import CheckpointError, ConfigError
from edgewise.layers import BOTH, OFF, SPLINE, SYMBOLIC
from helpers import assert_close, assert_equal
from imports.pykan_models import GOLDEN, READ, in_memory

NAMES = sorted(path.name.removesuffix("_state") for path in GOLDEN.glob("*_state"))


def values(name: str) -> tuple[Tensor, Tensor]:
    """Rows, and what pykan made of them."""
    held = load_file(GOLDEN / "values.safetensors")
    return held[f"{name}.x"], held[f"{name}.y"]


def imported(name: str, **settings: Any) -> ew.KAN:
    return ew.from_pykan(GOLDEN / name, **{"columns": READ.get(name), **settings})


# ---------------------------------------------------------------------- the same outputs


def test_there_are_checkpoints_of_every_kind():
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_pykan_inside_the_grids_and_beyond(name):
    x, y = values(name)
    with torch.no_grad():
        assert_close(imported(name)(x), y, like="float64")


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_the_same_function(name):
    x, _ = values(name)
    model = imported(name)
    point = x[60:70].clone().requires_grad_()  # of the rows that reach beyond the grids
    slope = torch.autograd.grad(model(point).sum(), point)[0]
    with torch.no_grad():
        moved = [model(point + 1e-6 * way).sum(1) - model(point - 1e-6 * way).sum(1) for way in torch.eye(x.shape[1])]
    assert_close(slope, torch.stack(moved, 1) / 2e-6, like="difference")


def test_far_outside_only_the_base_function_is_left():
    model = imported("degree_1")  # without base
    x = torch.tensor([[50.0, -50.0], [-1e6, 1e6]], dtype=torch.float64)
    with torch.no_grad():
        first = model.edge_layers[0](x)
    assert_close(first, torch.zeros(2, 2), like="exact")


@pytest.mark.parametrize("name", NAMES)
def test_a_model_in_memory_is_its_checkpoint(name):
    held = in_memory(name)
    before = copy.deepcopy(held)
    model = ew.from_pykan(held)
    assert_equal(dict(model.state_dict()), dict(imported(name).state_dict()))
    assert model.topology == imported(name).topology
    assert repr(held) == repr(before), "the model itself was changed"


# ---------------------------------------------------------------------- parts


def test_edges_that_are_off_closed_or_both_are_so_here_too():
    kind = imported("symbolic").edge_layers[0].kind
    assert kind.tolist() == [[SYMBOLIC, SPLINE, SYMBOLIC, SYMBOLIC], [BOTH, SYMBOLIC, SYMBOLIC, SYMBOLIC]]
    assert int(imported("pruned").edge_layers[0].kind[1, 1]) == OFF
    assert not imported("no_symbols").edge_layers[0].symbolic


def test_closed_forms_come_along_in_the_formula():
    text = str(ew.formula(imported("symbolic"), inputs=("a", "b")))
    assert "exp" in text and "atan" in text and "sign" in text


def test_nodes_that_multiply_are_products():
    assert imported("products").topology.shape_text() == "[2, 2+2x2, 4, 1+1x2]"  # the layer between adds their biases
    assert imported("arities").topology.widths[1] == (1, (2, 3))


def test_knots_that_follow_data_are_kept_for_every_input():
    state = torch.load(GOLDEN / "fitted_state", weights_only=True)
    layer = imported("fitted").edge_layers[0]
    pad = layer.degree + 1
    assert not layer.uniform
    assert torch.equal(layer.knots[:, pad:-pad], state["act_fun.0.grid"])


def test_columns_that_were_pruned_are_told_by_the_user():
    model = imported("pruned_inputs", inputs=("a", "b", "c", "d", "e"))
    assert (model.features, model.used_inputs) == (5, (0, 2, 3))
    x, y = values("pruned_inputs")
    with torch.no_grad():
        assert_close(model(torch.cat([x, torch.full((len(x), 1), 9.0)], 1)), y, like="float64")


def test_it_has_the_dtype_that_was_asked_for():
    assert imported("float32").dtype == torch.float64
    model = imported("plain", dtype=torch.float32)
    x, y = values("plain")
    with torch.no_grad():
        assert_close(model(x.float()), y, like="float32")


# ---------------------------------------------------------------------- what it can do


@pytest.mark.parametrize("name", NAMES)
def test_files_and_pickles_hold_it(name, tmp_path):
    model = imported(name)
    ew.save(model, tmp_path / "kan.safetensors")
    x, _ = values(name)
    for other in (ew.load(tmp_path / "kan.safetensors"), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(x), model(x))


def test_a_fit_goes_on_from_it():
    x = values("fitted")[0][:60]
    y = torch.exp(torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2)
    start = imported("fitted")
    with torch.no_grad():
        before = float((start(x) - y).square().mean())
    result = ew.fit(start, x, y, grids=(start.config.grid_size[0],), restarts=0, steps=20, progress=False)
    assert result.train_loss < before / 10


def test_it_can_be_refined_and_pruned():
    model, (x, y) = imported("plain"), values("plain")
    with torch.no_grad():
        assert_close(ew.refine(model, factor=2)(x), y, like="refine")
    assert ew.summary(ew.remove(model, nodes=[(1, 0)])).edges == 6


def test_other_defaults_of_torch_change_nothing():
    with torch.device("meta"):
        model = imported("symbolic", device="cpu")
    x, y = values("symbolic")
    assert_close(model(x).detach(), y, like="float64")


def test_nothing_else_is_touched(leaves_no_trace):
    imported("plain")


# ---------------------------------------------------------------------- what is refused


def test_a_closed_form_of_ones_own_is_asked_for_by_name():
    held = in_memory("symbolic")
    held.symbolic_fun[0].funs_name[0][0] = "lambert"
    with pytest.raises(CheckpointError, match=r"edge \(0, 0, 0\) carries 'lambert'.*add_primitive"):
        ew.from_pykan(held)
    primitives.add_primitive("lambert", torch.sin)
    try:
        x, y = values("symbolic")
        with torch.no_grad():
            assert_close(ew.from_pykan(held)(x), y, like="float64")
    finally:
        primitives.remove_primitive("lambert")


def test_base_functions_that_are_not_known_are_refused_by_name_unless_no_edge_has_any():
    held = in_memory("plain")
    held.base_fun_name = torch.nn.GELU()
    with pytest.raises(CheckpointError, match="GELU.*silu, identity and zero"):
        ew.from_pykan(held)
    for layer in held.act_fun:
        layer.scale_base = torch.zeros_like(layer.scale_base)
    assert ew.from_pykan(held).config.base == "none"


def test_layers_of_different_degrees_are_refused():
    held = in_memory("plain")
    held.act_fun[1].grid = torch.linspace(-2, 2, 14, dtype=torch.float64).expand(3, 14)  # for 8 basis functions
    with pytest.raises(CheckpointError, match="degrees k=.*3, 5"):
        ew.from_pykan(held)


@pytest.mark.parametrize("source", [None, 3, [], b"plain", ew.KAN((1, 1)), SimpleNamespace(act_fun=3)])
def test_what_is_no_network_of_pykan_is_refused(source):
    with pytest.raises(CheckpointError, match="source must be the path"):
        ew.from_pykan(source)


def test_an_object_that_only_looks_like_one_is_refused():
    odd = SimpleNamespace(act_fun=[SimpleNamespace()], symbolic_fun=[SimpleNamespace()], node_scale=[], mult_arity=2)
    with pytest.raises(CheckpointError, match="none of pykan 0.2"):
        ew.from_pykan(odd)


def test_numbers_that_the_dtype_does_not_hold_are_refused():
    held = in_memory("plain")
    held.act_fun[0].coef = held.act_fun[0].coef.sign() * 1e60
    assert ew.from_pykan(held).dtype == torch.float64
    with pytest.raises(CheckpointError, match=r"e\+\d+ is larger than float32 holds; take dtype=torch.float64"):
        ew.from_pykan(held, dtype=torch.float32)
    held.act_fun[0].scale_sp = torch.full_like(held.act_fun[0].scale_sp, 1e300)
    with pytest.raises(CheckpointError, match="multiply to more than floats hold"):
        ew.from_pykan(held)


def test_knots_that_the_dtype_cannot_tell_apart_are_refused():
    held = in_memory("plain")
    grid = held.act_fun[1].grid
    held.act_fun[1].grid = 1.0 + 1e-9 * torch.arange(grid.shape[1], dtype=torch.float64).expand(grid.shape)
    assert ew.from_pykan(held).dtype == torch.float64
    with pytest.raises(CheckpointError, match="input 0 of layer 1 are too close for float32; take dtype=torch.float64"):
        ew.from_pykan(held, dtype=torch.float32)


@pytest.mark.parametrize("column", [10**12, 2**70])
def test_columns_that_no_machine_holds_are_refused(column):
    held = in_memory("plain")
    with pytest.raises(ConfigError, match=f"reads column {column} would need at least"):
        ew.from_pykan(held, columns=[0, column])
    held.input_id = [0, column]
    with pytest.raises(ConfigError, match=f"reads column {column} would need at least"):
        ew.from_pykan(held)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"columns": (0,)}, "columns needs 2"),
        ({"columns": (0, 0)}, "columns needs 2 different"),
        ({"columns": (0, -1)}, "columns must be"),
        ({"columns": 3}, "columns must be"),
        ({"inputs": ("a",)}, "inputs needs 2 names"),
        ({"inputs": ("a", "a")}, "different"),
        ({"inputs": "ab"}, "inputs"),
        ({"columns": (0, 5), "inputs": ("a", "b")}, "inputs needs 6 names"),
        ({"dtype": "float"}, "dtype"),
        ({"device": "nowhere"}, "device"),
    ],
)
def test_names_and_columns_that_do_not_fit_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        imported("plain", **settings)

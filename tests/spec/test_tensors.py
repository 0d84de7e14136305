"""Tensors of a model: each must have the format, the shape and the kind of values that the description asks for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from altered import networks
from edgewise.errors import CheckpointError
from edgewise.model import KAN
from edgewise.spec import from_spec, spec_of
from edgewise.spec.description import Description, LayerDescription
from edgewise.spec.tensors import FORMATS, check_tensors, no_knots, wanted_tensors
from edgewise.state_notes import without_notes
from helpers import assert_equal

NETWORKS = networks()
NAN, INF = float("nan"), float("inf")


def values(name: str, *numbers: float) -> Any:
    """A change that writes these numbers over the first of a tensor."""

    def change(state: dict[str, Tensor]) -> None:
        state[name] = state[name].clone()
        state[name].view(-1)[: len(numbers)] = torch.tensor(numbers).to(state[name])

    return change


@pytest.mark.parametrize("name", NETWORKS)
def test_wanted_tensors_are_those_of_the_model(name: str) -> None:
    model = NETWORKS[name]
    wanted, held = wanted_tensors(Description.of(model)), without_notes(model.state_dict())
    assert wanted.keys() == held.keys()
    assert {key: tensor.shape for key, tensor in wanted.items()} == {key: tuple(v.shape) for key, v in held.items()}
    check_tensors(Description.of(model), held)


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        ("plain", lambda s: s.pop("layers.0.coef"), "the tensors layers.0.coef are missing"),
        ("plain", lambda s: s.update(more=torch.ones(1)), "the tensors 'more' do not belong there"),
        ("plain", lambda s: s.update(input_shift=torch.zeros(2, dtype=torch.int64)), "is torch.int64, wanted one of"),
        ("plain", lambda s: s.update({"layers.0.bias": torch.zeros(3)}), "torch.float32, wanted torch.float64, as"),
        ("plain", lambda s: s.update({"layers.0.kind": torch.ones(2, 3)}), "kind is torch.float32, wanted torch.uint8"),
        ("symbolic", lambda s: s.update({"layers.0.affine": s["layers.0.affine"].float()}), "affine is torch.float32"),
        ("symbolic", lambda s: s.update({"layers.0.affine": torch.ones(2, 3).double()}), r"\(2, 3\), wanted \(2, 4\)"),
        ("plain", lambda s: s.update({"layers.0.coef": torch.ones(1).double()}), r"shape \(1,\), wanted \(2, 6, 3\)"),
        ("plain", values("layers.0.coef", 0.0, NAN), r"coef holds nan at \(0, 0, 1\) \(1 of 36\), wanted finite"),
        ("plain", values("layers.1.bias", INF), r"bias holds inf at \(0,\)"),
        ("plain", values("layers.0.base_scale", -INF), "base_scale holds -inf"),
        ("symbolic", values("layers.0.affine", NAN), "affine holds nan"),
        ("plain", values("layers.0.knots", NAN), "knots holds nan"),
        ("plain", values("layers.0.knots", 9.0, 9.0), r"knots holds 0 at \(0, 0\) .* wanted steps from knot to knot"),
        ("plain", values("layers.0.knots", -99.0), "knots is said to be uniform, but its steps differ"),
        ("plain", values("input_scale", 0.0), r"input_scale holds 0 at \(0,\) .* one can divide by"),
        ("plain", values("output_scale", 1e-320), "output_scale holds"),
        ("plain", values("output_shift", NAN), "output_shift holds nan"),
        ("plain", values("layers.0.kind", 7), r"kind holds 7 at \(0, 0\) \(1 of 6\), wanted kinds from 0 to 3"),
        ("plain", values("layers.0.kind", 2), r"closed forms to other edges than the description: \(0, 0\)"),
        ("symbolic", values("layers.0.kind", 1, 1), r"closed forms to other edges than the description: \(0, 1\)"),
    ],
)  # fmt: skip
def test_a_tensor_that_does_not_fit_is_named(network: str, change: Any, message: str) -> None:
    model = NETWORKS[network]
    state = dict(model.state_dict())
    change(state)
    with pytest.raises(CheckpointError, match=message):
        check_tensors(Description.of(model), state)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ([0.0, 1.0, 3.0], ""),
        ([0.0, 1.0, 1.0], "holds 0 at (0, 1) (1 of 2), wanted steps"),
        ([2.0, 1.0, 3.0], "holds -1 at (0, 0) (1 of 2), wanted steps"),
        ([0.0, 1e-320, 3.0], "holds 9.99989e-321 at (0, 0)"),  # which nothing can be divided by
        ([-1.7e308, 0.0, 1.7e308], "holds 1.7e+308 at (0, 0) (2 of 2), wanted steps"),  # whose distance overflows
        ([0.0, INF, INF], "holds inf at (0, 1)"),
    ],
)
def test_knots_increase_by_steps_that_one_can_divide_by(row: list[float], fault: str) -> None:
    got = no_knots(LayerDescription(0, "none", False, ()), torch.tensor([row], dtype=torch.float64))
    assert got.startswith(fault) and bool(got) == bool(fault)


def test_all_tensors_that_do_not_fit_come_in_one_message() -> None:
    model = NETWORKS["plain"]
    state = {name: value * NAN if "coef" in name else value for name, value in model.state_dict().items()}
    with pytest.raises(CheckpointError, match="2 problems: layers.0.coef .*; layers.1.coef"):
        check_tensors(Description.of(model), state)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("grid_size", [3, 50])
def test_models_of_every_format_come_back_wider_ones_too(dtype: torch.dtype, grid_size: int) -> None:
    """The knots of a model that was made wider are uniform to the rounding of its old format alone."""

    def made() -> KAN:
        return KAN((2, 2, 1), grid_size=grid_size, domain=(-0.3, 1.0)).to(dtype)

    for kept in (made(), made().double(), ew.widen(made().double(), 1)):
        again = from_spec(spec_of(kept), kept.state_dict())
        for name, value in kept.state_dict().items():
            assert again.state_dict()[name].dtype == value.dtype
            assert_equal(again.state_dict()[name].double(), value.double())


def test_scales_may_turn_an_axis_round() -> None:
    model = NETWORKS["plain"].build(scaling={"input_scale": torch.tensor([-2.0, 1.0]).double()})
    x = torch.rand(5, 2, dtype=torch.float64)
    assert_equal(from_spec(spec_of(model), model.state_dict())(x), model(x))

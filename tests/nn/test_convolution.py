"""Convolutions with a learned function at every place of the kernel."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgewise.errors import ConfigError, ShapeError
from edgewise.nn import KANConv1d, KANConv2d
from helpers import assert_close

F64: dict[str, Any] = {"dtype": torch.float64}
SETTINGS = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"padding": "same"},
    {"padding": "same", "dilation": 2, "padding_mode": "replicate"},
    {"dilation": 2, "stride": 3, "padding": 2},
    {"groups": 2, "padding": 1},
    {"groups": 4, "stride": 2},
    {"padding": 2, "padding_mode": "reflect"},
    {"padding": 2, "padding_mode": "circular", "bias": False},
    {"padding": "valid"},
]


def as_linear(convolution: Any, plain: Any) -> None:
    """Make the convolution of functions that of straight lines, with the weights of a plain one."""
    parts = plain.weight.chunk(convolution.groups)
    with torch.no_grad():
        for k, (layer, weight) in enumerate(zip(convolution.edges, parts, strict=True)):
            layer.coef.zero_()
            layer.base_scale.copy_(weight.movedim((0, 1), (-1, -2)).reshape(layer.base_scale.shape))
            if plain.bias is not None:
                layer.bias.copy_(plain.bias.chunk(convolution.groups)[k])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("dims", [1, 2])
def test_with_straight_lines_it_is_torchs_own_convolution(dims: int, settings: dict[str, Any]):
    made, plain = ((KANConv1d, nn.Conv1d), (KANConv2d, nn.Conv2d))[dims - 1]
    convolution, want = made(4, 8, 3, **settings, base="identity", **F64), plain(4, 8, 3, **settings, **F64)
    as_linear(convolution, want)
    x = torch.randn(2, 4, *(11, 9)[:dims], **F64)
    assert_close(convolution(x), want(x))
    assert_close(convolution(x[0]), want(x[0]))


def test_uneven_kernels_strides_and_paddings():
    settings: dict[str, Any] = {"stride": (1, 2), "padding": (0, 2), "dilation": (2, 1)}
    convolution = KANConv2d(3, 5, (2, 4), **settings, base="identity", **F64)
    want = nn.Conv2d(3, 5, (2, 4), **settings, **F64)
    as_linear(convolution, want)
    x = torch.randn(2, 3, 8, 10, **F64)
    assert_close(convolution(x), want(x))


def test_every_place_of_the_kernel_has_its_own_functions():
    torch.manual_seed(0)
    convolution, x = KANConv2d(2, 3, 2, **F64), torch.randn(1, 2, 4, 5, **F64)
    (layer,), y = convolution.edges, convolution(x)
    assert y.shape == (1, 3, 3, 4)
    want = torch.zeros_like(y)
    for row, column in product(range(3), range(4)):
        seen = torch.stack([x[0, c, row + p, column + q] for p, q, c in product(range(2), range(2), range(2))])
        want[0, :, row, column] = layer.edge_values(seen[None])[0].sum(0) + layer.bias  # type: ignore[operator]
    assert_close(y, want)


def test_padded_places_are_zeros_that_the_functions_see():
    convolution = KANConv1d(1, 1, 3, padding=1, **F64)
    x = torch.randn(1, 1, 6, **F64)
    assert_close(convolution(x)[..., :1], convolution(functional.pad(x, (1, 0)))[..., 1:2])


def test_gradients_by_inputs_and_functions():
    convolution = KANConv2d(2, 2, 2, stride=2, groups=2, **F64)
    x = torch.randn(1, 2, 4, 4, **F64).requires_grad_()
    names = [name for name, _ in convolution.named_parameters()]

    def call(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(convolution, dict(zip(names, values, strict=True)), (x,))

    given = (x, *(p.detach().clone().requires_grad_() for p in convolution.parameters()))
    assert torch.autograd.gradcheck(call, given)


@torch.no_grad()
def test_the_size_of_a_signal_survives_layers():
    torch.manual_seed(0)
    x = torch.randn(4, 8, 12, 12)
    for _ in range(4):
        x = KANConv2d(8, 8, 3, padding=1)(x)
        assert 0.1 < float(x.std()) < 3
        x = functional.instance_norm(x)


def test_wrong_settings_are_one_error():
    with pytest.raises(ConfigError, match=r"3 problems: .*groups.*kernel_size.*stride"):
        KANConv2d(3, 4, (3, 3, 3), stride=0, groups=2)
    for settings, words in [
        ({"padding": "full"}, "'same' with stride 1"),
        ({"padding": "same", "stride": 2}, "'same' with stride 1"),
        ({"padding": -1}, "padding must be a whole number from 0 on"),
        ({"padding_mode": "mirror"}, "padding_mode must be one of zeros"),
        ({"groups": 0}, "groups must be"),
        ({"grid_size": 0}, "grid_size must be"),
    ]:
        with pytest.raises(ConfigError, match=words):
            KANConv1d(2, 4, 3, **settings)


def test_inputs_that_do_not_fit_are_named():
    convolution = KANConv2d(3, 4, 5)
    for bad, words in [
        (torch.zeros(2, 2, 8, 8), r"\(3, n, n\).* got \(2, 2, 8, 8\)"),
        (torch.zeros(3, 8), r"got \(3, 8\)"),
        (torch.zeros(1, 3, 4, 8), "covers 5 places"),
        ([1.0], "got list"),
    ]:
        with pytest.raises(ShapeError, match=words):
            convolution(bad)


@pytest.mark.parametrize(("mode", "most"), [("reflect", 3), ("circular", 4), ("replicate", 9), ("zeros", 9)])
def test_padding_that_x_cannot_give_is_refused(mode: str, most: int):
    x = torch.zeros(1, 1, 4)
    assert KANConv1d(1, 1, 3, padding=most, padding_mode=mode)(x).shape == (1, 1, 2 + 2 * most)
    if most < 9:
        with pytest.raises(ShapeError, match=rf"takes up to {most} places .* asks for {most + 1}"):
            KANConv1d(1, 1, 3, padding=most + 1, padding_mode=mode)(x)

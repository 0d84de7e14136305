"""The feed-forward part of a transformer block."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from edgewise.errors import ConfigError
from edgewise.nn import KANFeedForward
from helpers import assert_close, assert_equal


@pytest.mark.parametrize("gated", [False, True])
def test_it_is_two_layers_of_edges_and_a_gate(gated: bool):
    torch.manual_seed(0)
    part, x = KANFeedForward(8, 12, gated=gated), torch.randn(3, 5, 8)
    nodes = part.up(x)
    if gated:
        assert part.gate is not None
        nodes = nodes * part.gate(x)
    assert_close(part(x), part.down(nodes), like="exact")
    assert part(x).shape == x.shape
    part(x).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters())


def test_dropout_acts_in_training_alone():
    part, x = KANFeedForward(8, 12, dropout=0.5), torch.randn(3, 8)
    assert not torch.equal(part(x), part(x))
    part.eval()
    assert_equal(part(x), part(x))


def test_settings_reach_both_layers():
    part = KANFeedForward(8, 12, bias=False, grid_size=3, degree=2, base=None, domain=(-2, 2), dtype=torch.float64)
    for layer in (part.up, part.down):
        assert (layer.grid_size, layer.degree, layer.base, layer.bias) == (3, 2, "none", None)
        assert_close(torch.stack(layer.interval)[:, 0], [-2.0, 2.0])
        assert layer.coef.dtype == torch.float64


@torch.no_grad()
def test_a_fresh_part_keeps_the_size_of_its_inputs():
    """Neither vanishing nor exploding through ten of them behind normalisations, as in a transformer."""
    torch.manual_seed(0)
    x = torch.randn(200, 32)
    for _ in range(10):
        y = KANFeedForward(32, 64)(nn.functional.layer_norm(x, (32,)))
        assert 0.1 < float(y.std()) < 3
        x = x + y
    assert float(x.std()) < 10


def test_torchs_seed_decides():
    torch.manual_seed(1)
    first = KANFeedForward(4, 6, gated=True).state_dict()
    torch.manual_seed(1)
    part = KANFeedForward(4, 6, gated=True)
    assert_equal(part.state_dict(), first)
    torch.manual_seed(1)
    part.reset_parameters()
    assert_equal(part.state_dict(), first)


def test_wrong_settings_are_named():
    with pytest.raises(ConfigError, match="dropout must be a number from 0 to 1, got 2"):
        KANFeedForward(4, 6, dropout=2)
    with pytest.raises(ConfigError, match="gated must be True or False"):
        KANFeedForward(4, 6, gated=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="got 0"):
        KANFeedForward(4, 0)

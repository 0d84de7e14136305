"""A network that comes back from a file has its form again."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise import pde
from edgewise.errors import ConfigError
from helpers import assert_equal


def test_a_solution_is_put_together_again(tmp_path):
    hot = pde.Dirichlet(lambda x: torch.exp(x[:, 0]), hard=True)
    sol = pde.solve(ew.KAN((1, 1), degree=5, base=None), lambda u, x: u(0, 0) - u(), domain=((0, 1),), points=40,
                    conditions=[hot], steps=10, grids=(4,), restarts=0, progress=False)  # fmt: skip
    ew.save(sol.model.network, tmp_path / "network.safetensors")
    again = pde.constrained(ew.load(tmp_path / "network.safetensors"), domain=((0, 1),), conditions=[hot])
    x = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    assert_equal(again(x).detach(), sol.model(x).detach())


def test_slabs_and_other_modules_have_forms():
    slabs = pde.TimeSlabs([ew.KAN((2, 1)), ew.KAN((2, 1), seed=1)], [0.5])
    module = torch.nn.Linear(2, 1, dtype=torch.float64)
    x = torch.tensor([[0.0, 0.2], [1.0, 0.9]], dtype=torch.float64)
    for network in (slabs, module):
        model = pde.constrained(network, domain=((0, 1), (0, 1)), conditions=[pde.Dirichlet(2.0, hard=True)])
        assert model(x).detach().tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize("network, conditions, words", [
    (3, [], "network must be"),
    (ew.KAN((2, 1)), [], "takes 2 inputs"),
    (ew.KAN((1, 1)), None, "conditions must be a list"),
])  # fmt: skip
def test_what_has_no_form_is_refused(network: Any, conditions: Any, words: str):
    with pytest.raises(ConfigError, match=words):
        pde.constrained(network, domain=((0, 1),), conditions=conditions)

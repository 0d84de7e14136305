"""Jets of any module: derivatives and Jacobian agree with nested autograd, and with the jets of a KAN."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.errors import ShapeError, TrainingError
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.module_jets import ModuleJets
from helpers import assert_close

from .autograd import jacobian, partial

# torch itself uses torch.jit.script when forward mode is first entered
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

INDICES = Indices.closing([(2, 1), (0, 3)])


def perceptron() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 2)).double()


def test_derivatives_and_jacobian_are_those_of_autograd():
    module = perceptron()
    x = torch.rand(3, 2, dtype=torch.float64, requires_grad=True)
    slopes = torch.randn(len(INDICES), 3, 2, 2, dtype=torch.float64)
    parts = [partial(module, x, entry) for entry in INDICES.entries]
    residual = torch.stack([torch.einsum("bko,bo->bk", slopes[a], part) for a, part in enumerate(parts)]).sum(0)
    want = jacobian(residual, list(module.parameters()))
    jets = ModuleJets(module, 2)
    done = jets.forward(x.detach(), INDICES)
    assert_close(done.derivatives, torch.stack(parts).detach(), like="formula")
    assert_close(jets.rows(done, slopes), want, like="formula")


def test_loaded_parameters_count():
    jets = ModuleJets(perceptron(), 2)
    x, theta = torch.rand(3, 2, dtype=torch.float64), jets.start()
    before = jets.derivatives(x, INDICES)
    jets.load(theta * 1.1)
    assert not torch.allclose(before, jets.derivatives(x, INDICES))


def test_a_kan_wrapped_as_a_module_has_the_jets_of_a_kan():
    class Wrapped(nn.Module):
        def __init__(self, model: ew.KAN) -> None:
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model(x)

    model = ew.KAN((2, 3, 1), degree=5, seed=1)
    x, indices = torch.rand(4, 2, dtype=torch.float64), Indices.closing([(1, 1), (2, 0)])
    wrapped, plain = ModuleJets(Wrapped(model.build()), 2), KanJets(model.build())
    assert_close(wrapped.derivatives(x, indices), plain.derivatives(x, indices), like="formula")


def test_modules_that_cannot_serve_are_refused():
    with pytest.raises(TrainingError, match="cannot be called with x of shape"):
        ModuleJets(nn.Linear(3, 1).double(), 2)
    with pytest.raises(ShapeError, match="must give"):
        ModuleJets(nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)).double(), 2)

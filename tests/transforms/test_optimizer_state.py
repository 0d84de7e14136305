"""What an optimizer knows, carried over to other grids."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.layers import KANLayer
from helpers import assert_close, assert_equal

from .networks import spline_layers

F64: dict[str, Any] = {"dtype": torch.float64}
OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "AdamW amsgrad": lambda p: torch.optim.AdamW(p, lr=0.02, amsgrad=True),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.02),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.02),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.02),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.02, momentum=0.5, centered=True),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.02),
    "Adadelta": lambda p: torch.optim.Adadelta(p),
    "Rprop": lambda p: torch.optim.Rprop(p),
}


def trained(name: str, steps: int = 12) -> tuple[nn.Sequential, torch.optim.Optimizer]:
    """A hybrid in the middle of its training, and the optimizer."""
    torch.manual_seed(0)
    net = nn.Sequential(ew.nn.HybridLinear(5, 4, **F64), KANLayer(4, 2, seed=1, **F64))
    optimizer = OPTIMIZERS[name](net.parameters())
    for _ in range(steps):
        step(net, optimizer)
    return net, optimizer


def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One step on a fixed batch, of which every basis function meets rows."""
    x = 2 * torch.randn(300, 5, generator=torch.Generator().manual_seed(1), **F64)
    optimizer.zero_grad()
    (net(x) - torch.sin(x[:, :2] * x[:, 1:3])).square().mean().backward()
    optimizer.step()


def coast(net: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """How the parameters move in a step whose gradient is zero: by what the optimizer remembers."""
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    return {name: p.detach() - before[name] for name, p in net.named_parameters()}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("verb", ["refine", "extend", "adapt"])
def test_training_goes_on_with_the_new_module(name: str, verb: str):
    net, optimizer = trained(name)
    x = 4 * torch.randn(50, 5, **F64)
    before = copy.deepcopy(net.state_dict())
    new = ew.refine(net, optimizer=optimizer) if verb == "refine" else getattr(ew, verb)(net, x, optimizer=optimizer)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in new.parameters()} == {id(p) for p in optimizer.state}
    for p, state in optimizer.state.items():
        assert all(v.shape == p.shape for v in state.values() if isinstance(v, Tensor) and v.dim() > 0)
        assert all(bool(v.isfinite().all()) for v in state.values() if isinstance(v, Tensor))
    step(new, optimizer)
    assert_equal(net.state_dict(), before)
    assert all(bool(p.isfinite().all()) for p in new.parameters())


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW amsgrad", "NAdam"])
@pytest.mark.parametrize("factor", [2, 3])
def test_the_pending_step_is_the_same_function_after_refining(name: str, factor: int):
    net, optimizer = trained(name)
    for group in optimizer.param_groups:  # beside a magnitude that is smaller now, eps would be another part
        group["weight_decay"], group["eps"] = 0.0, 0.0
    twin, its = copy.deepcopy((net, optimizer))
    old_moves = coast(twin, its)
    new = ew.refine(net, factor=factor, optimizer=optimizer)
    moves = coast(new, optimizer)
    for old, fresh in zip(spline_layers(net), spline_layers(new), strict=True):
        name_ = [n for n, p in net.named_parameters() if p is old.coef][0]
        moved = KANLayer.build(**{**old.parts(), "coef": old_moves[name_]})
        want = ew.refine(moved, factor=factor).coef
        assert_close(moves[name_], want, like="derivative")
        assert fresh.grid_size == factor * old.grid_size
    for name_, p in net.named_parameters():
        if p.shape == moves[name_].shape:
            assert_close(moves[name_], old_moves[name_], like="exact")


def test_parameters_that_keep_their_shape_take_the_same_step_with_a_gradient():
    """Refining in the middle of training changes neither outputs nor the direction of the other parameters."""
    net, optimizer = trained("Adam")
    twin, its = copy.deepcopy((net, optimizer))
    x = 2 * torch.randn(60, 5, **F64)
    new = ew.refine(net, optimizer=optimizer)
    assert_close(new(x), net(x), like="refine")
    before = {name: p.detach().clone() for name, p in new.named_parameters()}
    step(new, optimizer)
    step(twin, its)
    theirs = dict(twin.named_parameters())
    for name, p in new.named_parameters():
        if p.shape == theirs[name].shape:
            old = dict(net.named_parameters())[name]
            assert_close(p - before[name], theirs[name] - old, like="derivative")


def test_the_refined_function_goes_the_same_way_as_the_coarse_one_would():
    """Coefficients meet new gradients on the fine grid, so their step is another, but not by much."""
    net, optimizer = trained("Adam", steps=30)
    twin, its = copy.deepcopy((net, optimizer))
    x = 2 * torch.randn(500, 5, **F64)
    new, start = ew.refine(net, optimizer=optimizer), net(x).detach()
    step(new, optimizer)
    step(twin, its)
    fine, coarse = (new(x) - start).detach().flatten(), (twin(x) - start).detach().flatten()
    assert float(torch.dot(fine, coarse) / (fine.norm() * coarse.norm())) > 0.95


def test_groups_and_parameters_of_others_stay():
    net, other = nn.Sequential(KANLayer(3, 2), nn.Linear(2, 1)), nn.Linear(2, 2)
    groups = [
        {"params": [net[0].coef], "lr": 0.5},
        {"params": [p for p in net.parameters() if p is not net[0].coef] + list(other.parameters())},
    ]
    optimizer = torch.optim.Adam(groups, lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    (net(torch.randn(9, 3)).sum() + other(torch.randn(9, 2)).sum()).backward()
    optimizer.step()
    new = ew.refine(net, optimizer=optimizer)
    first, second = optimizer.param_groups
    assert first["lr"] == 0.5 and first["params"][0] is new[0].coef  # type: ignore[union-attr]
    assert {id(p) for p in other.parameters()} <= {id(p) for p in second["params"]}
    assert other.weight in optimizer.state
    schedule.step()
    assert first["lr"] == 0.25


def test_a_kan_takes_its_optimizer_along():
    model = ew.KAN((2, 3, 1), seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x = torch.rand(50, 2, **F64)
    model(x).square().mean().backward()
    optimizer.step()
    fine = ew.refine(model, optimizer=optimizer)
    assert {id(p) for p in optimizer.state} == {id(p) for p in fine.parameters()}
    fine(x).square().mean().backward()
    optimizer.step()


def test_an_optimizer_without_steps_has_nothing_to_carry():
    net = nn.Sequential(KANLayer(3, 2))
    optimizer = torch.optim.Adam(net.parameters())
    new = ew.refine(net, optimizer=optimizer)
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in new.parameters()]
    assert not optimizer.state


def test_what_cannot_go_on_is_refused_before_anything_changes():
    net = nn.Sequential(KANLayer(3, 2))
    with pytest.raises(ConfigError, match="must be a torch.optim.Optimizer, got 'adam'"):
        ew.refine(net, optimizer="adam")  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="holds no parameter of the module"):
        ew.refine(net, optimizer=torch.optim.Adam(nn.Linear(2, 2).parameters()))
    optimizer = torch.optim.LBFGS(net.parameters())

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = net(torch.ones(4, 3)).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]
    held = list(optimizer.param_groups[0]["params"])
    with pytest.raises(ConfigError, match="of LBFGS .* make a new optimizer"):
        ew.refine(net, optimizer=optimizer)
    assert all(a is b for a, b in zip(held, optimizer.param_groups[0]["params"], strict=True))


def test_a_hybrid_of_an_image_classifier_is_refined_in_the_middle_of_its_training():
    """[784, 64, 10] in single precision: neither outputs nor the next step change beyond rounding."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    net = nn.Sequential(ew.nn.HybridLinear(784, 64), nn.LayerNorm(64), KANLayer(64, 10, domain=(-3, 3)))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    x, classes = torch.randn(128, 784, generator=generator), torch.arange(128) % 10

    def learn(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), classes).backward()
        optimizer.step()

    for _ in range(5):
        learn(net, optimizer)
    twin, its = copy.deepcopy((net, optimizer))
    new, start = ew.refine(net, factor=2, optimizer=optimizer), net(x).detach()
    assert float((new(x).detach() - start).abs().max()) < 1e-6 * float(start.abs().max())
    held = {name: p.detach().clone() for name, p in new.named_parameters()}
    pending, theirs = coast(*copy.deepcopy((new, optimizer))), coast(*copy.deepcopy((twin, its)))
    for name, p in twin.named_parameters():
        if p.shape == held[name].shape:
            assert_close(pending[name], theirs[name], like="float32")
    learn(new, optimizer)
    learn(twin, its)
    before = {name: p.detach() for name, p in net.named_parameters()}
    for name, p in twin.named_parameters():
        if p.shape == held[name].shape:  # weights, biases, norms, base scales
            fine, coarse = (new.get_parameter(name).detach() - held[name], p.detach() - before[name])
            assert float((fine - coarse).norm()) < 1e-3 * float(coarse.norm()), name
    fine, coarse = (new(x).detach() - start).flatten(), (twin(x).detach() - start).flatten()
    assert float(torch.dot(fine, coarse) / (fine.norm() * coarse.norm())) > 0.99


def test_an_optimizer_with_its_own_list_of_parameters_is_refused_before_its_first_step():
    layer = KANLayer(2, 1)
    with pytest.raises(ConfigError, match="LBFGS keeps a list of its own"):
        ew.refine(layer, 10, optimizer=torch.optim.LBFGS(layer.parameters()))

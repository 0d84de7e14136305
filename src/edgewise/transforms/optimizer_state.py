"""The state of an optimizer, carried over from a module to one with other grids.

A change of the grid is linear in the coefficients, c' = T c, so directions in their space follow it. Magnitudes, such
as means of squared gradients, must stay positive: each new function takes that of the old one nearest to it. A gradient
by a coefficient grows with the width of its function, and magnitudes are scaled accordingly.

So the step that Adam would take without a new gradient, exp_avg / sqrt(exp_avg_sq), is the same function before and
after: exp_avg' = sqrt(v') T(exp_avg / sqrt(v)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import ConfigError, shown
from .followers import Follower, followers

# magnitudes by the names of torch's optimizers, and the mean that one of them subtracts -> the power of the width of a
# function with which they grow
MAGNITUDES = {
    "exp_avg_sq": 2,
    "max_exp_avg_sq": 2,
    "square_avg": 2,
    "grad_avg": 1,
    "sum": 2,
    "exp_inf": 1,
    "acc_delta": 0,
    "step_size": 0,
}
# what a mean of gradients is divided by to give the step, the first that there is, and the power that it enters with
DIVISORS = (("max_exp_avg_sq", 0.5), ("exp_avg_sq", 0.5), ("exp_inf", 1.0))


def check_optimizer(optimizer: object, module: nn.Module) -> None:
    """Raise `ConfigError` for what is no optimizer of the module, or keeps a state that cannot be carried over."""
    if not isinstance(optimizer, Optimizer):
        raise ConfigError(f"optimizer must be a torch.optim.Optimizer, got {shown(optimizer)}")
    own = {id(p) for p in module.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ConfigError("optimizer holds no parameter of the module; make it over module.parameters()")
    for p, state in optimizer.state.items():
        for name, value in state.items():
            odd = isinstance(value, list | tuple | dict) or (
                isinstance(value, Tensor) and value.dim() > 0 and value.shape != p.shape
            )
            if id(p) in own and odd:
                raise ConfigError(
                    f"the state {name!r} of {type(optimizer).__name__} is not of its parameter's shape and cannot"
                    " follow a change of the grid; make a new optimizer over the new module's parameters"
                )
    for name, value in vars(optimizer).items():  # L-BFGS has one, which would go on with the old parameters
        if isinstance(value, list | tuple) and any(isinstance(p, Tensor) and id(p) in own for p in value):
            raise ConfigError(
                f"{type(optimizer).__name__} keeps a list of its own ({name!r}) of the parameters and cannot follow a"
                " change of the grid; make a new optimizer over the new module's parameters"
            )


def carry(
    optimizer: Optimizer, module: nn.Module, new: nn.Module, changes: Sequence[tuple[nn.Module, nn.Module, Any]]
) -> None:
    """The optimizer goes on with the parameters of the new module; those of other modules it keeps.

    Args:
        optimizer: one that `check_optimizer` lets pass.
        module: the module that it has trained.
        new: the same with other grids: parameters of the same names.
        changes: for each layer with another grid: the old one, the new one, and how it became that.
    """
    names = dict(new.named_parameters())
    follows: dict[Tensor, Tensor] = {p: names[name] for name, p in module.named_parameters()}
    moves: dict[Tensor, Follower] = {}
    for old, fresh, change in changes:
        moves |= followers(old, fresh, change)
    states = {}
    for p, state in optimizer.state.items():
        states[follows.get(p, p)] = _carried(state, moves[p]) if p in moves else state
    for group in optimizer.param_groups:
        group["params"] = [follows.get(p, p) for p in group["params"]]
    optimizer.state.clear()
    optimizer.state.update(states)


@torch.no_grad()
def _carried(state: dict[str, Any], follower: Follower) -> dict[str, Any]:
    """The state of one parameter of a layer that changed."""
    sized = {name for name, value in state.items() if isinstance(value, Tensor) and value.dim() > 0}
    found = {name: value.clone() if isinstance(value, Tensor) else value for name, value in state.items()}
    for name in sized & MAGNITUDES.keys():
        found[name] = follower.magnitude(state[name], MAGNITUDES[name])
    divisor, power = next((pair for pair in DIVISORS if pair[0] in sized), ("", 0.0))
    for name in sized - MAGNITUDES.keys():
        if divisor and name == "exp_avg":
            before, after = state[divisor] ** power, found[divisor] ** power
            found[name] = after * follower.moved(torch.where(before > 0, state[name] / before, 0.0))
        else:
            found[name] = follower.moved(state[name])
    return found

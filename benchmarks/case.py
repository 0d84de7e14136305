"""One contestant on one shape: how it is run, and what its outputs and gradients have to be. Letters: b batch, i input
node, o output node."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

import edgewise as ew

from .shapes import NORMAL, Shape

REFERENCE, ITSELF = "edgewise's reference in float64", "its own run in float64"


@dataclass(frozen=True)
class Case:
    """call: inputs (b, i) -> (b, o). leaves: the inputs, then the parameters, all float32. truth: float64 leaves -> (b,
    o). cotangent (b, o)."""

    call: Callable[[Tensor], Tensor]
    leaves: tuple[Tensor, ...]
    truth: Callable[..., Tensor]
    against: str
    cotangent: Tensor

    def forward(self) -> Tensor:
        """Outputs (b, o), without a graph."""
        with torch.no_grad():
            return self.call(self.leaves[0])

    def both(self) -> tuple[Tensor, ...]:
        """Outputs (b, o), and the gradient of each leaf."""
        y = self.call(self.leaves[0])
        return (y, *torch.autograd.grad(y, self.leaves, self.cotangent))


def error(case: Case) -> float:
    """The largest difference of outputs and gradients from the truth, each as a part of the largest magnitude there;
    NaN counts as infinite."""
    got = case.both()
    exact = [leaf.detach().double().requires_grad_() for leaf in case.leaves]
    with ew.use_backend("reference"), torch.compiler.set_stance("force_eager"):
        y = case.truth(*exact)
        wanted = (y, *torch.autograd.grad(y, exact, case.cotangent.double()))
    pairs = [(a.detach().double(), b.detach()) for a, b in zip((*got, case.forward()), (*wanted, y), strict=True)]
    return max(float((a - b).abs().nan_to_num(torch.inf).max()) / (float(b.abs().max()) or 1.0) for a, b in pairs)


def of_module(
    module: nn.Module, x: Tensor, cotangent: Tensor, against: str, first: Callable[..., Tensor] = lambda y: y
) -> Case:
    """The case of a module whose truth is the module itself in float64; `first` takes the output out of what it
    returns. The module moves to the device of its inputs."""
    module = module.to(x.device)
    exact = copy.deepcopy(module).double()  # before the first call: pykan keeps activations in the module
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    gradients = torch.autograd.grad(first(module(x)), list(named.values()), cotangent, allow_unused=True)
    names = [name for name, gradient in zip(named, gradients, strict=True) if gradient is not None]

    def truth(x: Tensor, *parameters: Tensor) -> Tensor:
        return first(functional_call(exact, dict(zip(names, parameters, strict=True)), (x,)))

    return Case(lambda x: first(module(x)), (x, *(named[name] for name in names)), truth, against, cotangent)


def data(shape: Shape) -> tuple[Tensor, Tensor]:
    """Inputs (b, i) and a cotangent (b, o), on the device of the shape."""
    stream, size = torch.Generator().manual_seed(0), (shape.batch, shape.widths[0])
    normal = shape.inputs == NORMAL
    x = torch.randn(size, generator=stream) if normal else 2 * torch.rand(size, generator=stream) - 1
    cotangent = torch.randn(shape.batch, shape.widths[-1], generator=stream)
    return x.to(shape.device).requires_grad_(), cotangent.to(shape.device)

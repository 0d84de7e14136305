"""A term of the objective: points, and a function of the solution there that shall vanish.

Letters: b point, d input, a multi-index, k residual, o output, q what else is known of a point, u unknown constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import ConfigError, ShapeError, clipped, shown
from .field import Field
from .indices import Indices

Residual = Callable[[Any, Tensor, Tensor], Any]


class Slopes(NamedTuple):
    """A residual (b, k) and its derivatives: by those of the solution (a, c b, k, o), by the unknowns (b, k, u)."""

    value: Tensor
    by_solution: Tensor
    by_unknowns: Tensor


@dataclass(frozen=True, eq=False)
class ResidualTerm:
    """residual(u, x, given), of shape (b, k), at every point.

    name: in messages and results. x (c b, d): the points; c is the number of places that one residual couples, 2 for a
    periodic boundary, else 1. given (c b, q): what else the residual knows of each point. indices: which derivatives it
    takes.
    """

    name: str
    x: Tensor
    given: Tensor
    residual: Residual
    indices: Indices
    places: int = 1

    @property
    def count(self) -> int:
        """Points, those of coupled places once."""
        return len(self.x) // self.places

    def part(self, rows: slice) -> ResidualTerm:
        """The same term at some of its points."""
        x, given = (
            whole.view(self.places, self.count, whole.shape[1])[:, rows].flatten(0, 1) for whole in (self.x, self.given)
        )
        return ResidualTerm(self.name, x, given, self.residual, self.indices, self.places)

    def value(self, derivatives: Tensor, constants: Mapping[str, Tensor]) -> Tensor:
        """The residual (b, k), from the derivatives (a, c b, o) of the solution."""
        with torch.no_grad():
            return self._called(derivatives, constants)

    def slopes(self, derivatives: Tensor, constants: Mapping[str, Tensor]) -> Slopes:
        """The residual and what it is to the solution and the unknowns, by autograd through the user's function alone.

        A residual sees no other point than its own, so the gradient of a column's sum holds all its derivatives.
        """
        with torch.enable_grad():
            free = derivatives.detach().requires_grad_()
            # each point gets its own copy of a constant, so that one gradient tells them apart
            names = list(constants)
            own = torch.stack([constants[name] for name in names]).expand(self.count, -1).clone() if names else None
            if own is not None:
                own.requires_grad_()
                copies = {name: own[:, [place]].repeat(self.places, 1) for place, name in enumerate(names)}
            else:
                copies = {}
            value = self._called(free, copies)
            by_solution, by_unknowns = [], []
            for column in value.unbind(1):
                wanted = [free] if own is None else [free, own]
                if column.requires_grad:
                    found = torch.autograd.grad(column.sum(), wanted, retain_graph=True, allow_unused=True)
                else:
                    found = (None,) * len(wanted)
                by_solution.append(torch.zeros_like(free) if found[0] is None else found[0])
                if own is not None:
                    by_unknowns.append(torch.zeros_like(own) if found[1] is None else found[1])
        unknown = torch.stack(by_unknowns, 1) if own is not None else value.new_zeros(*value.shape, 0)
        return Slopes(value.detach(), torch.stack(by_solution, 2).detach(), unknown.detach())

    def _called(self, derivatives: Tensor, constants: Mapping[str, Tensor]) -> Tensor:
        return columns(
            self.residual(Field(derivatives, self.indices, constants), self.x, self.given), self.count, self.name
        )


def columns(answer: Any, count: int, name: str) -> Tensor:
    """What a user's equation gives, as (count, k): a tensor (count,) or (count, k), or a tuple of such.

    Raises `ShapeError` for another shape, and `ConfigError` for what is no tensor.

    >>> columns((torch.zeros(3), torch.zeros(3, 2)), 3, "the equation").shape
    torch.Size([3, 3])
    """
    parts: Sequence[Any] = answer if isinstance(answer, tuple | list) else (answer,)
    found = []
    for part in parts:
        if not isinstance(part, Tensor):
            raise ConfigError(
                f"{name} must give a tensor, or a tuple of tensors, one entry per point; got {shown(part)}"
            )
        if not part.is_floating_point():
            raise ConfigError(
                f"{name} must give real numbers, got {str(part.dtype).removeprefix('torch.')}; give real and imaginary"
                " parts as a tuple, and differences in place of comparisons"
            )
        if part.ndim not in (1, 2) or len(part) != count:
            raise ShapeError(f"{name} must give ({count},) or ({count}, k) for {count} points, got {tuple(part.shape)}")
        found.append(part[:, None] if part.ndim == 1 else part)
    if not found:
        raise ConfigError(f"{name} must give a residual, got nothing")
    return torch.cat(found, 1).to(torch.float64)


def called(function: Callable[..., Any], name: str, *arguments: Any) -> Any:
    """What a user's function gives. Its own errors become a `ConfigError` that names it; ours go through."""
    from ..errors import EdgewiseError

    try:
        return function(*arguments)
    except EdgewiseError:
        raise
    except Exception as error:  # of the user's code, which may raise anything
        raise ConfigError(f"{name} failed when it was called: {type(error).__name__}: {clipped(error)}") from error

"""The constants of a formula and how well the data determine them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import SymbolicError
from ..model import KAN, as_kan
from ..topology import Edge
from .drop import undetermined
from .given_rows import given_rows
from .simple_numbers import exact
from .snap import spreads
from .task import SymbolicTask, present_forms, to_program


@dataclass(frozen=True)
class Constant:
    """One constant of a network of closed forms.

    edge, name: a, b or c of an edge, or "bias" of a subnode, whose edge is (layer, None, subnode). error: its standard
    error, the others free too; 0 for one that is set to a simple number.
    """

    edge: tuple[int, int | None, int] | Edge
    name: str
    value: float
    error: float


def constants(model: KAN, X: Any, y: Any, *, sample_weight: Any = None) -> list[Constant]:
    """All constants of a model whose edges are all closed forms, with standard errors.

    The errors come from the curvature of the loss, all free constants moving together. Source: Seber & Wild 1989,
    Nonlinear Regression, section 2.1.

    Args:
        model: a KAN, or the result of a fit.
        X (n, features): the rows that determine the constants; a tensor, an array or a DataFrame.
        y (n,), (n, outputs) or class labels (n,): the targets.
        sample_weight (n,): what each row counts.

    Returns:
        The constants, in the units of X and y. One that is a simple number to its last digit (1, pi/2, 3/4) counts as
        set, with error 0.

    Raises:
        SymbolicError: a model with splines, or constants that the rows do not determine. `symbolify` brings them into
            a form that they do.
        StructureError: for anything but a KAN.
        DataError, ShapeError: rows that do not fit the model.

    >>> import torch, edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("exp", 1.23456789, 0.0, 1.0, 0.0)})
    >>> X = torch.rand(100, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> [(c.name, c.value) for c in constants(model, X, model(X) + 0.01 * X**3) if c.error > 0]
    [('a', 1.23456789)]
    """
    model = as_kan(model, "constants")
    task = SymbolicTask.create(model, *given_rows(model, X, y, sample_weight, None))
    forms = present_forms(task.model)
    missing = [edge for edge in model.active_edges() if model.topology.edge_position(edge) not in forms]
    if missing:
        raise SymbolicError(
            f"{len(missing)} edges have no closed form, the first of them {missing[0]}; symbolify the model first"
        )
    program = to_program(task.model, forms)
    free = program.theta.clone().bool()
    for n, value in enumerate(program.theta.tolist()):
        free[n] = exact(value) is None
    if undetermined(program, task, free):
        raise SymbolicError(
            "the data do not determine the constants of this network: several sets of them give the same function;"
            " symbolify it"
        )
    errors, _ = spreads(program, free, task.x, task.y, task.loss, task.weight)
    found, start = [], 0
    for number, stage in enumerate(program.stages):
        edges = [model.topology.edge_at(number, term.src, term.dst) for term in stage.terms]
        owners: list[tuple[Any, str]] = [(edge, name) for name in "abc" for edge in edges]
        owners += [((number, None, subnode), "bias") for subnode in model.topology.subnode_ids(number + 1)]
        for place, (edge, name) in enumerate(owners, start=start):
            found.append(Constant(edge, name, float(program.theta[place]), float(errors[place])))
        start += len(owners)
    return found

"""What learns the tasks, one after the other or all at once: a KAN of one layer, perceptrons, a linear map.

Each gives, after every task, a function from x (n, 16) to a score of each class (n, 10), and its parameters. What it
gives is good until the next task is asked for: perceptrons learn in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import edgewise as ew

from .digits import CLASSES, Rows

Scores = Callable[[Tensor], Tensor]
Learner = Iterator[tuple[Scores, int]]
GRID, HIDDEN = 3, 48  # intervals of the KAN's edges; hidden nodes of the perceptron, of about as many parameters
STEPS, RATE = 300, 1e-2  # of Adam, over all rows of a task
STRENGTHS = (1.0, 1e1, 1e2, 1e4, 1e6, 1e8)  # of the consolidation; the best on the judging rows, in its favour
RIDGE = 1e-3  # of the linear map, per row

KAN_SETTINGS: dict[str, Any] = {"grids": (GRID,), "restarts": 0, "steps": 3, "progress": False}


def kan(tasks: Sequence[Rows], memory: bool, seed: int) -> Learner:
    """A KAN [16, 10] fitted to the classes as numbers 0 and 1, task by task."""
    model, result = ew.KAN((16, CLASSES), grid_size=GRID, seed=seed), None
    for x, classes in tasks:
        target = functional.one_hot(classes, CLASSES).double()
        result = ew.fit(model, x, target, memory=result if memory else None, seed=seed, **KAN_SETTINGS)
        model = result.model
        yield model, sum(p.numel() for p in model.parameters())


def linear(tasks: Sequence[Rows]) -> Learner:
    """Ridge regression on the classes as numbers 0 and 1. Sums of products are all that it keeps of a task."""
    square, product = torch.zeros(17, 17, dtype=torch.float64), torch.zeros(17, CLASSES, dtype=torch.float64)
    for x, classes in tasks:
        rows = functional.pad(x, (0, 1), value=1.0)
        square += rows.T @ rows + RIDGE * len(x) * torch.eye(17, dtype=torch.float64)
        product += rows.T @ functional.one_hot(classes, CLASSES).double()
        weight = torch.cholesky_solve(product, torch.linalg.cholesky(square))
        yield partial(_mapped, weight), weight.numel()


def _mapped(weight: Tensor, x: Tensor) -> Tensor:
    return functional.pad(x, (0, 1), value=1.0) @ weight


def perceptron(tasks: Sequence[Rows], strength: float, seed: int, steps: int = STEPS) -> Learner:
    """An MLP of one hidden layer under cross-entropy. `strength`: of what holds parameters where earlier tasks need
    them (Kirkpatrick et al. 2017, arXiv 1612.00796); 0 for none."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(16, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, CLASSES)).double()
    parameters, held = list(model.parameters()), []
    for x, classes in tasks:
        optimizer = torch.optim.Adam(parameters, RATE)
        for _ in range(steps):
            loss = functional.cross_entropy(model(x), classes)
            for centre, weight in held:
                pulls = zip(parameters, centre, weight, strict=True)
                loss = loss + strength * sum((w * (p - c).square()).sum() for p, c, w in pulls)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if strength:
            held.append(([p.detach().clone() for p in parameters], fisher(model, x)))
        yield model, sum(p.numel() for p in parameters)


def fisher(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The diagonal of the Fisher information over the rows x (n, 16), classes as the model believes."""
    named = {name: p.detach() for name, p in model.named_parameters()}

    def log_likelihood(state: dict[str, Tensor], row: Tensor, one_class: Tensor) -> Tensor:
        return torch.func.functional_call(model, state, (row[None],))[0].log_softmax(-1) @ one_class

    one = torch.func.grad(log_likelihood)
    slopes = torch.func.vmap(torch.func.vmap(one, (None, None, 0)), (None, 0, None))(
        named, x, torch.eye(CLASSES).double()
    )
    with torch.no_grad():
        share = model(x).softmax(-1)
    return [torch.einsum("nk,nk...->...", share, slopes[name].square()) / len(x) for name in named]

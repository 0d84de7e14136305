"""The posterior mode under inequalities: the functions of some inputs are held to a shape.

Strengths and terms stay those of the free fit. The mode under the inequalities is the point of the allowed region that
is nearest to the free mode, in the metric of the posterior's precision: a least distance problem, which non-negative
least squares solve exactly (Lawson & Hanson 1974, chapter 23). Losses that are no parabola take Newton steps of it.

Letters: m functions, c inequalities.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...errors import TrainingError
from .chosen_terms import Model, Task
from .laplace import taylor
from .likelihoods import Classes, Likelihood, Scored
from .marginal import Posterior, Prior, factor_of
from .shapes import Shape
from .terms import Term, prior_of
from .tuning import TUNED
from .variables import CURVE, LINE, Variable


def held(task: Task, found: Model, shapes: Mapping[int, Shape], margin: float) -> Model:
    """The model whose functions of some inputs have the shapes asked for. No pair may hold such an input.

    Args:
        task: rows and target.
        found: the model without shapes.
        shapes: by the position of the input.
        margin: by what part of its size a slope stays away from zero, so that round-off does not change its sign.
    """
    terms, posterior, prior = found.terms, found.posterior, prior_of(found.terms, found.common)
    two = posterior.coef.ndim == 2  # classes: the log odds of the second one
    coef, constant = (
        (2 * posterior.coef[:, 1], 2 * posterior.constant[1]) if two else (posterior.coef, posterior.constant)
    )
    walls, of_slope, whose = _walls(task.variables, terms, shapes)
    if not len(walls):
        return found
    least = margin * (walls @ coef).abs().max() * of_slope
    if not bool((walls @ coef < least).any()):
        return found
    places, precision = _there(terms, prior, posterior, shapes, task.variables)
    if (sums := found.sums) is not None:
        factor = factor_of(sums.inner(places) / posterior.noise + torch.diag(precision))
        kept = torch.zeros_like(coef)
        kept[places] = nearest(factor, coef[places], walls[:, places], least)
        kept = _without_flat(kept, coef, whose)
        constant = sums.constant - sums.means @ kept
        return replace(found, posterior=replace(posterior, coef=kept, constant=constant))
    likelihood = Classes() if two else posterior.likelihood
    start = torch.cat([constant.reshape(1), coef])
    there = _by_steps(task, terms, likelihood, start, places, precision, walls, least)
    constant, kept = there[0], _without_flat(there[1:], coef, whose)
    if isinstance(likelihood, Scored):
        predicted = task.predict(terms, replace(posterior, coef=kept, constant=constant), task.x)
        constant = constant + likelihood.centred(predicted, task.y, task.weight)
    if two:
        half = torch.tensor([-0.5, 0.5], dtype=coef.dtype)
        kept, constant = kept[:, None] * half, constant * half
    return replace(found, posterior=replace(posterior, coef=kept, constant=constant))


def nearest(factor: Tensor, coef: Tensor, walls: Tensor, least: Tensor) -> Tensor:
    """The point (m,) with walls @ point >= least that is nearest to `coef` in the metric of factor @ factor.T.

    Raises:
        TrainingError: the search for it does not end.

    >>> nearest(torch.eye(2), torch.tensor([1.0, -2.0]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.5]))
    tensor([1.0000, 0.5000])
    """
    from scipy.optimize import nnls  # loads slowly

    turned = torch.linalg.solve_triangular(factor, walls.T, upper=False)  # (m, c)
    lacking = least - walls @ coef
    size = turned.norm(dim=0).clamp(min=1e-300)
    matrix = torch.cat([turned / size, (lacking / size)[None]]).double().numpy()
    unit = matrix[-1].max()
    matrix[-1] /= unit
    goal = np.zeros(len(matrix))
    goal[-1] = 1.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            force = nnls(matrix, goal, maxiter=TUNED.pushes * matrix.shape[1])[0]
    except RuntimeError as error:
        raise TrainingError(
            "the functions could not be held to their constraints; hold fewer inputs, or leave rows with far values out"
        ) from error
    left = matrix @ force - goal
    moved = torch.from_numpy(-left[:-1] / left[-1] * unit).to(coef)
    return coef + torch.linalg.solve_triangular(factor.T, moved[:, None], upper=True)[:, 0]


def _by_steps(
    task: Task,
    terms: list[Term],
    likelihood: Likelihood,
    start: Tensor,
    places: Tensor,
    precision: Tensor,
    walls: Tensor,
    least: Tensor,
) -> Tensor:
    """Constant and coefficients (1 + m,) with the lowest loss among those that the inequalities allow."""
    blocks = task.blocks(terms)
    precision = torch.cat([precision.new_full((1,), TUNED.unpenalised), precision])[:, None]
    inner = torch.cat([walls.new_zeros(len(walls), 1), walls[:, places]], 1)

    def charged(point: Tensor) -> float:
        return 0.5 * float((precision * point.square()).sum())

    def nearer(point: Tensor) -> tuple[float, Tensor]:
        """The objective at a point, and the allowed point where a Newton step from there would end."""
        value, slope, curvature = taylor(blocks, likelihood, point, places)
        factor = factor_of(curvature + torch.diag(precision[:, 0]))
        free = point - torch.cholesky_solve(slope + precision * point, factor)
        return value + charged(point), nearest(factor, free[:, 0], inner, least)[:, None]

    here = torch.cat([start[:1], start[1:][places]])[:, None]
    here = nearer(here)[1]
    for _ in range(TUNED.rounds):
        value, goal = nearer(here)
        length, reached, gained = 1.0, here, 0.0
        while length > TUNED.shortest and not gained > 0:  # any point between two that are allowed is allowed
            reached = here + length * (goal - here)
            gained = value - taylor(blocks, likelihood, reached, places)[0] - charged(reached)
            length /= 2
        if not gained > 0:
            break
        here = reached
        if gained < TUNED.at_rest:
            break
    found = torch.zeros_like(start)
    found[0] = here[0, 0]
    found[1 + places] = here[1:, 0]
    return found


def _walls(
    variables: list[Variable], terms: list[Term], shapes: Mapping[int, Shape]
) -> tuple[Tensor, Tensor, list[slice]]:
    """Inequalities of the coefficients of all terms (c, m), which of them are of slopes (c,), and the places of the
    functions of each input that is held."""
    rows, slopes, whose, first = [], [], [], 0
    width = sum(len(term.roughness) for term in terms)
    for term in terms:
        if len(term.variables) == 1:
            variable = variables[term.variables[0]]
            place = first
            for number, effect, mine in variable.parts(torch.arange(len(term.roughness))):
                if number in shapes:
                    walls, of_slope = shapes[number].walls(effect.knots, effect.degree)
                    row = walls.new_zeros(len(walls), width)
                    row[:, place : place + len(mine)] = walls @ effect.coef[:, : len(mine)]
                    rows.append(row)
                    slopes.append(of_slope)
                    whose.append(slice(place, place + len(mine)))
                place += len(mine)
        first += len(term.roughness)
    if not rows:
        return torch.zeros(0, width, dtype=torch.float64), torch.zeros(0, dtype=torch.bool), []
    return torch.cat(rows), torch.cat(slopes), whose


def _there(
    terms: list[Term], prior: Prior, posterior: Posterior, shapes: Mapping[int, Shape], variables: list[Variable]
) -> tuple[Tensor, Tensor]:
    """The functions that may differ from zero, and the precision of their prior. A line that went, while curves of its
    input stayed, comes back with the variance of the smoothest of these: it alone has a slope of one sign."""
    strength, first = posterior.strength.clone(), 0
    for term in terms:
        line, curve = first + LINE, first + CURVE
        held_to = len(term.variables) == 1 and set(variables[term.variables[0]].inputs) & shapes.keys()
        if held_to and not bool(strength[curve].isnan()) and bool(strength[line].isnan()):
            strength[line] = strength[curve]
        first += term.groups
    precision = strength[prior.groups] * prior.roughness
    places = (~precision.isnan()).nonzero()[:, 0]
    return places, precision[places]


def _without_flat(kept: Tensor, free: Tensor, whose: list[slice]) -> Tensor:
    """The coefficients without functions that their shape leaves next to nothing of."""
    kept = kept.clone()
    for place in whose:
        if kept[place].norm() <= TUNED.flat * free[place].norm():
            kept[place] = 0.0
    return kept

"""The posterior mode under inequalities: the functions of some inputs are held to a shape.

Strengths and terms stay those of the free fit. The mode under the inequalities is the point of the allowed region that
is nearest to the free mode, in the metric of the posterior's precision: a least distance problem, which non-negative
least squares solve exactly (Lawson & Hanson 1974, chapter 23). Losses that are no parabola take Newton steps of it.

Predictions that may not be negative bind constants and functions together: each function that is named has a lowest
value, an unknown of its own, and these and the constant together may not be below zero.

Letters: m functions, c inequalities, l lowest values.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...errors import TrainingError
from .cholesky import factor_of
from .chosen_terms import Model
from .edge_basis import EdgeBasis
from .expansion import taylor
from .fit_task import Task
from .likelihoods import Classes, Likelihood, Scored
from .not_below import Level, held_to
from .posterior import Posterior, Prior
from .shapes import Shape
from .sums import Sums
from .terms import Term, prior_of
from .tuning import TUNED
from .variables import LEVEL, LINE, Variable


@dataclass(frozen=True)
class Walls:
    """Inequalities of a constant, the coefficients of all terms, and for each input that may not make a prediction
    negative a number that its function is never below: rows @ (constant, coefficients, numbers) >= least.

    whose: the places of the functions of each input that is held. low (l,): the numbers as the free fit has them.
    """

    rows: Tensor
    least: Tensor
    whose: list[slice]
    low: Tensor

    def within(self, places: Tensor) -> Tensor:
        """The rows without the coefficients that are zero."""
        width = self.rows.shape[1] - len(self.low)
        kept = torch.cat([torch.zeros(1, dtype=torch.long), 1 + places, torch.arange(width, self.rows.shape[1])])
        return self.rows[:, kept]


def held(task: Task, found: Model, shapes: Mapping[int, Shape], margin: float, zero: float = 0.0) -> Model:
    """The model whose functions of some inputs have the shapes asked for. No pair may hold such an input.

    Args:
        task: rows and target.
        found: the model without shapes.
        shapes: by the position of the input.
        margin: by what part of its size a slope stays away from zero, so that round-off does not change its sign.
        zero: what a prediction of zero is in units of the target.
    """
    terms, posterior, prior = found.terms, found.posterior, prior_of(found.terms, found.common)
    two = posterior.coef.ndim == 2  # classes: the log odds of the second one
    coef, constant = (
        (2 * posterior.coef[:, 1], 2 * posterior.constant[1]) if two else (posterior.coef, posterior.constant)
    )
    level = Level.of(task, found, shapes, coef, margin, zero)
    places, precision = _there(terms, prior, posterior, shapes, task.variables, margin)
    walls = _walls(task.variables, terms, shapes, coef, places, level, margin)
    if not len(walls.rows):
        return found
    start = torch.cat([constant.reshape(1), coef, walls.low])
    kept_already = level is None or level.lacking(float(constant), coef) <= 0  # between the points as well
    if kept_already and not bool((walls.rows @ start < walls.least).any()):
        return found
    likelihood = Classes() if two else posterior.likelihood
    if (sums := found.sums) is not None:
        there = _by_sums(sums, posterior.noise, start, places, precision, walls)
    else:
        there = _by_steps(task, terms, likelihood, start, places, precision, walls)
    reached = there[1 : 1 + len(coef)]
    constant, kept = there[0], _without_flat(reached, coef, walls.whose)
    if sums is not None:
        constant = constant + torch.from_numpy(sums.means) @ (reached - kept)
    elif isinstance(likelihood, Scored):
        predicted = task.predict(terms, replace(posterior, coef=kept, constant=constant), task.x)
        constant = constant + likelihood.centred(predicted, task.y, task.weight)
    if level is not None:
        constant = constant + max(0.0, level.lacking(float(constant), kept))
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
    if not bool((lacking > 0).any()):
        return coef
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


def _by_sums(sums: Sums, noise: float, start: Tensor, places: Tensor, precision: Tensor, walls: Walls) -> Tensor:
    """Constant, coefficients and lowest values (1 + m + l,) of least squared error among those that the inequalities
    allow."""
    part, count = sums.take(places.numpy()), len(places)
    means = torch.from_numpy(part.means)
    factor = start.new_zeros(1 + count + len(walls.low), 1 + count + len(walls.low))
    factor[0, 0] = (sums.rows / noise) ** 0.5
    factor[1 : 1 + count, 1 : 1 + count] = torch.from_numpy(part.factor(precision.numpy(), noise))
    factor.diagonal()[1 + count :] = (TUNED.unpenalised * sums.rows / noise) ** 0.5  # which are free
    rows = walls.within(places)
    rows[:, 1 : 1 + count] -= rows[:, :1] * means  # the mean of what is predicted stands for the constant
    free = torch.cat([start.new_tensor([sums.constant]), start[1:][places], walls.low])
    for _ in range(TUNED.nearer if len(walls.low) else 1):
        here = nearest(factor, free, rows, walls.least)
        free = torch.cat([free[: 1 + count], here[1 + count :]])
    found = torch.zeros_like(start)
    found[0], found[1 + places] = here[0] - means @ here[1 : 1 + count], here[1 : 1 + count]
    return found


def _by_steps(
    task: Task,
    terms: list[Term],
    likelihood: Likelihood,
    start: Tensor,
    places: Tensor,
    precision: Tensor,
    walls: Walls,
) -> Tensor:
    """Constant, coefficients and lowest values (1 + m + l,) with the lowest loss among those that the inequalities
    allow."""
    blocks, count, lows = task.blocks(terms), 1 + len(places), len(walls.low)
    free = precision.new_full((1,), TUNED.unpenalised)
    precision = torch.cat([free, precision, free.expand(lows)])[:, None]
    inner = walls.within(places)

    def charged(point: Tensor) -> float:
        return 0.5 * float((precision * point.square()).sum())

    def about(point: Tensor) -> tuple[float, Tensor, Tensor]:
        """The objective at a point, its slope, and a factor of its curvature."""
        value, slope, curvature = taylor(blocks, likelihood, point[:count], places)
        curvature = torch.block_diag(curvature, curvature.new_zeros(lows, lows))
        slope = torch.cat([slope, slope.new_zeros(lows, 1)]) + precision * point
        factor = factor_of((curvature + torch.diag(precision[:, 0])).numpy())
        return value + charged(point), slope, torch.from_numpy(factor)

    def allowed(point: Tensor, factor: Tensor) -> Tensor:
        return nearest(factor, point[:, 0], inner, walls.least)[:, None]

    here = torch.cat([start[:1], start[1:][places], walls.low])[:, None]
    here = allowed(here, about(here)[2])
    for _ in range(TUNED.rounds):
        value, slope, factor = about(here)
        goal = allowed(here - torch.cholesky_solve(slope, factor), factor)
        length, reached, gained = 1.0, here, 0.0
        while length > TUNED.shortest and not gained > 0:  # any point between two that are allowed is allowed
            reached = here + length * (goal - here)
            gained = value - taylor(blocks, likelihood, reached[:count], places)[0] - charged(reached)
            length /= 2
        if not gained > 0:
            break
        here = reached
        if gained < TUNED.at_rest:
            break
    found = torch.zeros_like(start)
    found[0] = here[0, 0]
    found[1 + places] = here[1:count, 0]
    return found


def _walls(
    variables: list[Variable],
    terms: list[Term],
    shapes: Mapping[int, Shape],
    coef: Tensor,
    places: Tensor,
    level: Level | None,
    margin: float,
) -> Walls:
    """What shapes and the level of the predictions ask for. places: of the functions that may differ from zero; margin:
    as for `held`."""
    lows, width = 0 if level is None else len(level.each), len(coef)
    there = torch.zeros_like(coef, dtype=torch.bool).index_fill_(0, places, True)
    rows, least, whose, low = [coef.new_zeros(0, 1 + width + lows)], [coef[:0]], [], []

    def add(block: Tensor, mine: slice, smallest: Tensor, of_low: int | None = None) -> None:
        row = coef.new_zeros(len(block), 1 + width + lows)
        row[:, 1 + mine.start : 1 + mine.stop] = block
        if of_low is not None:
            row[:, 1 + width + of_low] = -1.0
        rows.append(row)
        least.append(smallest)

    for number, effect, mine, *_ in held_to(variables, terms, shapes):
        whose.append(mine)
        if isinstance(effect, EdgeBasis):
            block, of_slope = _block(effect, shapes[number], margin)
            steepest = (effect.coef[:, : effect.size] @ coef[mine]).diff().abs().max()
            add(block, mine, margin * steepest * of_slope * there[mine].any())
    for column in [] if level is None else level.each:
        bounds = column.bounds()
        values = bounds @ coef[column.whole]
        add(bounds, column.whole, torch.zeros_like(values), len(low))
        low.append(values.min() - margin * values.abs().max())
    if level is not None:  # constant, means of the others and lowest values together
        rows.append(torch.cat([coef.new_ones(1), level.others, coef.new_ones(lows)])[None])
        least.append(coef.new_tensor([level.zero + level.margin]))
    return Walls(torch.cat(rows), torch.cat(least), whose, torch.stack(low) if low else coef[:0])


def _block(effect: EdgeBasis, shape: Shape, margin: float) -> tuple[Tensor, Tensor]:
    """Inequalities (c, m) of the coefficients of functions, without round-off; and which are of slopes that are kept
    away from zero (c,)."""
    walls, of_slope = shape.walls(effect.knots, effect.degree)
    block = walls @ effect.coef[:, : effect.size]
    largest = float(block.abs().max()) if len(block) else 0.0
    return block * (block.abs() > margin * largest), of_slope


def _can(block: Tensor, of_slope: Tensor) -> bool:
    """Whether a sum of the functions (m,) keeps such slopes away from zero. A line cannot rise on both sides, nor can
    the functions of few values be flat at an end and rise elsewhere."""
    from scipy.optimize import linprog  # loads slowly

    free = np.zeros(block.shape[1])
    return not len(free) or linprog(free, -block.numpy(), -of_slope.double().numpy(), bounds=(None, None)).status == 0


def _there(
    terms: list[Term],
    prior: Prior,
    posterior: Posterior,
    shapes: Mapping[int, Shape],
    variables: list[Variable],
    margin: float,
) -> tuple[Tensor, Tensor]:
    """The functions that may differ from zero, and the precision of their prior. Where functions of an input stayed,
    its line comes back with the variance of the first of these: it alone has a slope of one sign. Functions that cannot
    have their shape go.
    """
    precision = posterior.strength[prior.groups] * prior.roughness
    for term, mine in zip(terms, precision.split([len(term.roughness) for term in terms]), strict=True):
        asked = [shapes[number] for number in variables[term.variables[0]].inputs if number in shapes]
        stayed = mine[(term.kinds != LEVEL) & ~mine.isnan()]
        if len(term.variables) == 1 and asked and len(stayed):
            gone = mine.isnan() & (term.kinds <= LINE)
            mine[gone] = stayed[0] * term.roughness[gone]
    for number, effect, mine, *_ in held_to(variables, terms, shapes):
        if isinstance(effect, EdgeBasis):
            block, of_slope = _block(effect, shapes[number], margin)
            if not _can(block[:, ~precision[mine].isnan()], of_slope):
                precision[mine] = torch.nan
    places = (~precision.isnan()).nonzero()[:, 0]
    return places, precision[places]


def _without_flat(kept: Tensor, free: Tensor, whose: list[slice]) -> Tensor:
    """The coefficients without functions that their shape leaves next to nothing of."""
    kept = kept.clone()
    for place in whose:
        if kept[place].norm() <= TUNED.flat * free[place].norm():
            kept[place] = 0.0
    return kept

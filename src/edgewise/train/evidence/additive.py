"""A network of functions of single inputs, and of products for pairs of inputs, in closed form: every part of it is as
smooth, or as straight, or as absent, as the data say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ... import grid
from ...errors import ConfigError, shown
from ...layers import OFF
from ...losses import LOSSES, Binomial, CrossEntropy, Linked, Location, Loss, Numbers, SquaredError
from ...model import KAN
from ...transforms.layer_grids import bounded, departure, falling, levelled, steepness, stopped
from ..job import Job, Rows
from ..monitor import Monitor
from ..solvers.status import Status
from . import relative
from .averaging import averaged
from .chosen_terms import Model, Structure
from .fit_task import Task
from .held import held
from .lone_ends import lone_ends
from .marginal import Note
from .network import Column, Factor, factors_of, network, room_of
from .posterior import Posterior
from .searched import Searched, of_tasks, on_of, searched
from .shapes import FREE, Shape, Shapes
from .tuning import TUNED
from .uncertainty import Doubt, doubts_of
from .variables import Variable


@dataclass(frozen=True)
class Found:
    """The network, how the search for it ended, what it decided for each target, the loss with its scale, and how sure
    it is of each function."""

    model: KAN
    status: Status
    structures: list[Structure]
    loss: Loss
    doubts: list[Doubt]


def check(model: KAN, job: Job) -> None:
    """Raise `ConfigError` unless the network and the loss are what evidence can be computed for."""
    topology, inputs, outputs = model.topology, model.features, model.outputs
    shape = topology.widths[1:]
    plain = topology.depth == 1 and not shape[0][1]
    pairs = topology.depth == 2 and shape[0] == (outputs, (2,) * room_of(model)) and not shape[1][1]
    if not (plain or pairs) or any(s.symbolic for s in model.edge_layers):
        raise ConfigError(
            f"optimizer='evidence' fits networks without hidden layers such as KAN(({inputs}, {outputs})), and networks"
            f" with one of {outputs} sums and some products such as KAN(({inputs}, ({outputs}, 4), {outputs})), both"
            f" without closed forms. The model is {topology.shape_text()}. Use optimizer='auto'"
        )
    if model.config.degree == 0:
        raise ConfigError(
            "optimizer='evidence' fits lines and curves, which steps of degree 0 do not hold; use degree=3, or"
            " optimizer='lm' for steps"
        )
    if bool((model.edge_layers[0].kind[:, :outputs] == OFF).all(0).any()):
        raise ConfigError("optimizer='evidence' needs an edge into every sum; the model has a sum without any")
    if not isinstance(job.loss, (SquaredError, CrossEntropy, Numbers)):
        raise ConfigError(
            f"optimizer='evidence' knows the losses {', '.join(LOSSES)}, got {shown(job.loss.name)}; use optimizer='lm'"
        )


def additive(
    start: KAN,
    job: Job,
    rows: Rows,
    monitor: Monitor,
    known: Sequence[Structure] = (),
    shapes: Shapes = FREE,
    parts: bool = False,
    groups: Tensor | None = None,
) -> Found:
    """The network with the highest posterior, under the prior with the highest marginal likelihood.

    Args:
        start: a scaled network that `check` lets pass. Its degree counts, the number of its products, and which of its
            edges are off; its functions do not.
        job: the loss, and the rows that choose, which are not looked at.
        rows: to fit to.
        monitor: told after every update.
        known: what an earlier search decided for each target; decided anew where it is not given.
        shapes: what the functions of some inputs are held to. No product holds such an input.
        parts: whether logits are the mean of fits to parts of the rows. Functions that are held are those of all rows.
        groups (n,): the group of each row, 0, 1, ...; each of them has an offset of its own, which the network has not.
    """
    asked = _asked(start, shapes)
    x, y, weight = rows
    a, layer = start.scale_inputs(x), start.edge_layers[0]
    weight = torch.ones_like(a[:, 0]) if weight is None else weight.to(a)
    note = _note(monitor, float(start.output_scale.square().mean()) if job.squared else 1.0)
    outputs = start.outputs
    apart = not isinstance(job.loss, CrossEntropy)  # each output by itself
    if isinstance(job.loss, Linked):  # what is predicted is the link, from zero on
        start = start.build(scaling={"output_shift": torch.zeros_like(start.output_shift)})
    if job.squared:
        targets = (y - start.output_shift) / start.output_scale
        tasks = [Task(a, weight, target, 1, [], note) for target in targets.T]
    elif isinstance(job.loss, Numbers):
        targets = y if isinstance(job.loss, Linked) else (y - start.output_shift) / start.output_scale
        each = zip(targets.T, _of_outputs(job.loss, start), strict=True)
        tasks = [Task(a, weight, target, 1, [], note, loss) for target, loss in each]
    else:
        tasks = [Task(a, weight, y, outputs, [], note)]
    tasks = [replace(task, groups=None if groups is None else groups.to(a.device)) for task in tasks]
    zeros = (-start.output_shift / start.output_scale).tolist()

    def hold(tasks: Sequence[Task], ends: Sequence[Model]) -> list[Model]:
        each = zip(tasks, ends, zeros, strict=False)
        return [held(task, end, asked, shapes.margin, zero) for task, end, zero in each] if asked else list(ends)

    def find(tasks: list[Task]) -> Searched:
        return searched(start, layer.kind != OFF, tasks, asked, known, hold)

    decided = find(tasks) if job.precise else relative.found(find, tasks)
    found, tasks, ends = decided.variables, decided.tasks, decided.ends
    if parts and not asked:
        there = of_tasks(on_of(layer.kind != OFF, found), outputs, len(tasks))
        ends = [averaged(*each) for each in zip(tasks, ends, there, strict=True)]
    ends = hold(tasks, ends)
    columns, factors = _columns(found, [(end.terms, end.posterior) for end in ends], outputs, float(weight.sum()))
    factors = sorted(factors, key=lambda factor: -factor.explained)[: room_of(start)]
    of_outputs = [asked] * outputs
    if not apart:  # of two classes, the second is held; of more, nothing but periods
        of_outputs[0] = {place: shape.opposite for place, shape in asked.items()}
    model = network(start, found, columns, factors, of_outputs)
    lone = [lone_ends(*each) for each in zip(tasks, ends, strict=True)]
    model = _levelled(_without_cliffs(model, asked, a, lone), asked, isinstance(job.loss, (CrossEntropy, Binomial)))
    loss = _with_scales(job.loss, [end.posterior for end in ends], start)
    status = _status([end.posterior for end in ends], monitor)
    structures = decided._replace(ends=ends).structures()
    model = _bounded(model, {*asked, *structures[0].logarithmic}, a)
    return Found(model, status, structures, loss, doubts_of(start, found, ends))


def _levelled(model: KAN, asked: Mapping[int, Shape], logits: bool) -> KAN:
    """The network whose logits stay where they are beyond the rows, but for curves that are held to be convex or
    concave. Along tangents, one far row of a class that others have near there would cost any number of nats. Numbers
    go on, but where they may not be negative, and a tangent falls outwards."""
    first, *others = model.edge_layers
    shapes = [asked.get(place, Shape()) for place in range(first.in_features)]
    may_be = [not shape.bend if logits else shape.positive for shape in shapes]
    falls = falling(first)  # (2, i, o)
    flat = torch.tensor(may_be, device=falls.device)[:, None] & (falls | logits)
    return model.build(layers=[levelled(first, flat), *others]) if bool(flat.any()) else model


def _bounded(model: KAN, but: Collection[int], x: Tensor) -> KAN:
    """The network whose curves turn flat far beyond the rows x (n, i), where nothing is known of them: a cell without
    its decimal point may lie hundreds of ranges away. Lines go on, and so do the curves of some inputs: those that are
    held to a shape, and those along logarithms, which grow little."""
    first, *others = model.edge_layers
    free = torch.tensor([place not in but for place in range(first.in_features)], device=x.device)
    curved = (departure(first, _some(x)) > TUNED.as_a_line) & free[:, None]
    if not bool(curved.any()):
        return model
    least, most = x.aminmax(dim=0)
    reach = TUNED.goes_on * (most - least)
    return model.build(layers=[bounded(first, curved, torch.stack([least - reach, most + reach])), *others])


def _some(x: Tensor) -> Tensor:
    """Rows of x (n, i) on which curves say how far they reach, and the outermost of each input."""
    part = torch.linspace(0, len(x) - 1, min(len(x), TUNED.steep_rows), dtype=torch.float64).round().long()
    return torch.cat([x[part.to(x.device)], torch.stack(x.aminmax(dim=0))])


def _without_cliffs(
    model: KAN, asked: Mapping[int, Shape], x: Tensor, lone: Sequence[Sequence[tuple[int, int]]]
) -> KAN:
    """The network whose very steep curves turn flat beyond the rows x (n, i), and those whose end one row decides.
    Along their tangents, the nearest new row may be far off. Curves that are held to be convex or concave go on.

    lone: for each output, these ends: the input and the side."""
    first, *others = model.edge_layers
    least, most = x.aminmax(dim=0)
    slope = steepness(first, _some(x))  # in ranges
    bent = torch.tensor([bool(asked.get(place, Shape()).bend) for place in range(first.in_features)], device=x.device)
    steep = slope * TUNED.steep_part * x.std(0, correction=0)[:, None] > 1
    alone = torch.zeros_like(steep)
    for output, ends in enumerate(lone):
        for place, side in ends:
            alone[side, place, output] = True
    steep = (steep | alone) & ~bent[:, None]
    if not bool(steep.any()):
        return model
    widths = grid.breaks_of(first.knots, first.degree).diff(dim=1)[:, [0, -1]].T
    cliff = (steep & (alone | (slope * widths[..., None] > TUNED.steep_interval))).any(2)
    (low, high), largest = first.interval, torch.where(steep, slope, 0.0).amax(2)
    limits = torch.where(cliff, torch.stack([low.maximum(least), high.minimum(most)]), torch.stack([low, high]))
    return model.build(layers=[stopped(first, steep, limits, TUNED.steep_turn / largest), *others])


def _asked(start: KAN, shapes: Shapes) -> dict[int, Shape]:
    """What is held, by the position of the input, with periods in units of the network."""
    ids = start.topology.node_ids[0]
    return {
        place: replace(shape, period=shape.period / float(start.input_scale[ids[place]]))
        for place, shape in shapes.of(ids).items()
    }


def _of_outputs(loss: Numbers, start: KAN) -> list[Numbers]:
    """The loss of each output, in the units of the network."""
    if not isinstance(loss, Location) or loss.scale is None:
        return [loss] * start.outputs
    scales = (torch.tensor(loss.scale, dtype=torch.float64) / start.output_scale).reshape(-1).tolist()
    return [replace(loss, scale=(scale,)) for scale in scales]


def _with_scales(loss: Loss, posteriors: Sequence[Posterior], start: KAN) -> Loss:
    """The loss with the scales that were found with the outputs, in the units of the targets."""
    if not isinstance(loss, Location) or loss.scale is not None:
        return loss
    found = [posterior.likelihood.loss.scale[0] for posterior in posteriors]
    return replace(loss, scale=tuple((torch.tensor(found, dtype=torch.float64) * start.output_scale).tolist()))


def _note(monitor: Monitor, unit: float) -> Note:
    """What is told after every update. `unit`: of the targets, squared."""

    def note(loss: float) -> bool:
        figures = {"loss": loss * unit, "train_loss": loss * unit, "validation_loss": None, "damping": None}
        return monitor.row(stage="evidence", grid_size=TUNED.intervals, **figures)

    return note


def _columns(
    found: Sequence[Variable], ends: Sequence[Column], outputs: int, rows: float
) -> tuple[list[Column], list[Factor]]:
    """What was found for every output, and the products of all of them."""
    columns: list[Column] = []
    factors: list[Factor] = []
    for number, (terms, posterior) in enumerate(ends):
        least = TUNED.lost * posterior.noise * float(posterior.effective.sum()) / rows
        if posterior.coef.ndim == 1:
            columns.append((terms, posterior))
            counts = torch.eye(outputs, dtype=posterior.coef.dtype)[number]
            factors += factors_of(found, terms, posterior.coef, counts, least)
            continue
        columns += [
            (terms, replace(posterior, coef=coef, constant=constant))
            for coef, constant in zip(posterior.coef.T, posterior.constant, strict=True)
        ]
        if outputs == 2:  # one logit stands for both
            counts = torch.tensor([-1.0, 1.0], dtype=posterior.coef.dtype)
            factors += factors_of(found, terms, posterior.coef[:, 1], counts, least)
        else:
            for coef, counts in zip(posterior.coef.T, torch.eye(outputs, dtype=posterior.coef.dtype), strict=True):
                factors += factors_of(found, terms, coef, counts, least)
    return columns, factors


def _status(posteriors: Sequence[Posterior], monitor: Monitor) -> Status:
    if not any(bool((posterior.effective > 0).any()) for posterior in posteriors):
        return Status.NOTHING
    if monitor.stopped:
        return Status.STOPPED
    return Status.CONVERGED if all(posterior.settled for posterior in posteriors) else Status.BUDGET

"""A network without hidden layers in closed form: every edge is as smooth, or as straight, or as absent, as the data
say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ...errors import ConfigError, shown
from ...layers import OFF, SPLINE
from ...model import KAN
from ..job import Job, Rows
from ..monitor import Monitor
from ..problems.losses import CrossEntropy, SquaredError
from ..solvers.status import Status
from .effects import Effect, blocks, design, effects
from .marginal import Blocks, Posterior, Prior, cross_entropy, squared_error
from .tuning import TUNED


def check(model: KAN, job: Job) -> None:
    """Raise `ConfigError` unless the network and the loss are what evidence can be computed for."""
    if model.topology.depth != 1 or model.topology.has_products(1) or any(s.symbolic for s in model.edge_layers):
        raise ConfigError(
            f"optimizer='evidence' fits networks without hidden layers, products and closed forms, such as"
            f" KAN(({model.features}, {model.outputs})); the model is {model.topology.shape_text()}. Use"
            " optimizer='auto'"
        )
    if not isinstance(job.loss, (SquaredError, CrossEntropy)):
        raise ConfigError(
            f"optimizer='evidence' knows the losses squared_error and cross_entropy, got {shown(job.loss.name)}; use"
            " optimizer='lm'"
        )


def additive(start: KAN, job: Job, rows: Rows, monitor: Monitor) -> tuple[KAN, Status]:
    """The network with the highest posterior, under the prior with the highest marginal likelihood.

    Args:
        start: a scaled network without hidden layers; its degree counts, its functions do not.
        job: the loss, and the rows that choose, which are not looked at.
        rows: to fit to.
        monitor: told after every update.
    """
    x, y, weight = rows
    a, layer = start.scale_inputs(x), start.edge_layers[0]
    weight = torch.ones_like(a[:, 0]) if weight is None else weight.to(a)
    found = effects(a, weight, layer.degree, TUNED.intervals)
    prior = _prior(found)

    unit = float(start.output_scale.square().mean()) if job.squared else 1.0

    def note(loss: float) -> bool:
        return monitor.row(
            stage="evidence",
            grid_size=TUNED.intervals,
            loss=loss * unit,
            train_loss=loss * unit,
            validation_loss=None,
            damping=None,
        )

    if job.squared:
        target = (y - start.output_shift) / start.output_scale
        columns = [squared_error(_blocks(found, a, t, weight), prior, note) for t in target.T]
    else:
        fitted = cross_entropy(_blocks(found, a, y, weight), prior, start.outputs, note)
        columns = [
            replace(fitted, coef=coef, constant=constant)
            for coef, constant in zip(fitted.coef.T, fitted.constant, strict=True)
        ]
    model = _network(start, found, prior, columns)
    if not any(bool((column.effective > 0).any()) for column in columns):
        return model, Status.NOTHING
    if monitor.stopped:
        return model, Status.STOPPED
    return model, Status.CONVERGED if all(column.settled for column in columns) else Status.BUDGET


def _prior(found: list[Effect]) -> Prior:
    """Two groups for each edge: its line, and its curves."""
    groups, roughness = [], []
    for number, effect in enumerate(found):
        line = torch.ones(1, dtype=effect.roughness.dtype)
        roughness += [line, effect.roughness]
        groups += [2 * number] + [2 * number + 1] * len(effect.roughness)
    return Prior(torch.tensor(groups), torch.cat(roughness))


def _blocks(found: list[Effect], x: Tensor, y: Tensor, weight: Tensor) -> Blocks:
    """The rows in blocks, with the functions of all edges; computed once where they are few."""
    width = sum(effect.coef.shape[1] for effect in found)

    def made() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return ((design(found, x[rows]), y[rows], weight[rows]) for rows in blocks(len(x), width))

    if len(x) * width > TUNED.block:
        return made
    kept = list(made())
    return lambda: iter(kept)


def _network(start: KAN, found: list[Effect], prior: Prior, columns: list[Posterior]) -> KAN:
    """The network with these functions; edges that the data say nothing for are off."""
    layer = start.edge_layers[0]
    knots = torch.stack([effect.knots for effect in found])
    coef = torch.zeros(len(found), knots.shape[1] - layer.degree - 1, len(columns), dtype=knots.dtype)
    kind = torch.full((len(found), len(columns)), OFF, dtype=torch.uint8)
    bias = torch.stack([column.constant for column in columns])
    for output, column in enumerate(columns):
        for number, effect in enumerate(found):
            mine = column.coef[prior.groups // 2 == number]
            if bool((mine != 0).any()):
                coef[number, :, output] = effect.coef @ mine
                bias[output] -= effect.mean @ mine
                kind[number, output] = SPLINE
    scale = None if layer.base_scale is None else torch.zeros_like(layer.base_scale)
    parts = {"knots": knots, "coef": coef, "bias": bias, "kind": kind, "base_scale": scale, "uniform": None}
    return start.build(layers=[type(layer).build(**{**layer.parts(), **parts})])

"""The constant that a network has to beat, on rows that were held out, before anything it says is believed.

A network of many parameters follows noise, and the lowest of its held-out losses is often still above that of the
mean. Then the mean is the better model, and it is what a fit gives back. n rows, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import OFF
from ...model import KAN
from ..job import Job
from ..problems.losses import CrossEntropy


@dataclass(frozen=True)
class BeliefTuning:
    """When a network is believed.

    standard_errors: of the mean gain over the constant, by which this must be above zero. One is the rule of Breiman et
    al. 1984, section 3.4.3. share: of the constant's loss, below which the network is believed at once, whatever few
    rows with large targets make of the standard error.
    """

    standard_errors: float = 1.0
    share: float = 0.5


TUNING = BeliefTuning()


def believed(model: KAN, job: Job, tuning: BeliefTuning = TUNING) -> bool:
    """Whether the rows that choose show the network to be better than the constant of the training rows.

    True where nothing is held out, or the loss is the user's own, whose best constant is not known.
    """
    level = best_constant(job)
    if job.xv is None or job.yv is None or level is None:
        return True
    with torch.no_grad():
        theirs = job.loss.rows(level.expand(len(job.xv), -1), job.yv)
        ours = job.loss.rows(model(job.xv).to(level), job.yv)
    if not bool(torch.isfinite(ours).all()):
        return False
    share = torch.full_like(ours, 1.0) if job.wv is None else job.wv.to(ours)
    share = share / share.sum()
    gain = theirs - ours
    mean = float(share @ gain)
    if float(share @ ours) <= tuning.share * float(share @ theirs):
        return True
    spread = float((share.square() @ (gain - mean).square()).sqrt())  # of the weighted mean
    return mean > tuning.standard_errors * spread


def best_constant(job: Job) -> Tensor | None:
    """What to predict without any input (k,): the mean, or logits of the classes' shares; None for other losses."""
    share = torch.full((len(job.y),), 1.0, dtype=job.x.dtype) if job.weight is None else job.weight
    share = (share / share.sum()).to(job.x)
    if job.regression:
        return share @ job.y
    if not isinstance(job.loss, CrossEntropy):
        return None
    count = int(torch.cat([job.y, *([job.yv] if job.yv is not None else [])]).max()) + 1
    shares = torch.zeros(max(count, len(job.classes)), dtype=job.x.dtype, device=job.x.device)
    shares.index_add_(0, job.y, share)
    return (shares + 0.5 / len(job.y)).log()  # half a row of each: classes without rows keep a finite logit


def constant(model: KAN, job: Job) -> KAN:
    """A network of the same nodes that gives the best constant everywhere: it has no edges."""
    level = best_constant(job)
    assert level is not None
    layers = []
    for number, layer in enumerate(model.edge_layers, start=1):
        parts = layer.parts()
        bias = torch.zeros_like(layer.bias)
        if number == len(model.edge_layers):
            outputs = torch.zeros_like(model.output_shift)
            outputs[: len(level)] = level
            bias = ((outputs - model.output_shift) / model.output_scale).to(bias)
        flat = {"coef": torch.zeros_like(layer.coef), "bias": bias, "kind": torch.full_like(layer.kind, OFF)}
        if layer.base_scale is not None:
            flat["base_scale"] = torch.zeros_like(layer.base_scale)
        layers.append(type(layer).build(**{**parts, **flat}))
    return model.build(layers=layers)


def replaceable(model: KAN) -> bool:
    """Whether a constant may take a network's place: all its edges are splines, and its outputs are sums."""
    return not model.topology.has_products(model.topology.depth) and not any(
        layer.symbolic for layer in model.edge_layers
    )

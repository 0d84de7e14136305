"""The constant that a network has to beat, on rows that were held out, before anything it says is believed.

A network of many parameters follows noise, and a run visits a thousand states. The lowest of their held-out losses is
too low, and may lie below that of the mean by luck alone. The bootstrap bias correction of Tsamardinos, Greasidou &
Borboudakis 2018 (doi:10.1007/s10994-018-5714-4) takes the luck away. It draws the held-out rows again and again,
chooses a state by the rows drawn, and looks at its loss on the others. Where that is no lower than the constant's, the
constant is the better model, and it is what a fit gives back.

Letters: s states, c held-out rows, r draws, k outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...layers import OFF
from ...losses import CrossEntropy, Numbers
from ...model import KAN
from ..job import Job
from ..problems.kan import NetworkProblem
from .tuning import TUNED


class Choices:
    """The loss of every held-out row under every state that a run could have chosen, in scaled units."""

    def __init__(self) -> None:
        self.rows: list[Tensor] = []

    def add(self, problem: NetworkProblem, theta: Tensor, held: tuple[Tensor, Tensor, Tensor | None]) -> None:
        """Remember the losses of the state theta (P,) on the rows held (x, y, weight)."""
        if held[0].shape[0] <= TUNED.judged_rows:
            self.rows.append(problem.row_losses(theta, held[0], held[1]))

    def table(self) -> Tensor:
        """(s, c), the states that gave a finite loss everywhere."""
        found = torch.stack(self.rows)
        return found[torch.isfinite(found).all(1)]


def believed(choices: Choices, start: KAN, job: Job, draws: int = TUNED.draws) -> bool:
    """Whether the rows that choose show a network to be better than the best constant, the luck of choosing taken away.

    `start`: a network of the run, whose scaling says in which units the choices are. True where nothing was held out,
    where too many rows were for luck to matter, and for a loss of the user's own, whose best constant is not known.
    """
    best = best_constant(job)
    if job.xv is None or job.yv is None or best is None or not choices.rows:
        return True
    found = choices.table()
    if not len(found):
        return False
    target, shown = job.yv, best
    if job.squared:
        target = (job.yv - start.output_shift) / start.output_scale
        shown = (best - start.output_shift) / start.output_scale
    constant_losses = job.loss.rows(shown.expand(len(job.xv), -1), target)
    ours, theirs = corrected(found, constant_losses, job.wv, draws, job.seed)
    return ours < theirs


def corrected(
    states: Tensor, constant_losses: Tensor, weight: Tensor | None, draws: int, seed: int
) -> tuple[float, float]:
    """The loss to expect of the state with the lowest mean loss, and that of the constant on the same rows: means over
    the rows that were not drawn. states (s, c), constant_losses (c,), weight (c,) or None.

    >>> noise = torch.randn(1000, 20, generator=torch.Generator().manual_seed(0)).square()
    >>> ours, theirs = corrected(noise, torch.full((20,), 0.9), None, 300, seed=0)
    >>> bool(noise.mean(1).min() < 0.5), ours > theirs
    (True, True)
    """
    count = states.shape[1]
    drawn = torch.randint(count, (draws, count), generator=torch.Generator().manual_seed(seed)).to(states.device)
    times = torch.zeros(draws, count, dtype=states.dtype, device=states.device)
    times.scatter_add_(1, drawn, torch.ones_like(times))
    share = torch.ones_like(constant_losses) if weight is None else weight.to(constant_losses)
    times = times[(times == 0).any(1)]  # few rows are now and then all drawn, and leave none to look at
    chosen = ((times * share) @ states.T).argmin(1)  # (r,)
    left = (times == 0) * share  # (r, c)
    left = left / left.sum(1, keepdim=True)
    return float((left * states[chosen]).sum(1).mean()), float((left @ constant_losses).mean())


def best_constant(job: Job) -> Tensor | None:
    """What to predict without any input (k,): the mean, or logits of the classes' shares; None for other losses."""
    share = torch.ones(len(job.y), dtype=job.x.dtype, device=job.x.device) if job.weight is None else job.weight
    share = (share / share.sum()).to(job.x)
    if job.squared:
        return share @ job.y
    if isinstance(job.loss, Numbers):
        return job.loss.constant(job.y, job.weight)
    if not isinstance(job.loss, CrossEntropy):
        return None
    count = int(torch.cat([job.y, *([job.yv] if job.yv is not None else [])]).max()) + 1
    shares = torch.zeros(max(count, len(job.classes)), dtype=job.x.dtype, device=job.x.device)
    shares.index_add_(0, job.y, share)
    return (shares + 0.5 / len(job.y)).log()  # half a row of each: classes without rows keep a finite logit


def constant(model: KAN, job: Job) -> KAN:
    """A network of the same nodes that gives the best constant everywhere: it has no edges."""
    best = best_constant(job)
    assert best is not None
    layers = []
    for number, layer in enumerate(model.edge_layers, start=1):
        bias = torch.zeros_like(layer.bias)
        if number == len(model.edge_layers):
            outputs = torch.zeros_like(model.output_shift)
            outputs[: len(best)] = best
            bias = ((outputs - model.output_shift) / model.output_scale).to(bias)
        flat = {"coef": torch.zeros_like(layer.coef), "bias": bias, "kind": torch.full_like(layer.kind, OFF)}
        if layer.base_scale is not None:
            flat["base_scale"] = torch.zeros_like(layer.base_scale)
        layers.append(type(layer).build(**{**layer.parts(), **flat}))
    return model.build(layers=layers)


def level(job: Job) -> bool:
    """Whether the targets are one and the same number in every training row."""
    return job.located and bool((job.y == job.y[:1]).all())


def replaceable(model: KAN) -> bool:
    """Whether a constant may take a network's place: all its edges are splines, and its outputs are sums."""
    products = model.topology.has_products(model.topology.depth)
    return not products and not any(layer.symbolic for layer in model.edge_layers)

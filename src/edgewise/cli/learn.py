"""From the rows fitted to, to the network that is kept: fit with sparsity, prune, fit again, and closed forms where
they are as good."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..data import Table
from ..model import KAN
from ..size import summary
from ..train.fit import fit as train
from ..train.job import make_job
from ..train.result import FitResult
from ..train.solvers.status import Status
from ..transforms import prune
from .closed import Closed, Rows, close, skipped

WORTH = 1.1  # a pruned network, or a formula, may have so much of the held-out loss of the one before it
ROUND_OFF = 1e-20  # part of the squares of y that is round-off


@dataclass(frozen=True)
class Trained:
    """The network that is kept and how it came about.

    `first`: the network before pruning; `splines`: the one whose edges are all splines, which `model` is unless closed
    forms took their places.
    """

    model: KAN
    first: KAN
    splines: KAN
    closed: Closed
    rows: list[dict[str, Any]]
    stages: list[dict[str, Any]]
    interrupted: bool


def learn(rest: Table, args: argparse.Namespace, progress: bool) -> Trained:
    """Fit with mild sparsity, prune, fit again what is left, and look for closed forms.

    What came before is kept wherever the next is clearly worse on the rows that `fit` holds out, which are the same in
    all runs.
    """
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    hidden = [width for width in args.hidden if width]
    model = KAN((len(rest.inputs), *hidden, outputs), grid_size=args.grids[0] if args.grids else 5, seed=args.seed)
    settings: dict[str, Any] = {
        "grids": args.grids or "auto",
        "loss": "squared_error" if rest.classes is None else "cross_entropy",
        "seed": args.seed,
        "progress": progress,
    }
    first = train(model, rest.X, rest.y, sparsity=args.sparsity, **settings)
    rows = [{"part": "fit", **row} for row in first.history]
    stages = [stage("fit", first)]
    chosen, interrupted = first, first.status is Status.INTERRUPTED
    try:
        if args.sparsity > 0 and not interrupted:
            second = train(prune(first.model, rest.X), rest.X, rest.y, **settings)
            rows += [{"part": "refit", **row} for row in second.history]
            stages.append(stage("refit after pruning", second))
            chosen = chosen if worse(second, first) else second
            interrupted = second.status is Status.INTERRUPTED
        if interrupted or args.no_formula:
            closed = skipped("the fit was interrupted" if interrupted else "closed forms were not asked for")
        else:
            closed = close(
                chosen.model, parts(rest, args.seed, settings["loss"]), bound(chosen, rest), rest.classes is not None
            )
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        closed, interrupted = skipped("the search for closed forms was interrupted"), True
    kept = named(chosen.model if closed.model is None else closed.model, rest)
    return Trained(kept, named(first.model, rest), named(chosen.model, rest), closed, rows, stages, interrupted)


def worse(new: FitResult, old: FitResult) -> bool:
    """Whether the held-out loss has risen by more than a smaller network is worth."""
    return (
        new.validation_loss is not None
        and old.validation_loss is not None
        and not new.validation_loss <= WORTH * old.validation_loss
    )


def bound(chosen: FitResult, rest: Table) -> float:
    """The loss up to which a formula is as good as the network: on the rows that `fit` held out, else on those it was
    fitted to."""
    loss = chosen.train_loss if chosen.validation_loss is None else chosen.validation_loss
    spread = float((rest.y - rest.y.mean(dim=0)).square().mean()) if rest.classes is None else 1.0
    return WORTH * loss + ROUND_OFF * spread


def parts(rest: Table, seed: int, loss: str) -> tuple[Rows, Rows]:
    """The rows that `fit` fits to and those that it holds out by itself; twice all where it holds out none."""
    outputs = rest.y.shape[1] if rest.classes is None else len(rest.classes)
    job, _ = make_job(
        rest.X,
        rest.y,
        validation=None,
        loss=loss,
        sample_weight=None,
        features=None,
        outputs=outputs,
        dtype=torch.float64,
        device=torch.device("cpu"),
        seed=seed,
    )
    fitted = Rows(job.x, job.y)
    return fitted, fitted if job.xv is None or job.yv is None else Rows(job.xv, job.yv)


def named(model: KAN, rest: Table) -> KAN:
    """The model with the names, classes and ranges of the rows that it was fitted to."""
    low, high = rest.X.amin(dim=0).tolist(), rest.X.amax(dim=0).tolist()
    return model.build(metadata=replace(rest, ranges=tuple(zip(low, high, strict=True))).metadata())


def stage(name: str, result: FitResult) -> dict[str, Any]:
    """One training run in words and figures."""
    return {
        "name": name,
        "status": result.status.name,
        "message": result.message,
        "train_loss": result.train_loss,
        "validation_loss": result.validation_loss,
        "seconds": round(result.seconds, 2),
        "edges": summary(result.model).edges,
    }

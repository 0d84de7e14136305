"""Ways to tell the signature: the rule, the formula that is found, networks of several sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import edgewise as ew

from .table import Knots, rounded, slope

NAMED = ("longitude", "meridian_re", "meridian_im")
MLP_STEPS = 2000
BATCH = 256


@dataclass(frozen=True)
class Told:
    """What a method says of the rows that judge, its size, and what it found."""

    signature: np.ndarray
    parameters: int
    found: str = ""


def rule(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
    """Minus half of the slope, to the nearest even number."""
    return Told(rounded(-slope(new) / 2), 0, "-longitude*meridian_re/(2*(meridian_re**2 + meridian_im**2))")


def formula(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
    """The best formula of one call of `ew.discover` on all columns, rounded."""
    found = ew.discover(old.X, old.y, inputs=old.names, seconds=2 if smoke else 60, seed=seed, progress=False)
    return Told(rounded(np.asarray(found.best(new.X))), len(found.best.constants), str(found.best.expression))


def kan(columns: tuple[str, ...], shape: tuple[Any, ...], grids: tuple[int, ...]) -> Callable[..., Told]:
    """A KAN that tells the signature as a number, rounded."""

    def told(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
        names = columns or old.names
        rows, judges = (np.stack([knots.column(name) for name in names], 1) for knots in (old, new))
        settings: dict[str, Any] = {"steps": 10, "restarts": 0} if smoke else {}
        start = ew.KAN((len(names), *shape), grid_size=grids[0], seed=seed)
        model = ew.fit(start, rows, old.y, grids=grids, seed=seed, progress=False, **settings).model
        scores = ew.attribute(model, rows).features
        order = np.argsort(-np.asarray(scores, dtype=float))
        found = ", ".join(names[place] for place in order[:3])
        with torch.no_grad():
            values = model(torch.as_tensor(judges))[:, 0].numpy()
        return Told(rounded(values), ew.summary(model).parameters, f"most important: {found}")

    return told


def perceptron(width: int, layers: int) -> Callable[..., Told]:
    """A perceptron with one output for each signature, on standardised columns, by Adam in batches."""

    def told(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
        centre, spread = old.X.mean(0), old.X.std(0)
        rows, judges = (torch.as_tensor((knots.X - centre) / spread, dtype=torch.float32) for knots in (old, new))
        classes = np.unique(old.y)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            sizes = [rows.shape[1], *[width] * layers]
            parts: list[torch.nn.Module] = []
            for a, b in zip(sizes, sizes[1:], strict=False):
                parts += [torch.nn.Linear(a, b), torch.nn.ReLU()]
            model = torch.nn.Sequential(*parts, torch.nn.Linear(width, len(classes)))
        optimizer = torch.optim.Adam(model.parameters(), 2e-3)
        steps = 20 if smoke else MLP_STEPS
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        labels = torch.as_tensor(np.searchsorted(classes, old.y))
        draw = torch.Generator().manual_seed(seed)
        for _ in range(steps):
            batch = torch.randint(len(rows), (BATCH,), generator=draw)
            loss = torch.nn.functional.cross_entropy(model(rows[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            decay.step()
        with torch.no_grad():
            signature = classes[model(judges).argmax(1).numpy()]
        return Told(signature, sum(p.numel() for p in model.parameters()))

    return told


METHODS: dict[str, tuple[str, Callable[..., Told]]] = {
    "rule": ("minus half of the slope, to the nearest even number", rule),
    "formula": ("the best formula of `ew.discover` on all columns, rounded", formula),
    "kan_three": ("KAN with two products, on the three columns of the cusp", kan(NAMED, ((1, 2), 1), (3,))),
    "kan_all": ("KAN with two products, on all columns", kan((), ((1, 2), 1), (3,))),
    "mlp": ("MLP, two layers of 100", perceptron(100, 2)),
    "mlp_large": ("MLP, four layers of 310", perceptron(310, 4)),
}

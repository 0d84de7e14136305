"""Ways to tell the signature: the rule, the formula that is found, networks of several sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import edgewise as ew

from .mirrored import Mean, Mirrored
from .table import Knots, rounded, slope

NAMED = ("longitude", "meridian_re", "meridian_im")
STEPS = 2000
BATCH = 256
DECAYS = (0.0, 0.1, 0.3, 1.0)
TRIED = 2000
APART = 1000  # seeds of two starts
CHANGE_SIGN = ("chern_simons", "meridian_re")  # in the mirror image of a knot, like the signature
FAR = 4.0  # spreads beyond which a column counts as so far


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


def perceptron(width: int, layers: int) -> Callable[[int, int], torch.nn.Module]:
    """A perceptron with so many hidden layers."""

    def made(inputs: int, classes: int) -> torch.nn.Module:
        sizes = [inputs, *[width] * layers]
        parts: list[torch.nn.Module] = []
        for a, b in zip(sizes, sizes[1:], strict=False):
            parts += [torch.nn.Linear(a, b), torch.nn.ReLU()]
        return torch.nn.Sequential(*parts, torch.nn.Linear(width, classes))

    return made


def layers(width: int, count: int) -> Callable[[int, int], torch.nn.Module]:
    """KAN layers, so many of them hidden, on short grids."""

    def made(inputs: int, classes: int) -> torch.nn.Module:
        sizes = [inputs, *[width] * count, classes]
        return torch.nn.Sequential(*(ew.KANLayer(a, b, grid_size=3) for a, b in zip(sizes, sizes[1:], strict=False)))

    return made


def classified(make: Callable[[int, int], torch.nn.Module], starts: int = 1) -> Callable[..., Told]:
    """A module with one output for each signature, the mean of so many starts; see `taught`."""

    def told(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
        return taught(lambda shown: make(len(shown.centre), len(shown.classes)), old, new, seed, smoke, starts)

    return told


def mirrored(make: Callable[[int, int], torch.nn.Module], starts: int = 1) -> Callable[..., Told]:
    """The same of a module that knows of the mirror, the mean of so many starts; see `Mirrored`."""

    def told(old: Knots, new: Knots, seed: int, smoke: bool) -> Told:
        signs = torch.tensor([-1.0 if name in CHANGE_SIGN else 1.0 for name in old.names])

        def network(shown: Shown) -> torch.nn.Module:
            shift = torch.as_tensor(-shown.centre / shown.spread, dtype=torch.float32) * (1 - signs)
            return Mirrored(make, torch.as_tensor(shown.classes), signs, shift)

        return taught(network, old, new, seed, smoke, starts)

    return told


@dataclass(frozen=True)
class Shown:
    """What a network knows of the rows that fit: mean and spread (columns,) of each column, and the classes."""

    centre: np.ndarray
    spread: np.ndarray
    classes: np.ndarray


def taught(
    make: Callable[[Shown], torch.nn.Module], old: Knots, new: Knots, seed: int, smoke: bool, starts: int = 1
) -> Told:
    """A network that tells a class, on standardised columns, by AdamW in batches; the mean of so many starts.

    The weight decay is that of `DECAYS` which tells most of `TRIED` rows that are held back; then all rows fit.
    """
    shown = Shown(old.X.mean(0), old.X.std(0), np.unique(old.y))
    rows, judges = (
        torch.as_tensor((knots.X - shown.centre) / shown.spread, dtype=torch.float32).clamp(-FAR, FAR)
        for knots in (old, new)
    )
    labels = torch.as_tensor(np.searchsorted(shown.classes, old.y))
    steps, held = (20, 50) if smoke else (STEPS, TRIED)

    def fitted(count: int, decay: float, start: int = 0) -> torch.nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed + APART * start)
            model = make(shown)
        optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        draw = torch.Generator().manual_seed(seed + APART * start)
        for _ in range(steps):
            batch = torch.randint(count, (BATCH,), generator=draw)
            loss = torch.nn.functional.cross_entropy(model(rows[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        return model

    def right(decay: float) -> float:
        model = fitted(len(rows) - held, decay)
        with torch.no_grad():
            said = model(rows[-held:]).argmax(1)
        return float((said == labels[-held:]).double().mean())

    decay = max(DECAYS, key=right)
    parts = [fitted(len(rows), decay, start) for start in range(starts)]
    model = parts[0] if starts == 1 else Mean(parts)
    with torch.no_grad():
        signature = shown.classes[model(judges).argmax(1).numpy()]
    return Told(signature, sum(p.numel() for p in model.parameters()))


METHODS: dict[str, tuple[str, Callable[..., Told]]] = {
    "rule": ("minus half of the slope, to the nearest even number", rule),
    "formula": ("the best formula of `ew.discover` on all columns, rounded", formula),
    "kan_three": ("KAN with two products, on the three columns of the cusp", kan(NAMED, ((1, 2), 1), (3,))),
    "kan_all": ("KAN with two products, on all columns", kan((), ((1, 2), 1), (3,))),
    "kan_wide": ("KAN layers, two hidden of 32", classified(layers(32, 2))),
    "kan_mirror": ("KAN layers, two hidden of 64, that know of the mirror", mirrored(layers(64, 2))),
    "kan_mirror_four": ("the mean of four starts of it, as one network", mirrored(layers(64, 2), 4)),
    "kan_mirror_eight": ("the mean of eight starts", mirrored(layers(64, 2), 8)),
    "mlp": ("MLP, two layers of 100", classified(perceptron(100, 2))),
    "mlp_large": ("MLP, four layers of 310", classified(perceptron(310, 4))),
    "mlp_eight": ("MLP, four layers of 108, the mean of eight starts", classified(perceptron(108, 4), 8)),
    "mlp_mirror": ("`mlp_large`, but it knows of the mirror", mirrored(perceptron(310, 4))),
    "mlp_mirror_eight": ("`mlp_eight`, but it knows of the mirror", mirrored(perceptron(108, 4), 8)),
}

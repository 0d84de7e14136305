"""The peers on the same points: multilayer perceptrons trained by edgewise's own best optimizer, and pykan at its
tutorial's protocol."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .tables import Row
from .training import TEST, Sizes, fit, rmse

ACTIVATIONS = {"tanh": nn.Tanh, "silu": nn.SiLU}
HIDDEN = (2, 3)  # hidden layers
KINDS = tuple((hidden, activation) for hidden in HIDDEN for activation in ACTIVATIONS)
STEPS = 300  # of Levenberg-Marquardt: about the CPU time that edgewise's own shapes take
PYKAN_GRIDS = (3, 5, 10, 20, 50, 100, 200)
PYKAN_ALL = 20  # grids up to this one are all tried, finer ones while they are better
PYKAN_STEPS = 50


@dataclass(frozen=True)
class Peer:
    """One trained peer: what it is, parameters, errors on held-out (None: none held out) and test points, CPU
    seconds."""

    what: str
    parameters: int
    held_out: float | None
    test: float
    seconds: float


class Scaled(nn.Module):
    """A network between fixed maps of inputs and output to ranges that suit it, so that an MLP starts as well as a KAN
    does."""

    low: Tensor
    high: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, network: nn.Module, X: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.network = network
        for name, value in {"low": X.min(0), "high": X.max(0), "mean": y.mean(), "spread": y.std()}.items():
            self.register_buffer(name, torch.as_tensor(value, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """x (b, i) -> (b, 1)."""
        return self.mean + self.spread * self.network(2 * (x - self.low) / (self.high - self.low) - 1)


def count(inputs: int, width: int, hidden: int) -> int:
    """Parameters of an MLP with one output.

    >>> count(2, 5, 2)
    51
    """
    return (inputs + 1) * width + (hidden - 1) * (width + 1) * width + width + 1


def width_for(inputs: int, hidden: int, parameters: int) -> int:
    """The width whose parameter count is the nearest, at least 1.

    >>> width_for(2, 2, 51)
    5
    """
    return min(range(1, 2000), key=lambda width: abs(count(inputs, width, hidden) - parameters))


def perceptron(inputs: int, width: int, hidden: int, activation: str, seed: int) -> nn.Sequential:
    """An MLP in float64 with torch's own initialisation, from a stream of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes, layers = [inputs, *[width] * hidden], []
        for before, after in zip(sizes, sizes[1:], strict=False):
            layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], 1)).double()


def mlp(row: Row, parameters: int, kinds: Sequence[tuple[int, str]], seed: int, sizes: Sizes) -> Peer:
    """The best MLP of about this many parameters by held-out error, over `kinds` (hidden layers, activation), from one
    seed."""
    X, y = row.sample(sizes.samples, "train")
    test, began = row.sample(TEST, "test"), time.process_time()
    found = []
    steps = 8 if sizes.settings else STEPS
    for hidden, activation in kinds:
        width = width_for(len(row.inputs), hidden, parameters)
        network = Scaled(perceptron(len(row.inputs), width, hidden, activation, seed), X, y)
        result = fit(network, X, y, seed=seed, optimizer="lm", steps=steps)
        actual = count(len(row.inputs), width, hidden)
        found.append(
            Peer(
                f"{hidden}x{width} {activation}",
                actual,
                result.metrics.get("validation_rmse"),
                rmse(result.model, *test),
                0.0,
            )
        )
    best = min(found, key=lambda peer: np.inf if peer.held_out is None else peer.held_out)
    return Peer(best.what, best.parameters, best.held_out, best.test, time.process_time() - began)


def kind_of(what: str) -> tuple[int, str]:
    """Hidden layers and activation of an MLP from its description.

    >>> kind_of("3x17 silu")
    (3, 'silu')
    """
    size, activation = what.split()[:2]
    return int(size.split("x")[0]), activation


def pykan_shapes(row: Row) -> list[tuple[int, ...]]:
    """The paper's best shape, where there is one, and one hidden layer of width 5."""
    return list(dict.fromkeys([*([row.shapes["best"]] if "best" in row.shapes else []), (len(row.inputs), 5, 1)]))


def has_pykan() -> bool:
    """Whether pykan can be imported."""
    from importlib.util import find_spec

    return find_spec("kan") is not None


def pykan(row: Row, shape: tuple[int, ...], seed: int, sizes: Sizes) -> Peer:
    """pykan on the same points with this shape: grids growing, LBFGS on each, float64, finer ones than 20 while they
    are better. The figure is the lowest *test* error of all its steps on all grids, which favours it more than the
    paper's own rule."""
    began = time.process_time()
    grids, steps = ((3, 5), 4) if sizes.settings else (PYKAN_GRIDS, PYKAN_STEPS)
    with alone():
        from kan import MultKAN  # pyright: ignore[reportMissingImports]

        parts = {part: row.sample(n, part) for part, n in (("train", sizes.samples), ("test", TEST))}
        data = {f"{part}_input": torch.as_tensor(X) for part, (X, _) in parts.items()}
        data |= {f"{part}_label": torch.as_tensor(y)[:, None] for part, (_, y) in parts.items()}
        best, at, model = np.inf, 0, None
        for size in grids:
            model = (
                MultKAN(width=list(shape), grid=size, k=3, seed=seed, auto_save=False)
                if model is None
                else model.refine(size)
            )
            model.symbolic_enabled = model.auto_save = (
                False  # its symbolic branch adds zero here; refine hands neither on
            )
            try:
                losses = model.fit(data, opt="LBFGS", steps=steps)["test_loss"]
            except Exception:  # whatever pykan trips over once it has diverged (singular systems, unbound names)
                break
            lowest = float(np.nanmin(losses))
            if lowest < best:
                best, at = lowest, size
            elif size >= PYKAN_ALL or not np.isfinite(losses[-1]):
                break
    edges = sum(a * b for a, b in zip(shape, shape[1:], strict=False))
    return Peer(
        f"[{','.join(map(str, shape))}] grid {at}",
        edges * (at + 3 + 1) + sum(shape[1:]),
        None,
        best,
        time.process_time() - began,
    )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """In a temporary folder, silent, with torch's default number format at float64: pykan writes files where it stands
    and has no `dtype`."""
    before, dtype = Path.cwd(), torch.get_default_dtype()
    states = torch.get_rng_state(), np.random.get_state()
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        os.chdir(folder)
        torch.set_default_dtype(torch.float64)
        try:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        finally:
            os.chdir(before)
            torch.set_default_dtype(dtype)
            torch.set_rng_state(states[0])
            np.random.set_state(states[1])

"""The step to closed forms: tried on small networks for a limited time, kept where rows that were held out say so."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import torch
from torch import Tensor

from ..model import KAN
from ..size import summary
from ..symbolic.symbolify import symbolify
from .options import counted

EDGES = 40  # edges up to which closed forms are looked for
SECONDS = 45.0  # time after which the search ends without a result
ROWS = 4000  # rows on which forms are looked for, at most
ERRORS = 2.0  # standard errors that are no difference
TOLERANCE = 0.05  # what the error may rise by on the rows that the forms are fitted to

# n rows, d inputs, k outputs


@dataclass(frozen=True)
class Rows:
    """x (n, d) and y, (n, k) numbers or (n,) class codes."""

    x: Tensor
    y: Tensor

    def thin(self, count: int) -> Rows:
        """At most so many rows, evenly taken."""
        if len(self.x) <= count:
            return self
        chosen = torch.linspace(0, len(self.x) - 1, count, dtype=torch.float64).round().long()
        return Rows(self.x[chosen], self.y[chosen])

    def losses(self, model: KAN, classes: bool) -> Tensor:
        """Squared error or cross-entropy of every row (n,); nan where the model is undefined."""
        with torch.no_grad():
            y = model(self.x)
        return (
            torch.nn.functional.cross_entropy(y, self.y, reduction="none")
            if classes
            else (y - self.y).square().mean(dim=1)
        )

    def loss(self, model: KAN, classes: bool) -> float:
        """Their mean."""
        return float(self.losses(model, classes).mean())

    def as_good(self, new: KAN, old: KAN, bound: float, classes: bool) -> bool:
        """Whether the loss of `new` is within `bound`, or above that of `old` by no more than `ERRORS` standard errors
        of the difference.

        Source of the rule: Breiman et al. 1984, Classification and Regression Trees, section 3.4.3, with one standard
        error; two here, since the steps of `old` were stopped by these rows, which makes its loss look too low.
        """
        losses = self.losses(new, classes)
        gap = losses - self.losses(old, classes)
        return bool(losses.mean() <= bound or gap.mean() <= ERRORS * gap.std() / math.sqrt(len(gap)))


@dataclass(frozen=True)
class Closed:
    """What came of the search: the network that is better to keep (None: the one before), one that was found but is
    worse, and a sentence."""

    model: KAN | None
    rejected: KAN | None
    message: str
    seconds: float = 0.0


def skipped(why: str) -> Closed:
    """No search."""
    return Closed(None, None, f"No closed forms were looked for: {why}.")


def close(model: KAN, parts: tuple[Rows, Rows], bound: float, classes: bool) -> Closed:
    """Closed forms for the edges of `model`, looked for on the first part of the rows, judged on the second: they may
    have a loss of `bound`.

    What is kept has its constants fitted once more, to all rows. Nothing that goes wrong here costs the user the
    network.
    """
    edges = summary(model).edges
    if edges == 0:
        return Closed(None, None, "The network is a constant: no input matters.")
    if edges > EDGES:
        return Closed(None, None, f"No closed forms were looked for: the network has {edges} edges, more than {EDGES}.")
    began = time.perf_counter()
    fitted, judging = parts[0].thin(ROWS), parts[1]
    try:
        with limited(SECONDS):
            found = symbolify(model, fitted.x, fitted.y, tolerance=TOLERANCE)
            have, left = symbolic_edges(found), summary(found).edges
            good = bool(have) and judging.as_good(found, model, bound, classes)
            if good and have == left and judging is not parts[0]:
                both = Rows(torch.cat([parts[0].x, judging.x]), torch.cat([parts[0].y, judging.y])).thin(ROWS)
                again = symbolify(found, both.x, both.y, tolerance=TOLERANCE)
                found = again if judging.as_good(again, model, bound, classes) else found
    except TimeUp:
        message = f"No closed forms were found within {SECONDS:.0f} seconds; the network keeps its splines."
        return Closed(None, None, message, time.perf_counter() - began)
    except Exception as error:  # said in the result and on the screen
        message = f"No closed forms: the search failed ({type(error).__name__}: {error})."
        return Closed(None, None, message, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    if not have:
        return Closed(None, None, "No edge has a closed form that is as good as its spline.", seconds)
    if not good:
        return Closed(
            None,
            found,
            "The closed forms that were found are not as good as the network, on rows held out from the fit.",
            seconds,
        )
    then, now = judging.loss(model, classes), judging.loss(found, classes)
    what = "cross-entropy" if classes else "RMSE"
    then, now = (then, now) if classes else (math.sqrt(then), math.sqrt(now))
    beside = f" ({what} {now:.4g}, before {then:.4g}, on {len(judging.x)} rows that chose between them)"
    if have == left:
        return Closed(
            found, None, f"Every edge has a closed form, and the network is about as good with them{beside}.", seconds
        )
    rest = f"{left - have} {'stays a spline' if left - have == 1 else 'stay splines'}, by name"
    some = f"{have} of {counted(left, 'edge')} {'has' if have == 1 else 'have'} a closed form that is about as good"
    return Closed(found, None, f"{some}{beside}; {rest}.", seconds)


def symbolic_edges(model: KAN) -> int:
    """Edges that are a closed form and nothing else."""
    return summary(model).edges - sum(int(layer.spline_edges().sum()) for layer in model.edge_layers)


class TimeUp(BaseException):
    """The time is up; like an interruption it passes by every `except Exception`."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the block after so many seconds. Without effect outside the main thread and where the system
    has no timer signal."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    running = True

    def ring(number: int, frame: FrameType | None) -> None:
        if running:
            raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again every second, should a callback have swallowed it
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)

"""Whatever gives a number for each row -> one kind of function, with values, gradients and their errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from ..errors import ConfigError, ShapeError, clipped, shown
from ..values import is_flag
from . import differences
from .sample import FunctionSample, make_sample
from .tuning import TUNED

# n rows, d columns


class Function(Protocol):
    """A function of rows, whose errors are known."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        ...

    def values(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values at rows (n, d), and their standard errors; both (n,), NaN where there is none."""
        ...

    def at(self, X: np.ndarray) -> FunctionSample:
        """Values and gradients at rows (n, d)."""
        ...


@dataclass(frozen=True)
class Noise:
    """The standard error of a function that is not exact, as a surrogate.

    Attributes:
        value: of its values, in units of f.
        gradient (d,): of its derivatives, in units of f over units of each column.
    """

    value: float = 0.0
    gradient: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Called:
    """A function that is called with rows: by torch, whose derivatives are exact, or by numpy.

    Attributes:
        call: rows (n, d) -> (n,), in float64. By torch it takes and gives tensors.
        names: of the columns.
        precision: the relative precision of its numbers: that of float32 is 1.2e-7.
        noise: what is known of its error beside round-off.
        torch: whether `call` takes and gives tensors that derivatives go through.
    """

    call: Callable[[Any], Any]
    names: tuple[str, ...]
    precision: float
    noise: Noise
    torch: bool

    def values(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values at rows, and their errors."""
        f = self._plain(X)
        moved = [self._plain(other) for other in _moved(X, self.precision)]
        with np.errstate(all="ignore"):
            rounding = _rounding(f, moved, self.precision)
            return f, np.hypot(rounding, self.noise.value)

    def at(self, X: np.ndarray) -> FunctionSample:
        """Values and gradients at rows."""
        noise = np.zeros(X.shape[1]) if not self.noise.gradient else np.asarray(self.noise.gradient)
        if not self.torch:
            f, error = self.values(X)
            gradient, unsure = differences.gradient(self._plain, X, _rounding_of(error, self.noise.value))
            return make_sample(X, f, gradient, error, np.hypot(unsure, noise), self.names)
        f, gradient = self._exact(X)
        moved = [self._exact(other) for other in _moved(X, self.precision)]
        with np.errstate(all="ignore"):
            error = np.hypot(_rounding(f, [value for value, _ in moved], self.precision), self.noise.value)
            unsure = _rounding(gradient, [slope for _, slope in moved], self.precision)
            return make_sample(X, f, gradient, error, np.hypot(unsure, noise), self.names)

    def _plain(self, X: np.ndarray) -> np.ndarray:
        """The values alone (n,)."""
        if not self.torch:
            with np.errstate(all="ignore"):
                return _as_values(self.call(X), len(X))
        with torch.no_grad():
            return _as_values(self.call(torch.as_tensor(X)), len(X))

    def _exact(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (n,) and exact derivatives (n, d)."""
        x = torch.tensor(X, requires_grad=True)
        with torch.enable_grad():
            y = self.call(x)
            (gradient,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
        gradient = torch.zeros_like(x) if gradient is None else gradient  # f does not depend on x
        return _as_values(y, len(X)), gradient.numpy()


def _moved(X: np.ndarray, precision: float) -> list[np.ndarray]:
    """The rows, moved by a few units in the last place: the same moves at every call."""
    generator = np.random.default_rng(0)
    sides = [generator.choice([-1.0, 1.0], X.shape) for _ in range(TUNED.jitters)]
    return [X * (1 + TUNED.jitter * precision * side) for side in sides]


def _rounding(value: np.ndarray, moved: Sequence[np.ndarray], precision: float) -> np.ndarray:
    """What round-off does to a value, seen where the rows move by as much; not below a few units in the last place.

    A value may stay by chance: no row is much better than most.
    """
    seen, size = np.sqrt(np.mean([(other - value) ** 2 for other in moved], axis=0)), np.abs(value)
    usual = _median(seen / size) * size
    return np.fmax(np.fmax(seen, TUNED.steady * usual), TUNED.floor * precision * np.maximum(size, _median(size)))


def _median(values: np.ndarray) -> np.ndarray:
    """The median over the rows, of what is finite; 0 where nothing is."""
    counted = np.where(np.isfinite(values), values, np.nan)
    return np.nanmedian(np.where(np.isfinite(values).any(0), counted, 0.0), axis=0)


def _rounding_of(error: np.ndarray, noise: float) -> np.ndarray:
    """The part of an error that is no known noise."""
    return np.sqrt(np.maximum(error**2 - noise**2, 0.0))


def _as_values(y: Any, rows: int) -> np.ndarray:
    """What a function gave, as (n,) in float64. Raises `ShapeError`."""
    try:
        values = _dense(y).numpy() if isinstance(y, torch.Tensor) else np.asarray(y)
    except Exception as error:  # of numpy or torch, or of the value's own methods
        raise ShapeError(f"what the function f gave is no array of numbers: {clipped(error)}") from error
    if values.shape == (rows, 1):
        values = values[:, 0]
    if values.shape != (rows,):
        more = "; take one of its outputs: lambda x: f(x)[:, 0]" if values.ndim == 2 and len(values) == rows else ""
        raise ShapeError(
            f"the function f gave shape {values.shape} for {rows} rows, wanted ({rows},): a number for each{more}"
        )
    if values.dtype.kind not in "fiub":
        raise ShapeError(f"the function f gave {values.dtype}, wanted a real number for each row")
    return values.astype(np.float64)


def as_function(f: Any, X: np.ndarray, names: tuple[str, ...], noise: Any = None) -> Function:
    """The function that a callable, a torch module or the result of a fit is.

    Derivatives are those of torch where they go through it, else differences.

    Args:
        f: what takes rows (n, d) and gives (n,) or (n, 1); or a model that has `predict` alone.
        X (n, d): rows on which it is tried.
        names: of the columns.
        noise: the standard error of its values, in units of f; or of values and derivatives, as a pair (value,
            gradients (d,)). None: that of new rows for the result of a fit, round-off for everything else.

    Raises:
        ConfigError: f cannot be called, or fails on X; noise is no such number.
        ShapeError: f gives another shape.
    """
    call, precision, known = _callable(f)
    given = _as_noise(known if noise is None else noise, X)
    few = X[: TUNED.least_rows]
    no_tensors = _fails(call, torch.tensor(few, requires_grad=True))
    error = no_tensors and (no_tensors if isinstance(f, nn.Module) else _fails(call, few))
    if error:
        words = clipped(f"{type(error).__name__}: {error}")
        raise ConfigError(f"the function f failed on rows of shape {few.shape} ({words})") from error
    plain = call if no_tensors else _through_tensors(call)
    by_values = Called(plain, names, precision, given, torch=False)
    by_torch = Called(call, names, precision, given, torch=True)
    return by_torch if not no_tensors and _derivatives_agree(by_torch, by_values, few) else by_values


def _callable(f: Any) -> tuple[Callable[[Any], Any], float, float | None]:
    """What to call, the relative precision of its numbers, and the error that is known of it."""
    known = None
    if hasattr(f, "model") and hasattr(f, "metrics"):  # the result of a fit
        known = f.metrics.get("expected_rmse", f.metrics.get("validation_rmse", f.metrics.get("rmse")))
        f = f.model
    if isinstance(f, nn.Module):
        kept = next((p for p in f.parameters() if p.is_floating_point()), None)
        dtype = torch.float64 if kept is None else kept.dtype
        device = "cpu" if kept is None else kept.device
        module = f
        return (lambda x: module(x.to(device, dtype)).cpu().double()), float(torch.finfo(dtype).eps), known
    if callable(f):
        return f, float(np.finfo(np.float64).eps), known
    if callable(getattr(f, "predict", None)):
        return f.predict, float(np.finfo(np.float64).eps), known
    raise ConfigError(f"f must be a function of rows, a torch module or the result of a fit, got {shown(f)}")


def _fails(call: Callable[[Any], Any], X: Any) -> Exception | None:
    """What goes wrong with these rows, if anything."""
    try:
        with np.errstate(all="ignore"), torch.enable_grad():
            y = call(X)
    except Exception as error:  # of the user's function
        return error
    if isinstance(X, torch.Tensor) and not isinstance(y, torch.Tensor):
        return TypeError(f"no tensor but {type(y).__name__}")
    return None


def _derivatives_agree(by_torch: Called, by_values: Called, X: np.ndarray) -> bool:
    """Whether derivatives go through a function of tensors, all of them.

    Torch leaves out, without a word, what goes through `detach` or a function that it cannot differentiate. Differences
    see it. Rows that disagree may be few, as at a kink.
    """
    if not by_torch.call(torch.tensor(X, requires_grad=True)).requires_grad:
        return False
    found, other = by_torch.at(X), by_values.at(X)
    apart = np.abs(found.gradient - other.gradient)
    allowed = TUNED.disagreement * np.abs(other.gradient) + TUNED.threshold * other.gradient_error
    return bool(np.mean(~(apart > allowed).any(1)) > TUNED.finite)


def _through_tensors(call: Callable[[Any], Any]) -> Callable[[np.ndarray], Any]:
    """A function of tensors that derivatives do not go through, as one of arrays."""

    def called(X: np.ndarray) -> Any:
        with torch.no_grad():
            return call(torch.as_tensor(X))

    return called


def _as_noise(noise: Any, X: np.ndarray) -> Noise:
    """The noise as given; that of the gradient from that of the values where it is not. Raises `ConfigError`."""
    if noise is None:
        return Noise()
    wanted = "noise must be a standard error in units of f, 0 or above, or a pair (of values, of each derivative)"
    if is_flag(noise):
        raise ConfigError(f"{wanted}, got {shown(noise)}")
    pair: Any = noise if isinstance(noise, tuple | list) and len(noise) == 2 else (noise, None)
    value, gradient = pair
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        value = float(value)
        slopes = None if gradient is None else np.broadcast_to(np.asarray(gradient, float), (X.shape[1],))
        if slopes is None:
            spreads = X.std(0)
            slopes = TUNED.slope_noise * value / np.where(spreads > 0, spreads, 1.0)
        if 0 <= value < np.inf and bool(np.all((slopes >= 0) & np.isfinite(slopes))):
            return Noise(value, tuple(slopes.tolist()))
    raise ConfigError(f"{wanted}, got {shown(noise)}")


def restricted(function: Function, columns: Sequence[int], row: np.ndarray) -> Function:
    """The function of some columns (k,) alone, the others as in a row (d,)."""
    return _Restricted(function, tuple(columns), row)


@dataclass(frozen=True, eq=False)
class _Restricted:
    function: Function
    columns: tuple[int, ...]
    row: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.function.names[column] for column in self.columns)

    def _full(self, X: np.ndarray) -> np.ndarray:
        full = np.repeat(self.row[None], len(X), 0)
        full[:, list(self.columns)] = X
        return full

    def values(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.function.values(self._full(X))

    def at(self, X: np.ndarray) -> FunctionSample:
        found, kept = self.function.at(self._full(X)), list(self.columns)
        return FunctionSample(
            X, found.f, found.gradient[:, kept], found.f_error, found.gradient_error[:, kept], self.names
        )


def _dense(y: torch.Tensor) -> torch.Tensor:
    """The tensor in a format that numpy has."""
    y = y.detach().cpu()
    y = y if y.layout == torch.strided else y.to_dense()
    return y.double() if y.is_floating_point() else y

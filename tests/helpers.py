"""What every test shares: one assertion with one table of tolerances, states compared to the bit, and a zoo of
problems."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

# like -> largest |got - want| allowed, as a part of the largest finite |want| (of 1 where want is zero everywhere).
TOLERANCES: dict[str, float] = {
    "exact": 0.0,  # the same operations in the same order
    "golden": 1e-13,  # float64 values of another implementation of the same formula: a few hundred roundings
    "float64": 1e-12,  # the same sum in another order, or through another kernel
    "float32": 1e-5,  # as above in float32, 24 bits
    "refine": 1e-12,  # knot insertion: convex combinations, round-off per inserted knot
    "removed": 1e-12,  # a removed edge leaves its mean in the bias: one addition more
    "formula": 1e-10,  # the same function written out by sympy: other operations, cancellation between terms
    "derivative": 1e-9,  # float64 derivatives: each order divides differences of coefficients by the knot spacing
    # against central finite differences in float64: error of order h^2 with h about 1e-5, plus round-off / h
    "difference": 1e-5,
    "adapt": 1e-6,  # a least-squares refit on moved knots, not an identity
}


def all_but_slow(quick: Iterable[str], names: Iterable[str]) -> list[Any]:
    """Parameters of a test that takes long, but for some of them."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


def assert_close(got: Any, want: Any, *, like: str = "float64", scale: float | None = None) -> None:
    """Assert the same shape, the same places of nan and inf, and a difference within the tolerance named by `like`.

    got, want: tensors, arrays or numbers; shapes must be equal, nothing broadcasts. `scale` replaces the largest |want|
    as the unit of the tolerance (for a part of a larger result).
    """
    tolerance = TOLERANCES[like]
    a, b = _array(got), _array(want)
    if a.shape != b.shape:
        raise AssertionError(f"shapes differ: got {a.shape}, want {b.shape}")
    if not a.size:
        return
    finite = np.isfinite(b)
    unlike = np.argwhere(
        (np.isfinite(a) != finite) | (np.isnan(a) != np.isnan(b)) | (~finite & ~np.isnan(b) & (a != b))
    )
    if len(unlike):
        at = tuple(int(k) for k in unlike[0])
        raise AssertionError(
            f"nan or inf differ in {len(unlike)} of {a.size} places, first at {at}: got {a[at]}, want {b[at]}"
        )
    if not finite.any():
        return
    unit = scale if scale is not None else float(np.abs(b[finite]).max()) or 1.0
    error = np.where(finite, np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)), 0)
    worst = tuple(int(k) for k in np.unravel_index(error.argmax(), error.shape))
    if error[worst] > tolerance * unit:
        raise AssertionError(
            f"differs by {error[worst] / unit:.3g} of {unit:.3g}, allowed {tolerance:.3g} ({like}); "
            f"worst at {worst}: got {a[worst]!r}, want {b[worst]!r}"
        )


def _array(value: Any) -> np.ndarray:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = value.float() if value.dtype == torch.bfloat16 else value
        value = value.numpy()
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def state_of(model: nn.Module) -> dict[str, Any]:
    """Everything that a module holds, copied: parameters, buffers, and the plain attributes of every submodule.

    Attributes that start with an underscore (caches) are left out.
    """
    state: dict[str, Any] = {}
    for prefix, module in model.named_modules():
        for name, value in [*module._parameters.items(), *module._buffers.items()]:
            state[f"{prefix}.{name}"] = None if value is None else (value.detach().clone(), value.requires_grad)
        for name, value in vars(module).items():
            if not name.startswith("_"):
                state[f"{prefix}.{name}"] = copy.deepcopy(value)
    return state


def assert_equal(got: Any, want: Any, where: str = "state") -> None:
    """Assert that two states (or tensors, or nests of them) are the same to the bit, dtype and device included; nan
    equals nan."""
    if type(got) is not type(want):
        raise AssertionError(f"{where}: got {type(got).__name__}, want {type(want).__name__}")
    if isinstance(want, Tensor):
        same = got.shape == want.shape and got.dtype == want.dtype and got.device == want.device
        if not (
            same
            and got.detach().cpu().contiguous().numpy().tobytes() == want.detach().cpu().contiguous().numpy().tobytes()
        ):
            raise AssertionError(f"{where}: tensors differ: got {got!r}, want {want!r}")
    elif isinstance(want, np.ndarray):
        if got.dtype != want.dtype or got.shape != want.shape or got.tobytes() != want.tobytes():
            raise AssertionError(f"{where}: arrays differ: got {got!r}, want {want!r}")
    elif isinstance(want, Mapping):
        if list(got) != list(want):
            raise AssertionError(f"{where}: keys differ: got {list(got)}, want {list(want)}")
        for key in want:
            assert_equal(got[key], want[key], f"{where}[{key!r}]")
    elif isinstance(want, Sequence) and not isinstance(want, str | bytes):
        if len(got) != len(want):
            raise AssertionError(f"{where}: lengths differ: got {len(got)}, want {len(want)}")
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            assert_equal(one, other, f"{where}[{k}]")
    elif dataclasses.is_dataclass(want):
        for field in dataclasses.fields(want):
            assert_equal(getattr(got, field.name), getattr(want, field.name), f"{where}.{field.name}")
    elif isinstance(want, float) and math.isnan(want):
        if not math.isnan(got):
            raise AssertionError(f"{where}: got {got!r}, want nan")
    elif got != want:
        raise AssertionError(f"{where}: got {got!r}, want {want!r}")


def assert_no_shared_storage(one: nn.Module, other: nn.Module) -> None:
    """Assert that no parameter or buffer of one module lies in the memory of the other."""
    held = {t.untyped_storage().data_ptr(): name for name, t in _tensors(one) if t.numel()}
    shared = [
        (name, held[t.untyped_storage().data_ptr()])
        for name, t in _tensors(other)
        if t.numel() and t.untyped_storage().data_ptr() in held
    ]
    if shared:
        raise AssertionError(f"storage is shared: {shared}")


def _tensors(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


@contextlib.contextmanager
def no_trace(folder: Path) -> Iterator[None]:
    """Assert that the block leaves the global random states and settings as they were, and writes no file into the
    empty `folder`."""
    before = _global_state()
    yield
    assert_equal(_global_state(), before, "global state")
    if written := sorted(folder.iterdir()):
        raise AssertionError(f"files were written: {written}")


def _global_state() -> dict[str, Any]:
    return {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "random": random.getstate(),
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


@dataclasses.dataclass(frozen=True)
class Problem:
    """A known function with the ranges of its inputs and a shape of network that can hold it."""

    name: str
    function: Callable[..., Tensor]  # one tensor (n,) per input -> (n,)
    ranges: tuple[tuple[float, float], ...]
    widths: tuple[Any, ...]

    def sample(self, rows: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
        """X (rows, inputs), uniform in the ranges, and y (rows, 1); the same for the same seed, without global random
        state."""
        generator = torch.Generator().manual_seed(seed)
        low, high = torch.tensor(self.ranges, dtype=torch.float64).T
        X = low + (high - low) * torch.rand(rows, len(self.ranges), generator=generator, dtype=torch.float64)
        return X.to(dtype), self.function(*X.T)[:, None].to(dtype)


ZOO: dict[str, Problem] = {
    problem.name: problem
    for problem in [
        Problem("line", lambda x: 3 * x - 1, ((-2, 5),), (1, 1)),
        Problem("sine", lambda x: torch.sin(4 * x), ((-1, 1),), (1, 1)),
        Problem("sum", lambda x, y: torch.exp(x) + y**3, ((-1, 1), (-1, 1)), (2, 1)),
        Problem("exp_sin", lambda x, y: torch.exp(torch.sin(math.pi * x) + y**2), ((-1, 1), (-1, 1)), (2, 1, 1)),
        Problem("product", lambda x, y: x * y, ((-1, 1), (-1, 1)), (2, 2, 1)),
        Problem("quotient", lambda x, y: x / y, ((-1, 1), (0.5, 2)), (2, 2, 1)),
        Problem("velocities", lambda a, b: (a + b) / (1 + a * b), ((-0.9, 0.9), (-0.9, 0.9)), (2, 1, 1)),
        Problem(
            "two_sines", lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y**2), ((-1, 1), (-1, 1)), (2, 2, 1)
        ),
        Problem("distance", lambda a, b, c, d: torch.sqrt((a - b) ** 2 + (c - d) ** 2), ((-1, 1),) * 4, (4, 4, 2, 1)),
        Problem("unused", lambda x, y, z: x**2 + torch.sin(y) + 0 * z, ((-1, 1), (-3, 3), (-1, 1)), (3, 1)),
        Problem("units", lambda m, v: 0.5 * m * v**2, ((1e3, 2e3), (1e-3, 5e-3)), (2, 1, 1)),
    ]
}


def random_breaks(inputs: int, size: int, seed: int) -> Tensor:
    """Breaks (i, G+1) of strictly growing random widths."""
    generator = torch.Generator().manual_seed(seed)
    widths = 0.2 + torch.rand(inputs, size, dtype=torch.float64, generator=generator)
    return torch.cat([torch.zeros(inputs, 1, dtype=torch.float64), widths.cumsum(1)], dim=1) - 1.0

"""Lorenz's equations from one trajectory with noise."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch

import edgewise as ew

LENGTH, ROWS, NOISE = 10.0, 4000, 0.01  # of the trajectory; noise in units of the spread of each column
NAMES = ("x", "y", "z")
LAW = ({"x": -10.0, "y": 10.0}, {"x": 28.0, "y": -1.0, "x*z": -1.0}, {"x*y": 1.0, "z": -8 / 3})
WINDOW = 160  # rows to each side of a test function; of 20 to 240 the best on noise of other seeds than those shown
Constants = tuple[dict[str, float], ...]


def trajectory(seed: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) and states with noise (n, 3)."""
    from scipy.integrate import solve_ivp

    times = np.linspace(0, LENGTH * rows / ROWS, rows)

    def velocity(_: float, state: np.ndarray) -> list[float]:
        x, y, z = state
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    states = solve_ivp(velocity, (0, times[-1]), [-8.0, 7.0, 27.0], t_eval=times, rtol=1e-10, atol=1e-10).y.T
    noise = np.random.default_rng(seed).standard_normal(states.shape)
    return times, states + NOISE * states.std(0) * noise


def smoothed(times: np.ndarray, states: np.ndarray, seed: int, grids: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """States (n, 3) without most of the noise, and their derivatives: those of a network of three edges over time."""
    t = torch.as_tensor(times)[:, None]
    network = ew.KAN((1, 3), grid_size=grids[0], degree=5, base=None)
    model = ew.fit(network, t, states, grids=grids, seed=seed, progress=False).model
    t = t.clone().requires_grad_()
    smooth = model(t)
    rates = [torch.autograd.grad(column.sum(), t, retain_graph=True)[0][:, 0] for column in smooth.unbind(1)]
    return smooth.detach().numpy(), torch.stack(rates, 1).detach().numpy()


def weak(expression: Any, column: int, times: np.ndarray, states: np.ndarray, smooth: np.ndarray) -> dict[str, float]:
    """The constants of a sum of terms by least squares on integrals against test functions.

    Integration by parts moves the derivative to the test function, so that the noise of the states is averaged.
    """
    import sympy

    symbols, step = sympy.symbols(NAMES), times[1] - times[0]
    terms = [term.as_coeff_Mul()[1] for term in sympy.expand(expression).as_ordered_terms()]
    u = np.linspace(-1, 1, 2 * WINDOW + 1)
    bump, slope = (1 - u**2) ** 4, -8 * u * (1 - u**2) ** 3 / (WINDOW * step)

    def integrals(values: np.ndarray, test: np.ndarray) -> np.ndarray:
        return np.convolve(values, test[::-1], "valid") * step

    columns = [np.broadcast_to(sympy.lambdify(symbols, term)(*smooth.T), len(times)) for term in terms]
    design = np.stack([integrals(values, bump) for values in columns], 1)
    found = np.linalg.lstsq(design, -integrals(states[:, column], slope), rcond=None)[0]
    return dict(zip(map(str, terms), map(float, found), strict=True))


def by_edgewise(seed: int, smoke: bool) -> Constants:
    """The terms by `ew.discover` on smoothed states, their constants by the weak form."""
    times, states = trajectory(seed, 800 if smoke else ROWS)
    smooth, rates = smoothed(times, states, seed, (25, 50) if smoke else (100, 200, 400))
    found = []
    for column in range(3):
        law = ew.discover(
            smooth[::5], rates[::5, column], inputs=NAMES, seconds=5 if smoke else 150, seed=seed, progress=False
        )
        found.append(weak(law.best.expression, column, times, states, smooth))
    return tuple(found)


def by_sindy(seed: int) -> Constants:
    """The same by pysindy: finite differences, polynomials of degree 2, sequential thresholds at 0.1, its default."""
    import pysindy  # pyright: ignore[reportMissingImports]

    times, states = trajectory(seed)
    model = pysindy.SINDy(feature_library=pysindy.PolynomialLibrary(2))
    model.fit(states, t=times, feature_names=list(NAMES))
    names = [name.replace(" ", "*").replace("^", "**") for name in model.get_feature_names()]
    return tuple(
        {name: float(weight) for name, weight in zip(names, row, strict=True) if weight} for row in model.coefficients()
    )


def has_sindy() -> bool:
    """Whether pysindy can be imported."""
    from importlib.util import find_spec

    return find_spec("pysindy") is not None


def off(found: Constants) -> float:
    """The largest relative error of a constant; infinite where terms are missing or too many.

    >>> off(LAW), off(({"x": 1.0}, *LAW[1:]))
    (0.0, inf)
    """
    if any(set(one) != set(law) for one, law in zip(found, LAW, strict=True)):
        return math.inf
    return max(abs(one[term] / law[term] - 1) for one, law in zip(found, LAW, strict=True) for term in law)


def written(found: Constants) -> str:
    """The equations as text, with five digits.

    >>> written(LAW)
    "x' = -10*x + 10*y; y' = 28*x - 1*y - 1*x*z; z' = 1*x*y - 2.6667*z"
    """
    sums = [" + ".join(f"{weight:.5g}*{term}" for term, weight in one.items()).replace("+ -", "- ") for one in found]
    return "; ".join(f"{name}' = {text}" for name, text in zip(NAMES, sums, strict=True))


def equations(seed: int, smoke: bool) -> dict[str, Any]:
    """What is found by edgewise."""
    found = by_edgewise(seed, smoke)
    return {"formulas": written(found), "error": off(found)}


def peer(seed: int) -> dict[str, Any]:
    """What is found by pysindy, and its CPU seconds."""
    began = time.process_time()
    found = by_sindy(seed)
    return {"peer_formulas": written(found), "peer_error": off(found), "peer_seconds": time.process_time() - began}

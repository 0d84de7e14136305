"""What Operon, a genetic search by C++ (pyoperon), finds in so many CPU seconds. Source: Burlacu, Kronberger & Kommenda
2020, Operon C++, doi:10.1145/3377929.3398099."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np

from edgewise.errors import require

PEER, EXTRA = "pyoperon", "operon"
DIGITS = 17  # after the point; Operon computes in float32


@dataclass(frozen=True)
class Settings:
    """How it is run; the rest is as pyoperon has it."""

    symbols: str = "add,sub,mul,div,sqrt,square,exp,log,sin,cos,asin,tanh,constant,variable"
    """All functions of the laws, and no more: each further one makes the search longer."""
    rows: int = 250
    """The first of the rows: a generation takes as long as there are rows, and constants are fitted again afterwards.
    In five seconds 10,000 rows leave two generations, 250 about thirty. On eight laws 250 and 500 did as well."""
    population: int = 1000
    """Its default."""
    steps: int = 5
    """Of least squares for each new formula."""
    length: int = 50
    """Its default: most symbols of a formula."""
    without_end: int = 10**9
    """Generations and evaluations: only time ends it."""


SETTINGS = Settings()


def has_pyoperon() -> bool:
    """Whether pyoperon can be imported."""
    return find_spec(PEER) is not None


def package() -> str:
    """The name and version of what was run."""
    return f"{PEER} {version(PEER)}"


def front(X: np.ndarray, y: np.ndarray, names: Sequence[str], seconds: float) -> list[str]:
    """The models of its Pareto front of error and length, as text over these names.

    It goes on with its population until the CPU seconds are used up: its own limit is one of the clock, which a busy
    machine reaches early.
    """
    X, y, turn = X[: SETTINGS.rows], y[: SETTINGS.rows], 0
    model = require(f"{PEER}.sklearn", EXTRA).SymbolicRegressor(
        allowed_symbols=SETTINGS.symbols,
        objectives=["r2", "length"],
        optimizer_iterations=SETTINGS.steps,
        population_size=SETTINGS.population,
        max_length=SETTINGS.length,
        generations=SETTINGS.without_end,
        max_evaluations=SETTINGS.without_end,
        epsilon=0.0,
        n_threads=1,
    )
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a model of the front is a constant
        while (left := seconds - (time.process_time() - began)) > 0:
            model.set_params(max_time=math.ceil(left), random_state=turn, warm_start=turn > 0).fit(X, y)
            turn += 1
        return [model.get_model_string(one["tree"], DIGITS, list(names)) for one in model.pareto_front_]

"""A request beyond the memory of the machine ends in a ConfigError that says how much it would need, at once."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise import limits
from edgewise.cli.main import main
from edgewise.errors import ConfigError

HUGE = 10**9
X = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]


def fit(**settings: Any) -> Callable[[], object]:
    return lambda: ew.fit(ew.KAN((1, 2, 1)), X, X[:, 0], progress=False, **settings)


REQUESTS: dict[str, Callable[[], object]] = {
    "KAN nodes": lambda: ew.KAN((2, HUGE, 1)),
    "KAN two wide layers": lambda: ew.KAN((2, 10**6, 10**6, 1)),
    "KAN inputs": lambda: ew.KAN((HUGE, 1)),
    "KAN intervals": lambda: ew.KAN((2, 1), grid_size=HUGE),
    "KAN intervals of one layer": lambda: ew.KAN((2, 1, 1), grid_size=(3, HUGE)),
    "KAN products": lambda: ew.KAN((2, (1, HUGE), 1)),
    "KAN factors": lambda: ew.KAN((2, (1, (HUGE,)), 1)),
    "KAN layers": lambda: ew.KAN(range(1, HUGE)),
    "KAN beyond 64 bits": lambda: ew.KAN((2, 10**30, 1)),
    "KAN nodes that no float holds": lambda: ew.KAN((2, 10**400, 1)),
    "KAN intervals that no float holds": lambda: ew.KAN((2, 1), grid_size=10**400),
    "KANLayer intervals that no float holds": lambda: ew.KANLayer(2, 3, grid_size=10**400),
    "refine to what no float holds": lambda: ew.refine(ew.KAN((2, 1)), grid_size=10**400),
    "fit on what no float holds": fit(grids=(10**400,)),
    "KAN.kolmogorov": lambda: ew.KAN.kolmogorov(10**6),
    "KANLayer nodes": lambda: ew.KANLayer(HUGE, 2),
    "KANLayer intervals": lambda: ew.KANLayer(2, 2, grid_size=HUGE),
    "refine": lambda: ew.refine(ew.KAN((2, 1)), grid_size=HUGE),
    "refine by a factor": lambda: ew.refine(ew.KAN((2, 1)), HUGE),
    "adapt": lambda: ew.adapt(ew.KAN((1, 1)), X, grid_size=HUGE),
    "widen": lambda: ew.widen(ew.KAN((2, 2, 1)), 1, HUGE),
    "widen by products": lambda: ew.widen(ew.KAN((2, 2, 1)), 1, 0, products=HUGE),
    "widen by factors": lambda: ew.widen(ew.KAN((2, 2, 1)), 1, 0, products=(HUGE,)),
    "deepen": lambda: ew.deepen(ew.KAN((1, 30_000, 1), grid_size=1, degree=1), 1),
    "fit grids": fit(grids=(3, HUGE)),
    "fit one grid more": fit(grids=(HUGE,)),
    "fit a matrix": fit(grids=(10**6,), optimizer="lm"),
    "fit steps": fit(steps=HUGE),
    "fit restarts": fit(restarts=HUGE),
    "fit with Adam": fit(grids=(3, HUGE), optimizer="adam"),
    "from_function": lambda: ew.from_function(lambda x: x[:, 0], [(0, 1)] * 3, HUGE),
    "study nodes": lambda: ew.study(X, X[:, 0], hidden=HUGE, progress=False),
    "study nodes that can be held but not trained": lambda: ew.study(X, X[:, 0], hidden=15 * 10**6, progress=False),
    "study layers": lambda: ew.study(X, X[:, 0], hidden=range(1, HUGE), progress=False),
    "study grids": lambda: ew.study(X, X[:, 0], grids=(HUGE,), progress=False),
    "study many grids": lambda: ew.study(X, X[:, 0], grids=range(1, HUGE), progress=False),
}


@pytest.fixture(autouse=True)
def _sixteen_gigabytes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same machine for every test."""
    monkeypatch.setattr(limits, "memory", lambda: 16 * 10**9)
    yield


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_beyond_memory_is_refused_with_an_estimate(name: str):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ConfigError, match=r"would need at least .* (GB|TB|PB|EB) of memory, this machine has 16 GB; "):
        REQUESTS[name]()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB: no part of it was taken


def test_a_list_of_very_many_grids_is_refused():
    with pytest.raises(ConfigError, match="grids must be at most 1000 sizes"):
        fit(grids=range(1, HUGE))()


def test_what_fits_is_not_refused():
    assert ew.KAN((2, 100, 1), grid_size=100).features == 2
    assert ew.widen(ew.KAN((2, 2, 1)), 1, 50).topology.widths[1] == (52, ())
    assert fit(steps=2, grids=(3, 40))()


@pytest.mark.parametrize(
    "options",
    [["--hidden", "1000000000"], ["--hidden", "1000000,1000000"], ["--grids", "3,1000000000"]],
)
def test_the_command_refuses_with_one_message(options: list[str], tmp_path: Any, capsys: pytest.CaptureFixture[str]):
    table = tmp_path / "table.csv"
    table.write_text("a,y\n" + "".join(f"{k},{k * k % 7}.5\n" for k in range(60)))
    assert main(["fit", str(table), "--target", "y", "--out", str(tmp_path / "run"), *options]) != 0
    said = capsys.readouterr().err
    assert "would need at least" in said and "Traceback" not in said
    assert not (tmp_path / "run").exists()


def test_memory_is_that_of_the_machine_where_the_system_tells(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    limits.memory.cache_clear()
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert limits.memory() == 4096000
    limits.memory.cache_clear()
    monkeypatch.setattr("os.sysconf", lambda name: -1, raising=False)
    assert limits.memory() == 1
    limits.memory.cache_clear()
    monkeypatch.delattr("os.sysconf", raising=False)
    assert limits.memory() == limits.UNKNOWN
    limits.memory.cache_clear()

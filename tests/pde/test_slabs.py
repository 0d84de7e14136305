"""Slabs of time: each starts where the one before ended, and their networks are one solution."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise import grid, pde
from edgewise.errors import ConfigError
from edgewise.pde.domain import Domain
from edgewise.pde.refinement import JudgedNetwork
from edgewise.pde.regions import Interval
from edgewise.pde.slabs import Slab, Slabs, carried, times_of
from edgewise.train.monitor import Monitor
from edgewise.train.solvers.status import Status
from helpers import assert_close

from .test_boundary_problem import TASK

BOX = ((0, 1), (0, 0.5))


def cooling(x: torch.Tensor) -> torch.Tensor:
    """Heat in a rod with cold ends."""
    return torch.sin(math.pi * x[:, :1]) * torch.exp(-(math.pi**2) * x[:, 1:])


def heat(u, x):
    return u(1) - u(0, 0)


CONDITIONS = [pde.Initial(cooling), pde.Dirichlet(0.0)]


def solved(slabs, model=None, equation=heat, conditions=CONDITIONS, domain=BOX, **settings) -> pde.Solution:
    model = pde.polynomial_in_time(2, power=4, grid_size=6, degree=5) if model is None else model
    given = {"points": 200, "grids": (6,), "steps": 20, "restarts": 0, "progress": False}
    return pde.solve(model, equation, domain=domain, conditions=conditions, slabs=slabs, **{**given, **settings})


def error(sol: pde.Solution, exact=cooling, box=BOX) -> float:
    low, high = torch.tensor(box, dtype=torch.float64).unbind(1)
    x = low + torch.rand(400, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) * (high - low)
    want = exact(x)
    return float((sol.model(x).detach() - want).norm() / want.norm())


@pytest.mark.slow
def test_slabs_solve_what_one_polynomial_of_time_cannot():
    one, several = solved(1), solved(4)
    assert isinstance(several.model, pde.TimeSlabs) and len(several.model.networks) == 4
    assert error(several) < 0.1 * error(one)
    assert set(several.errors) == {"the equation", "Initial", "Dirichlet", "between slabs"}
    assert several.errors["between slabs"] < 1e-4 and "4 slabs" in several.message


@pytest.mark.parametrize("slabs", [5, "auto"])
@pytest.mark.slow
def test_equations_of_time_alone_take_slabs(slabs):
    def turning(u, x):
        return u(0)[:, 0] - u()[:, 1], u(0)[:, 1] + u()[:, 0]

    def exact(x):
        return torch.cat([torch.sin(x), torch.cos(x)], 1)

    model = ew.KAN((1, 2), grid_size=8, degree=5, base=None)
    given = {"model": model, "equation": turning, "conditions": [pde.Initial(exact)], "domain": ((0, 20),)}
    one, several = (solved(one, **given, points=80, grids=(8,)) for one in (1, slabs))
    t = torch.linspace(0, 20, 101, dtype=torch.float64)[:, None]
    wrong = [float((sol.model(t) - exact(t)).detach().abs().max()) for sol in (one, several)]
    assert wrong[1] < 1e-3 < 0.1 < wrong[0]


@pytest.mark.slow
def test_slabs_end_at_the_times_that_are_given():
    sol = solved([0.02, 0.1])
    assert sol.model.times.tolist() == [0.02, 0.1]
    x = torch.tensor([[0.3, 0.02], [0.7, 0.02]], dtype=torch.float64)
    before, after = (network(x).detach() for network in sol.model.networks[:2])
    assert_close(after, before, like="difference", scale=10.0)


@pytest.mark.slow
def test_lengths_of_slabs_are_chosen():
    def exact(x):
        fast = torch.sin(3 * math.pi * x[:, :1]) * torch.exp(-9 * math.pi**2 * x[:, 1:])
        return cooling(x) + 5 * fast

    box = ((0, 1), (0, 0.2))
    sol = solved("auto", conditions=[pde.Initial(exact), pde.Dirichlet(0.0)], domain=box, points=250, grids=(8,))
    lengths = torch.tensor([0.0, *sol.model.times.tolist(), 0.2]).diff()
    assert float(lengths.max()) > 2 * float(lengths[:-1].min()), "what is fast fades first"
    assert error(sol, exact, box) < 2e-3


class Timed(Slabs):
    """Slabs whose residuals are those of a polynomial of degree 7 that suits a certain length."""

    suits, floor = 0.03, 0.0

    def _solved(self, start, end):
        square = max(((end - start) / self.suits) ** 14, self.floor)
        judged = JudgedNetwork(self.module, torch.zeros(0), [square])
        return Slab(start, end, ["the equation"], judged, 1.0, 1.0, 0.0), Status.CONVERGED


@pytest.mark.parametrize("suits, floor", [(0.03, 0.0), (0.003, 0.0), (1.0, 0.0), (0.03, 100.0)])
def test_lengths_follow_the_residual(suits, floor):
    task = replace(TASK, domain=Domain.create(((0, 1), (0, 2))))
    it = Timed(task, ew.KAN((2, 1)), Monitor(progress=False), None)
    it.suits, it.floor = suits, floor
    assert it.go() is Status.CONVERGED
    starts, ends = [slab.start for slab in it.done], [slab.end for slab in it.done]
    assert starts == [0.0, *ends[:-1]] and ends[-1] == 2.0
    longest = max(end - start for start, end in zip(starts, ends, strict=True))
    if not floor:
        assert min(0.7 * suits, 0.1) < longest < 1.3 * suits and len(ends) < 3 / min(suits, 1.0) + 6
    else:
        assert len(ends) < 60, "where shorter slabs do not help, they are not made ever shorter"


@pytest.mark.slow
def test_the_first_slab_moves_its_intervals_to_where_the_start_bends():
    start = pde.Initial(lambda x: torch.exp(-(((x[:, 0] - 0.5) / 0.1) ** 2)))
    model = pde.polynomial_in_time(2, power=4, grid_size=20, degree=5)
    sol = solved(
        [1e-3], model, domain=((0, 1), (0, 2e-3)), conditions=[start, pde.Dirichlet(0.0)], grids=(20,), points=400
    )
    layer = sol.model.networks[0].edge_layers[0]
    lengths = grid.breaks_of(layer.knots, layer.degree)[0].diff()
    assert float(lengths.max()) > 3 * float(lengths.min()), "evenly spread, all are alike"
    stages = [row["stage"] for row in sol.history]
    assert "slab 1, round 3" in stages and "slab 1, round 4" not in stages


@pytest.mark.slow
def test_slabs_after_the_first_take_few_steps():
    stages = [row["stage"] for row in solved(4).history]
    later = [stage for stage in stages if not stage.startswith("slab 1,")]
    assert len(later) <= 3 * 2 * 6, "their rounds begin close to the solution, with little damping"


@pytest.mark.slow
def test_any_network_can_be_taken():
    model = ew.KAN((2, (0, 3), 1), degree=5, base=None, seed=1)
    sol = solved(2, model, points=300, grids=(5,), domain=((0, 1), (0, 0.1)), restarts=1)
    assert error(sol, box=((0, 1), (0, 0.1))) < 1e-3


@pytest.mark.slow
def test_velocities_go_on_in_the_next_slab():
    exact = lambda x: torch.sin(math.pi * x[:, :1]) * torch.cos(math.pi * x[:, 1:])  # noqa: E731
    start = [pde.Initial(lambda x: torch.sin(math.pi * x[:, 0])), pde.Initial(0.0, derivative=1), pde.Dirichlet(0.0)]
    box = ((0, 1), (0, 1.2))
    model = pde.polynomial_in_time(2, power=5, grid_size=6, degree=5)
    sol = solved(3, model, lambda u, x: u(1, 1) - u(0, 0), start, box)
    assert error(sol, exact, box) < 1e-3


@pytest.mark.slow
def test_ctrl_c_keeps_the_slabs_that_are_done():
    def press(row):
        if row["stage"].startswith("slab 3"):
            raise KeyboardInterrupt

    sol = solved([0.05, 0.1], callbacks=[press])
    assert sol.status is Status.INTERRUPTED and len(sol.model.networks) == 3


def test_a_callback_ends_the_work():
    sol = solved(5, callbacks=[lambda row: row["stage"].startswith("slab 2")])
    assert sol.status is Status.STOPPED and len(sol.model.networks) == 2


@pytest.mark.slow
def test_measurements_go_to_the_slab_of_their_time():
    data = pde.Data([[0.5, 0.0], [0.5, 0.1], [0.5, 0.3]], [1.0, 2.0, 3.0])
    first, second = data.between(0.0, 0.1, first=True), data.between(0.1, 0.2, first=False)
    assert first is not None and first.y.tolist() == [1.0, 2.0] and second is None
    sol = solved(2, conditions=[*CONDITIONS, pde.Data([[0.5, 0.4]], [cooling(torch.tensor([[0.5, 0.4]]))[0, 0]])])
    assert sol.errors["Data"] < 1e-3


def test_a_carried_network_says_the_same_at_a_later_time():
    model = ew.KAN((2, 3, 1), seed=2)
    later = carried(model, (-1.0, 1.0), Interval(1.0, 1.5))
    x = torch.rand(20, 2, dtype=torch.float64)
    moved = torch.stack([x[:, 0], 1.0 + 0.25 * (x[:, 1] + 1)], 1)
    assert_close(later(moved), model(x), like="formula")


def test_equal_slabs_and_given_ones():
    assert times_of(4, Interval(0.0, 2.0)) == [0.5, 1.0, 1.5, 2.0]
    assert times_of((0.1, 0.4), Interval(0.0, 2.0)) == [0.1, 0.4, 2.0]


@pytest.mark.parametrize("slabs, settings, words", [
    (0, {}, "slabs must be"),
    ("many", {}, "slabs must be"),
    ((), {}, "slabs must be"),
    ((0.3, 0.1), {}, "each later"),
    ((0.1, 0.5), {}, "each later"),
    (2, {"conditions": [pde.Dirichlet(0.0)]}, "take an Initial"),
    (2, {"model": torch.nn.Sequential(torch.nn.Linear(2, 1))}, "slabs take an edgewise.KAN"),
    (2, {"equation": lambda u, x: u(1) - u[pde.Unknown("k")] * u(0, 0)}, "Unknown"),
])  # fmt: skip
def test_slabs_that_cannot_be_are_refused(slabs, settings, words):
    with pytest.raises(ConfigError, match=words):
        solved(slabs, **settings)

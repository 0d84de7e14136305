"""solve: closed-form solutions found for equations of every kind, and bad problems told clearly."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.errors import ConfigError, ShapeError, TrainingError
from edgewise.train.solvers.status import Status
from helpers import assert_equal, state_of

pde = ew.pde
UNIT = ((0.0, 1.0), (0.0, 1.0))


def network(shape=(2, 4, 1), **settings) -> ew.KAN:
    return ew.KAN(shape, **{"degree": 5, "base": None, "grid_size": 4, "seed": 1} | settings)


def error(solution, exact, box=UNIT) -> float:
    """Relative L2 error on random points of a box."""
    low, high = torch.tensor(box, dtype=torch.float64).unbind(1)
    x = low + torch.rand(2000, len(box), dtype=torch.float64) * (high - low)
    got, want = solution.model(x).detach(), exact(x)
    return float((got - want).norm() / want.norm())


def quick(model, equation, **settings):
    return pde.solve(model, equation, **{"points": 300, "progress": False, "restarts": 0, "grids": (4, 8)} | settings)


# ------------------------------------------------------------------ equations of every kind


@pytest.mark.slow
def test_poisson_with_values_on_the_boundary():
    exact = lambda x: torch.exp(x[:, :1]) * torch.sin(2 * x[:, 1:])  # noqa: E731
    equation = lambda u, x: u(0, 0) + u(1, 1) + 3 * exact(x)  # noqa: E731
    sol = quick(network(), equation, domain=UNIT, conditions=[pde.Dirichlet(exact)], restarts=2)
    assert error(sol, exact) < 1e-4
    assert set(sol.errors) == {"the equation", "Dirichlet"} and sol.errors["Dirichlet"] < 1e-4
    assert sol.status in (Status.CONVERGED, Status.BUDGET) and "fresh points" in sol.message
    assert [row["step"] for row in sol.history] == list(range(1, len(sol.history) + 1))


@pytest.mark.slow
def test_a_heat_equation_on_a_disc_from_its_initial_values():
    J0, k = torch.special.bessel_j0, 2.404825557695773  # the first zero
    exact = lambda x: J0(k * x[:, :2].norm(dim=1, keepdim=True)) * torch.exp(-x[:, 2:])  # noqa: E731
    equation = lambda u, x: u(2) - (u(0, 0) + u(1, 1)) / k**2  # noqa: E731
    sol = quick(
        network((3, (2, 2), 1), grid_size=3),
        equation,
        domain=(pde.Disc((0, 0), 1.0), (0, 1)),
        conditions=[pde.Dirichlet(0.0), pde.Initial(exact)],
        points=600,
        grids=(3,),
        restarts=1,
    )
    x = torch.cat([0.7 * (2 * torch.rand(500, 2) - 1), torch.rand(500, 1)], 1).double()
    assert float((sol.model(x).detach() - exact(x)).norm() / exact(x).norm()) < 2e-2


def test_a_nonlinear_equation():
    exact = lambda x: torch.tanh(x)  # noqa: E731
    equation = lambda u, x: u(0) - 1 + u() ** 2  # noqa: E731
    sol = quick(network((1, 1)), equation, domain=((0, 2),), conditions=[pde.Initial(0.0)], points=60)
    assert error(sol, exact, ((0, 2),)) < 1e-5


def test_a_system_as_a_tuple():
    exact = lambda x: torch.cat([torch.cos(x), torch.sin(x)], 1)  # noqa: E731

    def rotation(u, x):
        return u(0)[:, 0] + u()[:, 1], u(0)[:, 1] - u()[:, 0]

    start = pde.Dirichlet(exact, where=lambda x: x[:, 0] == 0)
    sol = quick(network((1, 2)), rotation, domain=((0, 3),), conditions=[start], points=100)
    assert error(sol, exact, ((0, 3),)) < 1e-5


def test_insulated_and_cooled_ends():
    exact = lambda x: torch.cosh(x)  # noqa: E731  # u' = 0 at 0; u + u' = e at 1
    conditions = [
        pde.Neumann(0.0, where=lambda x: x[:, 0] == 0),
        pde.Robin(1.0, 1.0, math.e, where=lambda x: x[:, 0] == 1),
    ]
    sol = quick(network((1, 1)), lambda u, x: u(0, 0) - u(), domain=((0, 1),), conditions=conditions, points=60)
    assert error(sol, exact, ((0, 1),)) < 1e-5


def test_a_periodic_solution():
    equation = lambda u, x: u(0, 0) - u() + 2 * torch.sin(x)  # noqa: E731
    box = ((0, 2 * math.pi),)
    sol = quick(network((1, 1)), equation, domain=box, conditions=[pde.Periodic(0)], points=100, grids=(8, 16))
    assert error(sol, torch.sin, box) < 1e-5


def test_an_equation_of_fourth_order():
    exact = lambda x: torch.sin(x)  # noqa: E731
    conditions = [pde.Dirichlet(exact), pde.Neumann(lambda x: torch.cos(x) * torch.where(x > 0.5, 1.0, -1.0))]
    equation = lambda u, x: u(0, 0, 0, 0) - u()  # noqa: E731
    sol = quick(network((1, 1), degree=7), equation, domain=((0, 1),), conditions=conditions, points=80)
    assert error(sol, exact, ((0, 1),)) < 1e-6


def test_an_unknown_constant_is_found_from_measurements():
    k = pde.Unknown("k", 1.0)
    x = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    data = pde.Data(x, torch.exp(-2.5 * x))
    sol = quick(network((1, 1)), lambda u, x: u(0) + u[k] * u(), domain=((0, 1),), conditions=[data], points=60)
    assert abs(sol.unknowns["k"] - 2.5) < 1e-5


def test_an_unknown_constant_that_begins_at_zero_is_found():
    """There, the solution does not move the equation: values on the boundary, and measurements, must still count."""
    k, x = pde.Unknown("k", 0.0), torch.linspace(0.05, 0.95, 19, dtype=torch.float64)[:, None]
    conditions = [pde.Dirichlet(0.0), pde.Data(x, x * (1 - x) / 4)]
    settings = {"domain": ((0, 1),), "conditions": conditions, "points": 200, "grids": (5,), "restarts": 0}
    sol = quick(ew.KAN((1, 1), degree=5, base=None), lambda u, x: u[k] * u(0, 0) + 1, **settings)
    assert abs(sol.unknowns["k"] - 2) < 1e-6


def test_the_unit_of_length_does_not_change_an_unknown_constant():
    def found(length: float) -> float:
        spread = pde.Unknown("spread", 0.1 * length**2)
        cooled = lambda x: torch.sin(math.pi * x[:, 0] / length) * torch.exp(-0.25 * math.pi**2 * x[:, 1])  # noqa: E731
        grid = torch.cartesian_prod(*[torch.linspace(0.1, 0.9, 7, dtype=torch.float64)] * 2)
        x = grid * torch.tensor([length, 1.0], dtype=torch.float64)
        conditions = [pde.Initial(cooled), pde.Dirichlet(0.0), pde.Data(x, cooled(x))]
        settings = {"domain": ((0, length), (0, 1)), "conditions": conditions, "points": 300}
        sol = quick(network((2, 3, 1)), lambda u, x: u(1) - u[spread] * u(0, 0), **settings)
        return sol.unknowns["spread"] / length**2

    assert abs(found(1e-5) - 0.25) < 0.01
    assert abs(found(1e5) - 0.25) < 0.01


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # of torch, about itself
@pytest.mark.slow
def test_another_module_is_trained_by_the_same_steps():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    before = copy.deepcopy(module.state_dict())
    ends = pde.Dirichlet(torch.sin)
    settings = {"domain": ((0, 1),), "conditions": [ends], "points": 40, "grids": "auto", "steps": 15}
    sol = quick(module, lambda u, x: u(0, 0) + u(), **settings)
    assert error(sol, torch.sin, ((0, 1),)) < 1e-3
    assert_equal(dict(module.state_dict()), dict(before))


# ------------------------------------------------------------------ what a solution is


def first_order(u, x):
    return u(0) - torch.cos(x)


def simple(model=None, **settings):
    model = network((1, 1)) if model is None else model
    given = {"domain": ((0, 1),), "conditions": [pde.Initial(0.0)], "points": 40, "grids": (4,)}
    return quick(model, **{"equation": first_order, **given, **settings})


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_the_model_stays(leaves_no_trace):
    model = network((1, 2, 1))
    before = state_of(model)
    one, two = simple(model, restarts=1), simple(model, restarts=1)
    assert_equal(state_of(one.model), state_of(two.model))
    assert one.errors == two.errors and one.message == two.message
    assert_equal(state_of(model), before)


def test_another_seed_takes_other_points():
    assert simple(seed=0).errors != simple(seed=1).errors


def test_a_solution_is_a_model_like_any_other(tmp_path):
    sol = simple()
    ew.save(sol.model, tmp_path / "u.safetensors")
    x = torch.rand(5, 1, dtype=torch.float64)
    assert_equal(ew.load(tmp_path / "u.safetensors")(x), sol.model(x))
    assert all(p.requires_grad for p in sol.model.parameters())
    assert "Solution(" in repr(sol)


def test_a_solution_can_be_gone_on_from():
    first = simple(steps=3)
    more = simple(first.model, grids=(8,))
    assert more.errors["the equation"] < first.errors["the equation"]
    assert more.model.layers[0].grid_size == 8


def test_ctrl_c_gives_the_best_so_far():
    def press(row):
        if row["step"] == 4:
            raise KeyboardInterrupt

    sol = simple(callbacks=[press], steps=50)
    assert sol.status is Status.INTERRUPTED and len(sol.history) == 4
    assert sol.errors["the equation"] < simple(steps=1).errors["the equation"]


def test_a_callback_ends_the_work():
    sol = simple(callbacks=[lambda row: row["step"] == 2])
    assert sol.status is Status.STOPPED and len(sol.history) == 2 and "callback" in sol.message


def test_a_callback_ends_the_work_among_the_starts():
    sol = simple(callbacks=[lambda row: row["step"] == 2], restarts=2)
    assert sol.status is Status.STOPPED and len(sol.history) == 2


def test_automatic_grids_end_where_points_are_too_few():
    sol = simple(grids="auto", points=40)
    assert sol.model.layers[0].grid_size * 1.5 < 60


def test_an_unknown_function_is_one_more_output():
    """A reaction 2 u (1 - u), seen only through measurements of u."""
    X = torch.linspace(0, 3, 60, dtype=torch.float64)[:, None]
    grown = 1 / (1 + 9 * torch.exp(-2 * X))
    sol = pde.solve(network((1, 2), grid_size=8), lambda u, x: u(0)[:, 0] - u()[:, 1], domain=((0, 3),), restarts=0,
                    conditions=[pde.Data(X, grown, outputs=[0])], points=60, grids=(8,), progress=False)  # fmt: skip
    u, reaction = sol.model(X).detach().unbind(1)
    assert float((reaction - 2 * u * (1 - u)).abs().max()) < 0.01


# ------------------------------------------------------------------ bad problems


@pytest.mark.parametrize("settings, error, words", [
    ({"equation": lambda u, x: x}, ConfigError, "ignores the solution"),
    ({"equation": lambda u, x: 0 * u(0) + x}, ConfigError, "does not depend on the solution"),
    ({"equation": 3}, ConfigError, "must be a function"),
    ({"equation": lambda u, x: u(1)}, ConfigError, "inputs are 0 to 0"),
    ({"equation": lambda u, x: u(0).nonsense}, ConfigError, "the equation failed"),
    ({"equation": lambda u, x: u(0) - x[:, 0]}, ShapeError, "take x"),
    ({"equation": lambda u, x: u(0)[:2]}, ShapeError, "for 5 points"),
    ({"equation": lambda u, x: u(0) * 1j}, ConfigError, "must give real numbers, got complex128"),
    ({"equation": lambda u, x: u(0) > 0}, ConfigError, "must give real numbers, got bool"),
    ({"equation": lambda u, x: u(0) - u() + 0 * u[pde.Unknown("k")]}, ConfigError, "nothing depends on the Unknown"),
    ({"equation": lambda u, x: u(0) - torch.sqrt(u() - 50)}, TrainingError, "not finite at 40 of 40 points"),
    ({"equation": lambda u, x: u(0) - u().mean()}, ConfigError, "depends on other points"),
    ({"equation": lambda u, x: u(0) + 1 / (x - x)}, TrainingError, "not finite at 40 of 40 points"),
    ({"equation": lambda u, x: u(0, 0, 0), "model": ew.KAN((1, 1), degree=2)}, ConfigError, "order 3.*degree 2"),
    ({"points": 3}, ConfigError, "parameters need"),
    ({"points": 40, "grids": (4, 100)}, ConfigError, "106 parameters need"),
    ({"points": 0}, ConfigError, "points must be"),
    ({"steps": 0, "restarts": -1, "seed": -1}, ConfigError, "3 problems"),
    ({"grids": "fine"}, ConfigError, "grids must be"),
    ({"grids": ()}, ConfigError, "grids must be"),
    ({"conditions": pde.Initial(0.0)}, ConfigError, "must be a list"),
    ({"conditions": [3]}, ConfigError, "Dirichlet, Neumann"),
    ({"domain": ((0, 1), (0, 1))}, ConfigError, "takes 1 inputs"),
    ({"domain": ((1, 0),)}, ConfigError, "low end first"),
    ({"conditions": [pde.Data([[2.0]], [1.0])]}, ConfigError, "outside the domain"),
    ({"conditions": [pde.Dirichlet(0.0, where=lambda x: x[:, 0] > 2)]}, ConfigError, "holds nowhere"),
    ({"model": "network"}, ConfigError, "must be an edgewise.KAN"),
])  # fmt: skip
def test_bad_problems_are_refused(settings, error, words):
    with pytest.raises(error, match=words):
        simple(**settings)


def test_the_message_doubts_what_is_no_solution():
    assert "hardly" not in simple().message
    growing = {"equation": lambda u, x: u(0) - u() ** 2, "domain": ((0, 2),), "conditions": [pde.Initial(1.0)]}
    assert "hardly a solution" in simple(**growing).message, "the solution is infinite at 1"
    vanishing = {"equation": lambda u, x: torch.exp(-(u(0) ** 2)), "conditions": []}
    message = simple(**vanishing, steps=5).message
    assert "hardly a solution" in message and "Without conditions" in message
    zero = {"equation": lambda u, x: u(0) - u(), "conditions": [pde.Initial(0.0)]}
    assert "hardly" not in simple(**zero).message


def test_an_equation_in_single_precision_is_taken():
    assert simple(equation=lambda u, x: first_order(u, x).float()).errors["the equation"] < 1e-4


def test_a_misspelt_keyword_gets_a_hint():
    with pytest.raises(ConfigError, match="did you mean 'domain'"):
        pde.solve(network((1, 1)), first_order, domains=((0, 1),))  # type: ignore[call-arg]

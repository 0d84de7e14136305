"""The truths that experiments are judged by: laws, exact solutions, conserved quantities and exponents are what they
claim to be."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import sympy
import torch

from experiment_runs import module


@pytest.mark.slow
def test_all_equations_have_rows_and_a_law_is_told_from_its_neighbour():
    equations, judging = module("symbolic_recovery.equations").equations(), module("symbolic_recovery.judging")
    assert sum(one.table == "feynman" for one in equations.values()) == 100 and len(equations) >= 140
    for one in equations.values():
        assert len(one.rows(50, "test")[1]) > 5 and judging.off_by(one.expression, one) == 0.0, one.name
    kepler = equations["textbook/kepler"]
    near = kepler.expression * sympy.Float(1 + 1e-6)
    assert judging.off_by(near, kepler) > judging.EXACT
    assert judging.off_by(judging.refitted(near, kepler), kepler) <= judging.EXACT
    assert judging.off_by(kepler.expression + sympy.Symbol("a") / 100, kepler) > 1e-4


def test_toy_functions_are_as_the_paper_prints_them_and_shapes_count_as_models_do():
    import edgewise as ew

    toys = {toy.name: toy for toy in module("toy_functions.functions").TOYS}
    X = np.random.default_rng(0).uniform(-1, 1, (20, 100))
    x = X.T
    wanted = {
        "bessel": scipy.special.jv(0, 20 * x[0]),
        "exp_sin": np.exp(np.sin(np.pi * x[0]) + x[1] ** 2),
        "product": x[0] * x[1],
        "hundred": np.exp((np.sin(np.pi * X / 2) ** 2).sum(1) / 100),
        "deep": np.exp(0.5 * (np.sin(np.pi * (x[0] ** 2 + x[1] ** 2)) + np.sin(np.pi * (x[2] ** 2 + x[3] ** 2)))),
        "tanh": np.tanh(5 * ((X[:, :3] ** 4).sum(1) - 1)),
        "distance": np.sqrt((x[0] - x[1]) ** 2 + (x[2] - x[3]) ** 2),
        "sines": np.sin(np.pi * x[0]) * np.sin(np.pi * x[1] ** 2),
    }
    assert set(wanted) == set(toys)
    for name, y in wanted.items():
        toy = toys[name]
        assert np.allclose(toy.row.function(X[:, : len(toy.row.inputs)]), y, atol=1e-13), name
        assert toy.parameters(7) == ew.summary(ew.KAN(toy.shape, grid_size=7)).parameters, name


def test_exponent_is_the_slope_and_a_constant_does_not_change_it():
    exponent = module("toy_functions.series").exponent
    assert exponent([10, 30, 90], [7 * size**-3.5 for size in (10, 30, 90)]) == pytest.approx(3.5)


def test_exact_solutions_satisfy_their_equations():
    from edgewise.pde.field import Field
    from edgewise.pde.indices import Indices

    problems, references = module("pde.problems"), module("pde.references")
    solutions = {"poisson": "paper", "peaks": "peaks", "helmholtz": "waves", "heat": "warmth", "kovasznay": "kovasznay"}
    solutions |= {"helmholtz hard": "waves", "corner": "corner"}
    functions = {name: getattr(problems, function) for name, function in solutions.items()}
    for name, function in {**functions, "burgers": references.burgers(0.01)}.items():
        problem = problems.PROBLEMS[name]
        x = references.of_function(function, problem.box, 200).x.requires_grad_()
        indices, made = Indices.closing([(2, 0), (0, 2)]), []
        for entry in indices.entries:
            columns = []
            for column in function(x).unbind(1):
                for axis, times in enumerate(entry):
                    for _ in range(times):
                        column = torch.autograd.grad(column.sum(), x, create_graph=True)[0][:, axis]
                columns.append(column)
            made.append(torch.stack(columns, 1))
        field = Field(torch.stack(made), indices, {})
        residual = problem.equation(field, x)
        rows = residual if isinstance(residual, tuple) else (residual,)
        scale = float(torch.stack(made).detach().abs().max())
        assert max(float(row.detach().abs().max()) for row in rows) < 1e-10 * scale, name


def test_the_spectral_solution_does_not_depend_on_its_resolution():
    coarse = module("pde.references").allen_cahn(diffusion=1e-2, modes=512, steps=500)
    fine = module("pde.references").allen_cahn(diffusion=1e-2, modes=1024, steps=1000)
    assert torch.equal(coarse.x, fine.x)
    late = coarse.x[:, 1] > 0.1  # the kink at the start fades
    assert float((coarse.values - fine.values)[late].norm() / fine.values[late].norm()) < 1e-5


def test_known_quantities_are_conserved_and_the_lagrangian_moves_as_told():
    systems = module("mechanics.systems")
    X = systems.away(systems.drawn(50, 4, 0)).requires_grad_()
    for velocity, known in (
        (systems.springs, systems.spring_quantities),
        (systems.orbit, systems.orbit_quantities),
    ):
        for one in known(X):
            (slope,) = torch.autograd.grad(one.sum(), X, retain_graph=True)
            assert float((slope * velocity(X)).sum(1).detach().abs().max()) < 1e-9

    class Truth(torch.nn.Module):
        def forward(self, x):
            return (1 - (1 - x[:, 1:] ** 2).sqrt() - x[:, :1] ** 2 / 2).double()

    rows = systems.drawn(50, 2, 0, reach=0.9)
    _, slope, bend = systems.derivatives(Truth(), rows)
    left = bend[:, 1] * systems.motion(rows) + bend[:, 0] * rows[:, 1] - slope[:, 0]
    assert float(left.detach().abs().max()) < 1e-12


def test_the_weak_form_gives_the_constants_of_a_trajectory(monkeypatch):
    lorenz = module("mechanics.lorenz")
    monkeypatch.setattr(lorenz, "NOISE", 0.0)
    times, states = lorenz.trajectory(0, 1000)
    for column, law in enumerate(lorenz.LAW):
        expression = sum(sympy.sympify(term) for term in law)
        found = lorenz.weak(expression, column, times, states, states)
        assert set(found) == set(law) and all(abs(found[term] / law[term] - 1) < 1e-3 for term in law)

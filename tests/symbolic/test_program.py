"""Networks of closed forms as functions of their constants: values, Jacobian, fits, normal forms, needless terms,
snapping."""

from __future__ import annotations

import math

import pytest
import torch

import edgewise as ew
from edgewise.primitives import get
from edgewise.symbolic.drop import drop_terms, undetermined, without
from edgewise.symbolic.given_rows import given_rows
from edgewise.symbolic.normal_form import normal_forms
from edgewise.symbolic.program import ConstantsProblem, Program, ProgramTerm, refit
from edgewise.symbolic.snap import snap
from edgewise.symbolic.task import SymbolicTask
from edgewise.symbolic.tuning import TUNED
from edgewise.symbolic.work import Work
from helpers import assert_close
from symbolic.laws import F, uniform

ONE = ((0,),)


def term(name: str, src: int, dst: int, a: float = 1.0, b: float = 0.0, c: float = 1.0, d: float = 0.0) -> tuple:
    return ProgramTerm(get(name), src, dst), (a, b, c, d)


HELLO = Program.create(
    [
        ([term("sin", 0, 0, 3.0, 0.1, 0.9, 0.2), term("x^2", 1, 0, 1.0, 0.05, 1.1, -0.2)], [0.1], ONE),
        ([term("exp", 0, 0, 0.9, 0.2, 1.1)], [0.0], ONE),
    ]
)
PRODUCTS = Program.create(
    [
        (
            [
                term("x", 0, 0, b=0.1, c=0.9),
                term("sin", 1, 1, b=0.05, c=-1.1),
                term("x^2", 1, 2, b=0.05, c=1.1),
                term("cosh", 0, 3),
            ],
            [0.1, 0.2, 0.3, 0.4],
            ((2,), (0, 1, 3)),
        ),
        (
            [
                term("exp", 0, 0, 0.9, 0.2, 1.1),
                term("x", 1, 0, 0.9, 0.2, 1.1),
                term("log", 0, 1, 0.5, 3.0),
                term("tanh", 1, 1, -2.0, 0.3, 0.7),
            ],
            [0.0, 1.0],
            ((0,), (1,)),
        ),
    ]
)
DISTANCE = Program.create(
    [
        (
            [term("x", 0, 0, c=0.7), term("x", 1, 0, c=-0.7), term("x", 2, 1, c=-0.3), term("x", 3, 1, c=0.3, d=0.1)],
            [0.1, -0.1],
            ((0,), (1,)),
        ),
        ([term("x^2", 0, 0, b=-0.1, c=1.1), term("x^2", 1, 0, c=1.1 * 0.49 / 0.09, d=0.2)], [-0.2], ONE),
        ([term("sqrt", 0, 0, 2.0, 0.0, 0.9)], [0.0], ONE),
    ]
)
LOGS = Program.create(
    [
        ([term("x^2", 0, 0, c=2.0), term("exp", 1, 0, 0.3, c=3.0)], [1.0], ONE),
        ([term("log", 0, 0, 1.7, 0.3, 0.8, -0.3)], [0.5], ONE),
    ]
)
CASES = {"hello": (HELLO, 2), "products": (PRODUCTS, 2), "distance": (DISTANCE, 4), "logs": (LOGS, 2)}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[Program, torch.Tensor]:
    program, width = CASES[request.param]
    return program, uniform(*[(-0.9, 1.0)] * width, rows=200)


def test_jacobian_is_that_of_autograd(case: tuple) -> None:
    program, x = case
    y, jacobian = program.jacobian(program.theta, x)
    assert_close(y, program(x))
    assert_close(jacobian, torch.func.jacrev(lambda theta: program.with_theta(theta)(x))(program.theta))


def test_normal_forms_are_the_same_function(case: tuple) -> None:
    program, x = case
    forms = list(normal_forms(program))
    assert forms
    for form in forms:
        assert_close(form.program(x), program(x), like="formula")


def test_normal_forms_leave_only_constants_that_matter(case: tuple) -> None:
    program, x = case
    counts = set()
    for form in normal_forms(program):
        problem = ConstantsProblem(form.program, x, program(x), free=form.free)
        curvature = problem.quadratic(form.program.theta[form.free])[2]
        scale = curvature.diagonal().sqrt()
        assert torch.linalg.eigvalsh(curvature / scale / scale[:, None])[0] > 1e-9
        counts.add(int(form.free.sum()))
    assert len(counts) == 1  # every choice of what to set sets equally many


def test_normal_forms_of_a_normal_form_are_the_same_constants(case: tuple) -> None:
    program, x = case
    first = next(normal_forms(program))
    again = next(normal_forms(first.program))
    assert_close(again.program.theta, first.program.theta, like="formula")
    assert torch.equal(again.free, first.free)


def test_a_huge_shift_of_an_exponential_is_not_lost() -> None:
    program = Program.create([([term("x", 0, 0)], [-1000.0], ONE), ([term("exp", 0, 0, 1.0, 0.0, 1.0)], [0.0], ONE)])
    x = uniform((999.0, 1001.0))
    for form in normal_forms(program):
        assert_close(form.program(x), program(x), like="formula")


def test_refit_finds_exact_constants_and_respects_those_that_are_set() -> None:
    x = uniform((-1, 1), (-1, 1))
    y = torch.exp(torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2)
    found, loss = refit(HELLO, x, y)
    assert loss < 1e-24
    free = torch.ones_like(HELLO.theta, dtype=torch.bool)
    free[0] = False
    held, _ = refit(HELLO, x, y, free=free)
    assert held.theta[0] == HELLO.theta[0]


def test_inside_tells_whether_a_formula_is_defined_on_all_rows() -> None:
    program = Program.create([([term("sqrt", 0, 0)], [0.0], ONE)])
    assert program.inside(uniform((0.0, 1.0))) and not program.inside(uniform((-0.5, 1.0)))


def task_of(program: Program, x: torch.Tensor, y: torch.Tensor, widths: tuple) -> SymbolicTask:
    model = ew.KAN(widths)
    task = SymbolicTask.create(model, *given_rows(model, x, y, None, None))
    return SymbolicTask(task.model, x, x, y, task.loss, None, task.offset, TUNED.exact_loss, 10)


def test_cancelled_tells_what_a_term_loses_against_a_bias() -> None:
    x = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]

    def alone(name: str, a: float, b: float, c: float) -> Program:
        return Program.create([([term(name, 0, 0, a, b, c)], [0.0], ONE)])

    assert alone("cos", 1e-4, 0.0, 2e8).cancelled(x) > 1e8
    assert alone("cos", 3.0, 0.0, 2e8).cancelled(x) < 1
    assert alone("x", 1.0, 1e9, 1.0).cancelled(x) == 0  # a line: its offset is the bias


def test_terms_of_a_rotated_sum_of_squares_are_dropped() -> None:
    angle, x = 0.7, uniform(*[(-1.0, 1.0)] * 4)
    y = ((x[:, 0] - x[:, 1]) ** 2 + (x[:, 2] - x[:, 3]) ** 2).sqrt()[:, None]
    c, s = math.cos(angle), math.sin(angle)
    turned = enumerate(((c, -c, s, -s), (-s, s, c, -c)))
    first = [term("x", i, o, c=v) for o, row in turned for i, v in enumerate(row)]
    program = Program.create(
        [
            (first, [0.0, 0.0], ((0,), (1,))),
            ([term("x^2", 0, 0), term("x^2", 1, 0)], [0.0], ONE),
            ([term("sqrt", 0, 0)], [0.0], ONE),
        ]
    )
    assert_close(program(x), y, like="formula")
    task = task_of(program, x, y, (4, 2, 1, 1))
    assert undetermined(program, task) == 1
    smaller, loss = drop_terms(program, 1e-31, task, Work(math.inf))
    assert loss < TUNED.exact_loss and sum(len(stage.terms) for stage in smaller.stages) == 7


def test_two_copies_of_a_node_become_one() -> None:
    x = uniform((-1, 1), (-1, 1))
    y = torch.exp(torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2)
    copies = [t for o in (0, 1) for t in (term("sin", 0, o, 3.0), term("x^2", 1, o))]
    program = Program.create(
        [(copies, [0.0, 0.0], ((0,), (1,))), ([term("exp", 0, 0, c=0.4), term("exp", 1, 0, c=0.6)], [0.0], ONE)]
    )
    smaller, loss = drop_terms(program, 1e-31, task_of(program, x, y, (2, 2, 1)), Work(math.inf))
    assert loss < TUNED.exact_loss and sum(len(stage.terms) for stage in smaller.stages) == 3


def test_without_takes_away_all_that_hung_on_a_term() -> None:
    x = uniform(*[(-1.0, 1.0)] * 4)
    smaller = without(DISTANCE, 1, 0)
    assert smaller is not None and [len(stage.terms) for stage in smaller.stages] == [2, 1, 1]
    a, b, c, bias = DISTANCE.split()[1]
    theta = DISTANCE.theta.clone()
    position = DISTANCE.stages[0].count + 2 * 2 + 0
    theta[position] = 0.0
    assert_close(smaller(x), DISTANCE.with_theta(theta)(x))
    assert without(HELLO, 1, 0) is None


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2, 0.1])
def test_true_constants_snap_whatever_the_noise(noise: float) -> None:
    x = uniform((-1, 1), (-1, 1), rows=1000)
    y = torch.exp(torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2)
    y = y + noise * torch.randn(y.shape, dtype=F, generator=torch.Generator().manual_seed(2))
    program, _ = refit(HELLO, x, y)
    snapped = snap(program, x, y, rise=TUNED.exact_loss)
    assert not bool(snapped.free.any())
    a, _, c, bias = snapped.program.split()[0]
    assert sorted(a.tolist()) == [1.0, math.pi] and c.tolist() == [1.0, 1.0] and bias.tolist() == [0.0]


def test_a_constant_that_is_no_simple_number_stays_and_has_an_honest_error() -> None:
    x, truth, pulls = uniform((-1, 1), rows=400), 1.2345678, []
    for seed in range(30):
        y = torch.exp(truth * x) + 0.05 * torch.randn(x.shape, dtype=F, generator=torch.Generator().manual_seed(seed))
        program, _ = refit(Program.create([([term("exp", 0, 0, 1.1)], [0.1], ONE)]), x, y)
        snapped = snap(program, x, y)
        if bool(snapped.free[0]):
            pulls.append((float(snapped.program.theta[0]) - truth) / float(snapped.errors[0]))
    assert len(pulls) >= 25
    assert 0.6 < torch.tensor(pulls).square().mean().sqrt() < 1.5


def test_snapping_never_worsens_an_exact_fit() -> None:
    x = uniform((-1, 1))
    y = 1.0000001 * torch.exp(0.9999998 * x)
    program, loss = refit(Program.create([([term("exp", 0, 0, 1.1)], [0.1], ONE)]), x, y)
    snapped = snap(program, x, y, rise=TUNED.exact_loss)
    assert snapped.loss < 1e-19 and abs(float(snapped.program.theta[0]) - 0.9999998) < 1e-9

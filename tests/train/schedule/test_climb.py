"""A training: grids laid over data and activations, the best state by held-out loss, stages that obey the plan."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import pytest
import torch

from edgewise.losses import SquaredError
from edgewise.model import KAN
from edgewise.train.job import make_job
from edgewise.train.monitor import Monitor
from edgewise.train.result import measure
from edgewise.train.schedule import budget, last_refit, starts
from edgewise.train.schedule.candidate import Candidate, Interrupted, finer
from edgewise.train.schedule.climb import start_finer, train
from edgewise.train.schedule.costs import count_parameters
from edgewise.train.schedule.last_refit import mean_loss
from edgewise.train.schedule.plan import Plan
from edgewise.train.schedule.scaling import fitted_before, scaled_to
from edgewise.train.schedule.training import Training
from edgewise.train.schedule.tuning import TUNED
from edgewise.train.solvers.levenberg_marquardt import minimize
from edgewise.train.solvers.status import Status
from edgewise.transforms import refine, remove, set_symbolic
from helpers import assert_close, assert_equal, state_of


def training(
    model: KAN, rows: int = 100, callbacks: Any = (), target: Any = None, weight: Any = None, **plan: Any
) -> tuple[Training, KAN, Any]:
    generator = torch.Generator().manual_seed(1)
    X = 2 * torch.rand(rows, model.topology.features, dtype=torch.float64, generator=generator) - 1
    y = torch.exp(torch.sin(3 * X[:, :1]) + X[:, -1:] ** 2) if target is None else target(X)
    job, everything = make_job(
        X,
        y,
        validation=None,
        loss="auto",
        sample_weight=weight,
        features=None,
        outputs=None,
        dtype=torch.float64,
        device=torch.device("cpu"),
        seed=0,
    )
    settings: dict[str, Any] = {"grids": None, "steps": 10, "sparsity": 0.0, "starts": 1, "keep_ranges": False}
    start = scaled_to(model, job.x, job.y)
    return Training(job, Plan(**(settings | plan)), Monitor(callbacks=callbacks, progress=False)), start, everything


@pytest.mark.parametrize("grids", [(4,), (3, 7, 9)])
def test_given_grids_are_the_stages(grids: tuple[int, ...]):
    work, start, _ = training(KAN((2, 1)), grids=grids)
    train(work, [start])
    assert sorted({row["grid_size"] for row in work.monitor.rows}) == list(grids)


def test_given_grids_are_obeyed_even_with_few_rows():
    work, start, _ = training(KAN((2, 1)), rows=20, grids=(40,))
    assert train(work, [start]).model.edge_layers[0].grid_size == 40


def test_automatic_grids_double_while_the_held_out_loss_falls_and_stay_below_the_number_of_rows():
    work, start, _ = training(KAN((2, 1, 1), grid_size=3), rows=200)
    best = train(work, [start])
    sizes = list(dict.fromkeys(row["grid_size"] for row in work.monitor.rows))
    assert sizes == [3 * 2**k for k in range(len(sizes))] and len(sizes) >= 2
    assert 3 * max(sizes) <= 180
    assert best.judged == min(row["validation_loss"] for row in work.monitor.rows)


def test_the_best_state_by_held_out_loss_comes_back():
    noise = torch.randn(60, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    work, start, _ = training(KAN((2, 6, 1)), rows=60, target=lambda X: X[:, :1] + noise, steps=25)
    work.corners = None  # whose handicap is another property
    best = train(work, [start])
    seen = [row["validation_loss"] for row in work.monitor.rows]
    assert seen[-1] > 1.2 * min(seen)  # it did overfit
    assert work.job.xv is not None and work.job.yv is not None
    assert best.judged <= min(seen)
    assert_close(measure(best.model, work.job.xv, work.job.yv, SquaredError())[0], best.judged, like="derivative")
    assert best.status is Status.STOPPED


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_steps_bound_every_round_of_a_stage(steps: int):
    work, start, _ = training(KAN((2, 1)), rows=25, grids=(3, 5), steps=steps, rounds=(1, 0))
    train(work, [start])
    for size in (3, 5):
        assert 1 <= sum(row["grid_size"] == size for row in work.monitor.rows) <= steps


def test_losses_are_in_the_users_units():
    work, start, _ = training(KAN((2, 1)), target=lambda X: 1e6 * torch.sin(2 * X[:, :1]), steps=4, grids=(3,))
    best = train(work, [start])
    x, y = work.job.x, work.job.y
    assert_close(measure(best.model, x, y, SquaredError())[0], best.loss, like="derivative")
    assert any(row["train_loss"] == pytest.approx(best.loss) for row in work.monitor.rows)


def test_outputs_of_very_different_size_are_fitted_alike():
    work, start, _ = training(
        KAN((2, 2)), target=lambda X: torch.sin(2 * X) * torch.tensor([1.0, 1e5]).double(), grids=(6,), steps=20
    )
    best = train(work, [start])
    error = (best.model(work.job.x) - work.job.y).detach().square().mean(0).sqrt() / start.output_scale
    assert bool((error < 1e-2).all())
    assert float(error.max() / error.min()) < 100
    assert_close(mean_loss(best.model, work.job), float(error.square().mean()), like="derivative")


def test_the_last_refit_is_kept_only_where_the_loss_on_all_rows_does_not_grow():
    work, start, everything = training(KAN((2, 1, 1), grid_size=4), steps=15, grids=(4,))
    best = train(work, [start])
    done = last_refit.last_refit(work, best, everything)
    x, y, _ = everything
    before = measure(best.model, x, y, SquaredError())[0]
    assert measure(done.model, x, y, SquaredError())[0] <= 1.01 * before
    spoilt = Candidate(best.model, best.loss, best.judged, best.status)
    work.plan = Plan(**{**work.plan.__dict__, "steps": 1})
    assert measure(last_refit.last_refit(work, spoilt, everything).model, x, y, SquaredError())[0] <= 1.01 * before


@pytest.mark.parametrize(("overshoot", "kept"), [(0.5, True), (50.0, False)])
def test_a_last_refit_that_turns_wild_is_not_kept(monkeypatch, overshoot: float, kept: bool):
    work, start, everything = training(KAN((2, 1, 1), grid_size=4), steps=15, grids=(4,))
    best = train(work, [start])
    assert best.overshoot < 0.5
    refitted = replace(best, overshoot=overshoot)
    monkeypatch.setattr(last_refit, "run", lambda *_, **__: (refitted, None))
    assert last_refit.last_refit(work, best, everything) is (refitted if kept else best)


def test_starts_are_models_that_stay_as_they_are():
    work, start, _ = training(KAN((2, 2, 1)), grids=(3, 5), starts=3)
    models = [start, scaled_to(KAN((2, 2, 1), seed=1), work.job.x, work.job.y)]
    before = [state_of(model) for model in models]
    train(work, models)
    assert_equal([state_of(model) for model in models], before)


def test_the_best_of_the_starts_says_how_rough_it_is(monkeypatch: pytest.MonkeyPatch):
    """Else it would follow the noise on the finer grid that it may be taken to."""
    noise = torch.randn(200, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    work, start, _ = training(KAN((2, 2, 1)), rows=200, target=lambda X: X[:, :1] + noise, starts=3)
    kept: list[Candidate] = []
    keep = Training.keep
    monkeypatch.setattr(Training, "keep", lambda self, candidate: (kept.append(candidate), keep(self, candidate))[1])
    others = (scaled_to(KAN((2, 2, 1), seed=n), work.job.x, work.job.y) for n in (1, 2))
    starts.choose_start(work, [start, *others], 5)
    assert len(kept) >= 3 and all(candidate.roughness for candidate in kept)


def test_a_bad_start_is_left_for_a_good_one():
    work, good, _ = training(KAN((2, 1, 1), grid_size=4), grids=(4,), steps=15)
    bad = good.build()
    with torch.no_grad():
        for p in bad.parameters():
            p.fill_(math.nan)
    best = train(work, [bad, good])
    assert best.usable and best.judged < 0.1 * work.constant


def test_no_usable_start_ends_the_run():
    work, bad, _ = training(KAN((2, 1, 1)), grids=(4,))
    with torch.no_grad():
        for p in bad.parameters():
            p.fill_(math.nan)
    with pytest.raises(Interrupted) as stopped:
        train(work, [bad])
    assert stopped.value.best is None and stopped.value.status is Status.FAILED


@pytest.mark.parametrize("sparsity", [0.0, 0.05])
@pytest.mark.parametrize("after", [1, 4, 12])
def test_an_interrupted_run_has_its_best_state(after: int, sparsity: float):
    def interrupt(row: dict[str, Any]) -> None:
        if row["step"] == after:
            raise KeyboardInterrupt

    work, start, _ = training(KAN((2, 1, 1)), callbacks=(interrupt,), grids=(3, 5), sparsity=sparsity)
    with pytest.raises(Interrupted) as stopped:
        train(work, [start])
    assert stopped.value.status is Status.INTERRUPTED
    assert stopped.value.best is not None and stopped.value.best.usable
    assert len(work.monitor.rows) == after
    assert (
        work.best is not None
        and work.best.judged <= work.monitor.rows[-1]["validation_loss"] * (1 + 1e-12)
        or sparsity > 0
    )


def test_sparsity_leaves_constants():
    work, start, _ = training(
        KAN((2, 3, 1)), rows=200, target=lambda X: torch.sin(3 * X[:, :1]), sparsity=0.05, grids=(5,), steps=30
    )
    model = train(work, [start]).model
    spreads = model.trace(work.job.x)[1].edges[0].detach().std(0)
    assert float(spreads[1].max()) < 1e-2 * float(spreads[0].max())  # nothing depends on the second input


@pytest.mark.parametrize(
    "change",
    [
        lambda m: remove(m, edges=m.active_edges()[:1]),
        lambda m: set_symbolic(m, {m.active_edges()[0]: ("sin", 1.0, 0.0, 1.0, 0.0)}),
    ],
    ids=["removed", "closed form"],
)
def test_parameters_that_cannot_move_are_not_counted(change: Any):
    model = KAN((2, 2, 1), grid_size=4)
    edge = 4 + 3 + 1  # coefficients and base scale
    assert count_parameters(model) == 6 * edge + 3
    assert count_parameters(change(model)) in (5 * edge + 3, 5 * edge + 3 + 4)


def test_a_finer_copy_of_a_candidate_is_the_same_function_and_as_rough():
    work, start, _ = training(KAN((2, 2, 1), grid_size=4), grids=(4,), steps=15)
    before = train(work, [start])
    after = finer(before, 19)
    assert all(layer.grid_size == 19 for layer in after.model.edge_layers)
    assert_close(after.model(work.job.x), before.model(work.job.x), like="derivative")
    assert (after.loss, after.judged, after.status) == (before.loss, before.judged, before.status)
    assert before.roughness is not None and after.roughness is not None
    for old, new in zip(before.roughness.layers, after.roughness.layers, strict=True):
        assert old is not None and new is not None
        assert_close(new.values, old.at(new.places))


@pytest.mark.slow
def test_noisy_rows_on_a_fine_grid_give_what_the_best_coarse_one_gives_or_better():
    ratios = []
    for seed in range(4, 9):
        noise = 0.3 * torch.randn(300, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        held = {}
        for size in (3, 48):
            work, start, _ = training(
                KAN((2, 1, 1), grid_size=3),
                rows=300,
                grids=(size,),
                target=lambda X, noise=noise: torch.sin(2 * X[:, :1]) + noise,
                steps=20,
            )
            held[size] = train(work, [start])
            assert all(layer.grid_size == size for layer in held[size].model.edge_layers)
        ratios.append(held[48].judged / held[3].judged)
    assert statistics.median(ratios) <= 1.0


@pytest.mark.parametrize(("judged", "usable"), [(1.0, True), (math.inf, False), (math.nan, False)])
def test_a_candidate_without_a_loss_is_no_candidate(judged: float, usable: bool):
    work, start, _ = training(KAN((2, 1)))
    candidate = Candidate(start, 1.0, judged, Status.BUDGET)
    work.keep(candidate)
    assert candidate.usable is usable and (work.best is candidate) is usable


# ------------------------------------------------------------------ scaling


def test_scaling_maps_the_range_onto_the_domain_and_the_targets_to_unit_spread():
    x = torch.tensor([[10.0, 3.0], [30.0, 3.0], [20.0, 3.0]], dtype=torch.float64)
    y = torch.tensor([[1e6], [3e6], [5e6]], dtype=torch.float64)
    model = scaled_to(KAN((2, 1), domain=(-2, 3)), x, y)
    a = model.scale_inputs(x)
    assert_close(a[:, 0], torch.tensor([-2.0, 3.0, 0.5], dtype=torch.float64))
    assert_close(a[:, 1], torch.full((3,), 0.5, dtype=torch.float64))  # a constant column lies in the middle
    scaled = (y - model.output_shift) / model.output_scale
    assert_close(scaled.mean(0), torch.zeros(1, dtype=torch.float64))
    assert_close(scaled.std(0, unbiased=False), torch.ones(1, dtype=torch.float64))


def test_a_product_output_is_not_shifted():
    x = torch.rand(9, 2, dtype=torch.float64)
    model = scaled_to(KAN((2, (0, (2,)))), x, 5 + x[:, :1])
    assert float(model.output_shift) == 0.0


def test_constant_targets_keep_their_unit():
    x = torch.rand(9, 2, dtype=torch.float64)
    model = scaled_to(KAN((2, 1)), x, torch.full((9, 1), 4.5, dtype=torch.float64))
    assert float(model.output_scale) == 1.0 and float(model.output_shift) == 4.5


def test_marks_of_an_earlier_fit():
    model = KAN((2, 1))
    assert not fitted_before(model) and not fitted_before(refine(model))
    assert fitted_before(set_symbolic(model, {(0, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)}))
    assert fitted_before(scaled_to(model, torch.rand(9, 2, dtype=torch.float64), None))


# ------------------------------------------------------------------ statuses of the minimiser that users read


class Parabola:
    """(t - 3)^2 + 5 with its own curvature."""

    def value(self, theta: torch.Tensor) -> float:
        return float((theta - 3).square().sum()) + 5

    def quadratic(self, theta: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
        return self.value(theta), 2 * (theta - 3), 2 * torch.eye(len(theta), dtype=theta.dtype)


def test_a_minimum_that_no_step_can_lower_is_convergence():
    end = minimize(Parabola(), torch.full((2,), 3.0, dtype=torch.float64))
    assert end.status is Status.CONVERGED


def test_a_slope_that_no_step_can_follow_is_a_stall():
    class Wall(Parabola):
        def value(self, theta: torch.Tensor) -> float:
            return 5.0 if bool((theta == 0).all()) else math.inf

    assert minimize(Wall(), torch.zeros(2, dtype=torch.float64)).status is Status.STALLED


@pytest.mark.slow
def test_automatic_grids_end_where_a_costly_one_would_only_add_digits(monkeypatch: pytest.MonkeyPatch):
    def largest() -> int:
        work, start, _ = training(
            KAN((2, 1), grid_size=3), rows=2000, target=lambda X: torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2, steps=30
        )
        return max(
            train(work, [start]).model.edge_layers[0].grid_size, *(row["grid_size"] for row in work.monitor.rows)
        )

    monkeypatch.setattr(budget, "TUNED", replace(TUNED, cheap=40, exact=0.0))
    all_digits = largest()
    monkeypatch.setattr(budget, "TUNED", replace(TUNED, cheap=40, exact=1e-6))
    assert 2 * largest() <= all_digits


def test_starts_on_a_finer_grid_must_halve_the_loss():
    def taken(known: float) -> tuple[bool, float]:
        work, start, _ = training(KAN((2, 1, 1), grid_size=24, seed=1), grids=(24,))
        work.best = replace(Candidate.unjudged(start), loss=known, judged=known)
        in_vain = start_finer(work, [start], [3, 6, 12, 24], 4)
        assert (work.best.judged == known) is in_vain
        return not in_vain, work.best.judged

    found, loss = taken(math.inf)
    assert found
    assert taken(2.1 * loss)[0] and not taken(1.9 * loss)[0]

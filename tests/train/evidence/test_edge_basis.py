"""The functions of an edge: a line and curves, orthogonal on the rows and in their roughness."""

from __future__ import annotations

import pytest
import torch

from edgewise.fitting import dense_basis
from edgewise.train.evidence.edge_basis import effects, knots_along_logarithms
from helpers import assert_close


def columns(name: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 2, dtype=torch.float64, generator=generator)
    return {"normal": x, "long tail": torch.exp(2 * x), "few values": x.round(), "two values": (x > 0).double()}[name]


@pytest.mark.parametrize("name", ["normal", "long tail", "few values", "two values"])
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_they_are_orthogonal_with_mean_zero_and_variance_one(name: str, degree: int):
    x = columns(name)
    for number, effect in enumerate(effects(x, None, degree, 20)):
        values = effect.values(x[:, number])
        assert float(values.mean(0).abs().max()) < 1e-10
        assert abs(float(values[:, -1].square().mean()) - 1) < 1e-2
        values = values[:, :-1]
        products = values.T @ values / len(x)  # a small ridge holds basis functions that met few rows
        assert float((products - torch.eye(len(products), dtype=x.dtype)).abs().max()) < 1e-2


def test_the_first_is_a_line_and_the_others_grow_rougher():
    x = columns("normal")
    effect = effects(x, None, 3, 20)[0]
    line = effect.values(x[:, 0])[:, 0]
    assert float(torch.corrcoef(torch.stack([line, x[:, 0]]))[0, 1]) > 1 - 1e-12
    assert bool((effect.roughness.diff() > 0).all()) and float(effect.roughness[0]) == 1.0


def test_they_are_splines_with_these_coefficients():
    x = columns("long tail")
    effect = effects(x, None, 3, 20)[1]
    spline = dense_basis(x[:, 1:], effect.knots[None], degree=3)[:, 0] @ effect.coef
    assert_close(spline - effect.mean, effect.values(x[:, 1]), like="float64")


def test_a_column_has_no_more_functions_than_its_values_can_tell():
    found = effects(torch.cat([columns("two values"), torch.ones(200, 1, dtype=torch.float64)], 1), None, 3, 20)
    assert [len(effect.roughness) for effect in found] == [0, 0, 0]
    assert float(found[2].values(torch.ones(200, dtype=torch.float64)).abs().max()) == 0.0


def test_rows_of_weight_zero_do_not_count():
    x, weight = columns("normal"), torch.ones(200, dtype=torch.float64)
    weight[:50] = 0
    values = effects(x, weight, 3, 20)[0].values(x[:, 0])
    assert float(values[50:].mean(0).abs().max()) < 1e-10


def test_wide_tables_get_fewer_curves():
    x = torch.randn(50, 400, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert {len(effect.roughness) for effect in effects(x, None, 3, 20)} == {4}


def test_the_last_is_a_line_that_is_flat_where_rows_are_rare():
    x = columns("long tail")[:, :1]
    effect = effects(x, None, 3, 20)[0]
    ordered = x[:, 0].sort().values
    inside, beyond = ordered[50:150], torch.linspace(0.7, 3.0, 20, dtype=torch.float64) * ordered[-1]
    assert float(torch.corrcoef(torch.stack([effect.values(inside)[:, -1], inside]))[0, 1]) > 0.999
    assert float(effect.values(beyond)[:, -1].diff().abs().max()) < 1e-6


def test_the_flat_line_of_evenly_spread_values_is_their_line():
    x = torch.linspace(-1, 1, 100, dtype=torch.float64)[:, None]
    values = effects(x, None, 3, 20)[0].values(x[:, 0])
    assert_close(values[:, -1], values[:, 0], like="float64")


def test_rough_functions_grow_rougher_and_are_flat_beyond_the_rows():
    x = columns("normal")
    effect = effects(x, None, 3, 80, rough=20)[0]
    rough = effect.values(x[:, 0])[:, -1 - effect.rough : -1]
    assert effect.rough == rough.shape[1] == 20
    assert float(rough.mean(0).abs().max()) < 1e-10
    assert bool((effect.roughness[-20:].diff() > 0).all())
    beyond = effect.values(torch.tensor([0.1, 1.0, 9.0], dtype=torch.float64) + x[:, 0].max())
    assert float(beyond[:, -21:-1].diff(dim=0).abs().max()) < 1e-9


def test_rough_functions_follow_a_step_that_smooth_ones_smear():
    x = columns("normal")
    step = (x[:, 0] > 0.3).double()
    effect = effects(x, None, 3, 80, rough=40)[0]
    values = effect.values(x[:, 0])[:, :-1]

    def left(functions: torch.Tensor) -> float:
        design = torch.cat([functions, torch.ones_like(functions[:, :1])], 1)
        fitted = design @ torch.linalg.lstsq(design, step[:, None], driver="gelsd").solution
        return float((fitted[:, 0] - step).square().mean())

    smooth = values[:, : -effect.rough]
    assert left(values[:, -effect.rough :]) < 0.5 * left(smooth)


def test_rough_functions_do_not_feel_a_stretched_axis():
    """Ranks say how far rows are apart, so a long tail has no other rough functions than a short one."""
    x = columns("normal")
    plain, stretched = (effects(values, None, 3, 80, rough=5)[0] for values in (x, torch.exp(2 * x)))
    one, other = plain.values(x[:, 0])[:, -6], stretched.values(torch.exp(2 * x[:, 0]))[:, -6]
    assert abs(float(torch.corrcoef(torch.stack([one, other]))[0, 1])) > 0.99


def test_along_logarithms_a_log_normal_column_has_the_functions_of_its_logarithm():
    z = torch.randn(2000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    effect = effects((2 * z).exp(), None, 3, 20, logarithmic=[True])[0]
    line = effect.values((2 * z[:, 0]).exp())[:, 0]
    assert effect.heavy
    assert float(torch.corrcoef(torch.stack([line, z[:, 0]]))[0, 1]) > 0.99


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_along_logarithms_they_are_orthogonal_too(degree: int):
    x = columns("long tail")
    for number, effect in enumerate(effects(x, None, degree, 20, rough=10, logarithmic=[True, True])):
        values = effect.values(x[:, number])[:, : effect.size - effect.rough]
        products = values.T @ values / len(x)
        assert float((products - torch.eye(len(products), dtype=x.dtype)).abs().max()) < 1e-2
        assert bool((effect.roughness[: effect.size - effect.rough - 1].diff() > 0).all())


def test_knots_along_logarithms_increase_where_most_values_are_one():
    x = torch.cat([torch.zeros(500), torch.randn(50, generator=torch.Generator().manual_seed(0)).exp()]).double()
    assert bool((knots_along_logarithms(x, 3, 80).diff() > 0).all())


@pytest.mark.parametrize("power", [10, 14, 20])
def test_knots_stay_apart_where_small_values_are_round_off_of_large_ones(power: float):
    for seed in range(10):
        z = torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        x = (power * z).exp()
        assert bool((knots_along_logarithms((x - x.mean()) / x.std(), 3, 20).diff() > 0).all())


def test_only_far_values_of_many_kinds_are_heavy_tails():
    z = torch.randn(500, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = torch.stack([z.exp(), z, (z > 2.5).double(), torch.ones_like(z)], 1)
    assert [effect.heavy for effect in effects(x, None, 3, 20)] == [True, False, False, False]

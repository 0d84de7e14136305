"""Which functions edges have: smooth along the values, smooth along logarithms, or rough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.train.evidence import searched
from edgewise.train.evidence.by_evidence import structures_of
from edgewise.train.evidence.tuning import TUNED
from edgewise.train.result import FitResult, ending_of


def drawn(seed: int) -> tuple[Tensor, Tensor]:
    """300 rows of four normal columns, and normal noise."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(300, 4, dtype=torch.float64, generator=draw)
    return z, torch.randn(300, dtype=torch.float64, generator=draw)


def spread(seed: int) -> tuple[Tensor, Tensor]:
    """600 rows of four columns between -1 and 1, and normal noise."""
    draw = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(600, 4, dtype=torch.float64, generator=draw) - 1
    return X, torch.randn(600, dtype=torch.float64, generator=draw)


def fit(X: Tensor, y: Tensor, width: int = 4) -> FitResult:
    shape = (X.shape[1], (1, width), 1) if width else (X.shape[1], 1)
    return ew.fit(ew.KAN(shape), X, y, optimizer="evidence", progress=False)


def unexplained(found: FitResult, X: Tensor, y: Tensor) -> float:
    """Part of the variance that a fit leaves."""
    return float((found.model(X)[:, 0].detach() - y).var() / y.var())


@pytest.mark.parametrize("power", [1.5, 3.0])
def test_a_law_of_logarithms_is_found_where_columns_span_powers_of_ten(power: float):
    z, noise = drawn(0)
    X, y = (power * z).exp(), z[:, 0] * z[:, 1] + z[:, 2]
    found = fit(X[:240], (y + 0.2 * noise)[:240])
    assert structures_of(found)[0].logarithmic
    inside = (X[240:] <= X[:240].max(0).values).all(1)
    assert unexplained(found, X[240:][inside], y[240:][inside]) < 0.1  # along the values it leaves 0.4 and more


def test_a_law_of_values_is_found_as_well():
    z, noise = drawn(1)
    X = (2 * z).exp()
    y = X[:, 0] + X[:, 1]
    assert unexplained(fit(X[:240], (y + 0.5 * noise)[:240]), X[240:], y[240:]) < 0.02


def test_a_column_that_is_even_over_powers_of_ten_is_measured_by_logarithms():
    draw = torch.Generator().manual_seed(0)
    u = torch.rand(300, 2, dtype=torch.float64, generator=draw)
    noise = torch.randn(300, dtype=torch.float64, generator=draw)
    found = fit(10 ** (4 * u), (6 * u[:, 0]).sin() * u[:, 1] + 0.1 * noise)
    assert structures_of(found)[0].logarithmic == (0, 1)


def test_outputs_of_noise_do_not_decide_on_the_functions_of_others():
    z, _ = drawn(6)
    X = (1.5 * z).exp()[:60]
    noise = torch.randn(60, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.cat([X[:, :1] + 0.2 * noise[:, :1], noise[:, 1:].exp()], 1)
    alone, beside = (
        ew.fit(ew.KAN((4, outputs)), X, y[:, :outputs], optimizer="evidence", progress=False) for outputs in (1, 5)
    )
    assert structures_of(alone)[0].logarithmic == structures_of(beside)[0].logarithmic


def test_each_column_has_the_scale_of_its_law():
    z, noise = drawn(7)
    X = (3 * z).exp()
    found = fit(X, X[:, 0] / 20 + 3 * z[:, 1] + 0.3 * noise)
    assert 1 in structures_of(found)[0].logarithmic and 0 not in structures_of(found)[0].logarithmic
    assert unexplained(found, X, X[:, 0] / 20 + 3 * z[:, 1]) < 0.02


@pytest.mark.parametrize(("count", "along"), [(14, (0,)), (8, ())])
def test_a_column_of_few_values_goes_along_logarithms_where_these_are_more_than_eight(
    count: int, along: tuple[int, ...]
):
    draw = torch.Generator().manual_seed(0)
    days = 365 ** torch.linspace(0, 1, count, dtype=torch.float64)  # from one to a year
    X = torch.stack([days[(count * torch.rand(600, generator=draw) ** 2).long()], torch.randn(600, generator=draw)], 1)
    y = X[:, 0].log() * (1 + 0.3 * X[:, 1]) + 0.3 * torch.randn(600, dtype=torch.float64, generator=draw)
    assert structures_of(fit(X, y))[0].logarithmic == along


@pytest.mark.parametrize(("along", "searches"), [(False, 1), (True, 2)])
def test_a_search_along_logarithms_follows_a_look_that_says_so(monkeypatch, along: bool, searches: int):
    counted, search = [], searched.search

    def noted(*args: Any) -> Any:
        counted.append(args)
        return search(*args)

    z, noise = drawn(8)
    X = (1.5 * z).exp()
    monkeypatch.setattr(searched, "search", noted)
    fit(X, (z if along else X)[:, :2].sum(1) + 0.3 * noise, width=0)
    assert len(counted) == searches


@pytest.mark.slow
def test_logarithms_are_found_beside_a_line_of_each_pair():
    """The score of the lines is no bar for a look, which takes none."""
    draw = torch.Generator().manual_seed(1)
    z = torch.randn(800, 13, dtype=torch.float64, generator=draw)
    X = torch.cat([(3 * z[:, :2]).exp(), z[:, 2:]], 1)
    weights = 0.25 * torch.randn(13, 13, dtype=torch.float64, generator=draw).triu(1)
    products = torch.einsum("ni,ij,nj->n", z[:, 2:], weights[2:, 2:], z[:, 2:])
    y = 0.7 * (z[:, 0] + z[:, 1]) + products
    found = fit(X[:400], (y + 0.7 * torch.randn(800, dtype=torch.float64, generator=draw))[:400], width=91)
    assert structures_of(found)[0].pooled
    assert structures_of(found)[0].logarithmic == (0, 1)
    assert unexplained(found, X[400:], y[400:]) < 0.1


def test_columns_without_heavy_tails_are_not_measured_by_logarithms():
    z, noise = drawn(2)
    assert not structures_of(fit(z, z[:, 0].exp() + 0.1 * noise))[0].logarithmic


@pytest.mark.slow
def test_refit_keeps_logarithms():
    z, noise = drawn(3)
    X, y = (3 * z).exp(), z[:, 0] * z[:, 1] + 0.2 * noise
    found = fit(X[:200], y[:200])
    again = ew.refit(found, X, y, progress=False)
    assert structures_of(again)[0].logarithmic
    assert unexplained(again, X, y) < 0.1


@pytest.mark.parametrize("constraint", ["increasing", "concave"])
def test_what_is_held_is_held_along_values(constraint: str):
    z, noise = drawn(4)
    X, y = (3 * z).exp(), z[:, 0] + z[:, 1] ** 2
    how: dict[str, Any] = {"optimizer": "evidence", "constraints": {0: constraint}, "progress": False}
    found = ew.fit(ew.KAN((4, 1)), X, y + 0.2 * noise, **how)
    assert structures_of(found)[0].logarithmic
    at = X[:1].repeat(1000, 1)
    at[:, 0] = torch.linspace(0, 2 * float(X[:, 0].max()), 1000, dtype=torch.float64)
    values = found.model(at)[:, 0].detach()
    slope, size = values.diff(), values.abs().max()
    assert float(values.std()) > 0
    assert float((-slope if constraint == "increasing" else slope.diff()).max()) < 1e-9 * float(size)


def test_a_jump_is_followed_by_rough_functions_beside_logarithms():
    z, noise = drawn(5)
    X = (3 * z).exp()
    found = fit(X, 3.0 * (X[:, 0] > 1) + z[:, 1] + 0.1 * noise)
    assert structures_of(found)[0].logarithmic and structures_of(found)[0].rough


def test_a_jump_is_followed_by_rough_functions_and_a_smooth_law_has_none():
    X, noise = spread(0)
    jump = fit(X, 2.0 * (X[:, 0] > 0.2) + X[:, 1] + 0.2 * noise, width=0)
    assert structures_of(jump)[0].rough
    at = torch.zeros(2, 4, dtype=torch.float64)
    at[:, 0] = torch.tensor([0.1, 0.3])
    assert float(jump.model(at).diff(dim=0).detach()) > 1.5  # of 2; smooth functions give a third of that
    smooth = torch.sin(3 * X[:, 0]) + 2 * X[:, 1]
    assert not structures_of(fit(X, smooth + 0.2 * noise, width=0))[0].rough


@pytest.mark.parametrize("seed", [1, 2])
def test_a_jump_that_is_a_little_likelier_is_followed_where_rows_left_out_are_nearer(
    seed: int, monkeypatch: pytest.MonkeyPatch
):
    X, noise = spread(seed)
    y = 1.0 * (X[:, 0] > 0.2) + X[:, 1]
    rows = slice(160)
    rough = fit(X[rows], (y + 0.3 * noise)[rows], width=0)
    monkeypatch.setattr(searched, "_is_nearer", lambda *_: False)
    smooth = fit(X[rows], (y + 0.3 * noise)[rows], width=0)
    assert structures_of(rough)[0].rough and not structures_of(smooth)[0].rough
    assert unexplained(rough, X, y) < unexplained(smooth, X, y)


def peak(x: Tensor) -> Tensor:
    """A hundredth of the range of x wide."""
    return 5 * torch.exp(-((x - 0.2) / 0.02).square())


def test_a_narrow_peak_has_more_rough_functions():
    X, noise = spread(1)
    x, new = X[:, :1], torch.linspace(-0.9, 0.9, 1000, dtype=torch.float64)[:, None]
    found = fit(x, peak(x)[:, 0] + x[:, 0] + 0.2 * noise, width=0)
    assert structures_of(found)[0].rough > TUNED.rough
    assert unexplained(found, new, (peak(new) + new)[:, 0]) < 0.05  # 0.16 with 40 of them


@pytest.mark.parametrize(
    ("rows", "columns", "rooms"),
    [(1000, 1, [40, 160]), (400, 2, [40, 100]), (300, 1, [40]), (10000, 20, [30]), (10000, 200, [])],
)
def test_rough_functions_rise_with_rows_and_fall_with_columns(rows: int, columns: int, rooms: list[int]):
    assert searched.rough_rooms(rows, columns) == rooms


def jump_and_line(x: Tensor) -> Tensor:
    return 2.0 * (x[:, 0] > 0.2) + x[:, 1]


@pytest.mark.parametrize(("columns", "law"), [(4, jump_and_line), (1, lambda x: peak(x)[:, 0])])
def test_refit_keeps_rough_functions(columns: int, law: Callable[[Tensor], Tensor]):
    X, noise = spread(0)
    X = X[:, :columns]
    y = law(X) + 0.2 * noise
    first = fit(X, y, width=0)
    again = ew.refit(first, X, y, progress=False)
    assert again.model.edge_layers[0].grid_size == first.model.edge_layers[0].grid_size
    gap = (again.model(X) - first.model(X)).detach().square().mean().sqrt()
    assert float(gap) < 0.1 * float(y.std())


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.slow
def test_a_mistaken_value_does_not_decide_what_products_are_far_away(seed: int):
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(2000, 4, dtype=torch.float64, generator=draw)
    noise = torch.randn(2000, dtype=torch.float64, generator=draw)
    X, y = z.clone(), z[:, 0] * z[:, 1] + (2 * z[:, 0]).sin() * z[:, 2] + 0.3 * noise
    X[5, 0], X[9, 1] = 40.0, -35.0
    found = fit(X, y, 6)
    assert structures_of(found)[0].tame == (0, 1)
    far = X.new_tensor([[60.0, 1.0, 0.0, 0.0], [20.0, 1.0, 0.0, 0.0], [1.0, -60.0, 0.0, 0.0], [1.0, -20.0, 0.0, 0.0]])
    assert float(found.model(far).detach().abs().max()) < 4 * float(y.abs().max())  # 67 and 54 where products go on


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.slow
def test_mistakes_in_one_column_leave_what_the_others_say(seed: int):
    draw = torch.Generator().manual_seed(seed)
    size, *rest = torch.randn(6, 6000, dtype=torch.float64, generator=draw)
    same = [10 + size, 10 + size + 0.1 * rest[0], 6 + 0.6 * size + 0.1 * rest[1]]
    X = torch.stack([*same, rest[2]], 1)
    y = X[:, :3].prod(1) / 100 * (1 + 0.3 * X[:, 3]) + 0.2 * rest[3]
    X[:9, 2], X[9, 1] = 0.0, 100.0  # nine were not measured, and one lacks its point
    found = fit(X[6:], y[6:], 10)
    assert ending_of(found).tame == ["x2", "x3"]
    new = X[100:150].clone()
    new[:25, 1], new[25:, 1] = 60.0, 150.0
    gaps = (found.model(torch.cat([X[:6], new]))[:, 0].detach() - torch.cat([y[:6], y[100:150]])).abs()
    assert float(gaps.max()) < 1.2 * float(y.std())  # 8 to 15 where functions of one column go on


def test_a_law_goes_on_where_rows_lie_far_away():
    X, _ = drawn(0)
    X[5, 0], X[9, 1] = 40.0, -35.0
    found = fit(X, X[:, 0] * X[:, 1] + X[:, 2])
    assert not structures_of(found)[0].tame
    new = X.new_tensor([[60.0, 2.0, 0.0, 0.0]])
    assert float(found.model(new)[0, 0].detach()) == pytest.approx(120.0, rel=1e-3)

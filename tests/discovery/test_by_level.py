"""discover on tables with columns of levels: one law for all, laws of their own, none; and what cuts it short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from torch import Tensor

import edgewise as ew
from edgewise.discovery import one_table
from edgewise.discovery.by_level import LevelDiscovery
from edgewise.errors import ConfigError, DataError, ShapeError, SymbolicError

QUIET = {"progress": False, "seconds": 3600}  # counted work decides, on a busy machine too
NAMES = ["material", "x", "z"]
SIZES = {"brass": 50, "copper": 60, "steel": 80}  # steel is searched first

Measured = tuple[np.ndarray, Tensor]


def measured(law: Callable[[str, Tensor, Tensor], Tensor], *, noise: float = 0.0, times: int = 1) -> Measured:
    """Rows of the three materials, mixed, with noise of this part of each material's spread."""
    generator = torch.Generator().manual_seed(0)
    parts, targets = [], []
    for level, size in SIZES.items():
        x, z = 1 + 2 * torch.rand(2, times * size, dtype=torch.float64, generator=generator)
        y = law(level, x, z)
        targets.append(y + noise * y.std() * torch.randn(len(y), dtype=torch.float64, generator=generator))
        parts.append(np.array([[level] * len(y), x.tolist(), z.tolist()], dtype=object).T)
    order = torch.randperm(times * sum(SIZES.values()), generator=generator)
    return np.concatenate(parts)[order.numpy()], torch.cat(targets)[order]


def found_in(table: Measured, **settings: Any) -> Any:
    return ew.discover(*table, inputs=NAMES, **(QUIET | settings))


def rows(material: str, x: float, z: float) -> dict[str, Any]:
    return {"material": [material], "x": [x], "z": [z]}


K = {"brass": 3.7, "copper": 2.0, "steel": 1.0}


@pytest.fixture(scope="module")
def shared() -> LevelDiscovery:
    return found_in(measured(lambda level, x, z: K[level] * x / z))


def test_a_factor_by_level_is_found_though_it_is_one_at_the_largest(shared: LevelDiscovery):
    assert isinstance(shared, LevelDiscovery) and shared.is_law and "an exact law" in shared.message
    k, x, z = map(sympy.Symbol, ("k[material]", "x", "z"))
    assert shared.best.expression == k * x / z and shared.best.symbols == ("k[material]",)
    assert {level: own[0].value for level, own in shared.best.by_level.items()} == pytest.approx(K, rel=1e-12)
    assert all(own[0].error < 1e-8 for own in shared.best.by_level.values())
    assert shared.best.rmse < 1e-12 and shared.best.r2 == pytest.approx(1.0)


def test_every_level_has_its_own_law(shared: LevelDiscovery):
    assert list(shared.levels) == ["brass", "copper", "steel"] and dict(shared.rows) == SIZES
    x, z = sympy.symbols("x z")
    assert shared.levels["brass"].best.expression == sympy.Rational(37, 10) * x / z
    assert shared.levels["steel"].best.expression == x / z
    assert all(one.is_law for one in shared.levels.values())
    assert "predict" in ew.export(shared.levels["copper"].best)


def test_the_law_of_all_levels_is_exported_as_an_expression(shared: LevelDiscovery):
    assert ew.export(shared.best, to="sympy") == [shared.best.expression]
    assert "k[material]" in ew.export(shared.best, to="latex")
    with pytest.raises(ConfigError, match="levels\\['brass'\\]"):
        ew.export(shared.best, to="python")
    with pytest.raises(ConfigError, match="levels\\['brass'\\]"):
        ew.export(shared)  # pyright: ignore[reportArgumentType]


def test_laws_by_level_are_called_on_rows_far_from_the_table(shared: LevelDiscovery):
    for one in (shared, shared.best):
        assert float(one(rows("brass", 20.0, 5.0))) == pytest.approx(3.7 * 4, rel=1e-9)
        both = one({"material": ["steel", "copper"], "z": [2, 4], "x": [8.0, 8.0]})
        assert both.tolist() == pytest.approx([4.0, 4.0], rel=1e-9)


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"material": ["bras"], "x": [1.0], "z": [1.0]}, DataError, "did you mean 'brass'"),
        ({"material": [""], "x": [1.0], "z": [1.0]}, DataError, "misses its level in row 0"),
        ({"x": [1.0], "z": [1.0]}, DataError, "no column 'material'"),
        ({"material": ["steel"], "x": ["a"], "z": [1.0]}, DataError, "'x'"),
        ({"material": ["steel"], "x": [1.0, 2.0], "z": [1.0]}, ShapeError, "unequal lengths"),
        ({"material": "steel", "x": [1.0], "z": [1.0]}, ShapeError, "'material' must hold one value for each row"),
        ({"material": ["steel"], "x": 1.0, "z": [1.0]}, ShapeError, "'x' must hold one value for each row"),
        ({"material": ["steel"], "x": [[1.0, 2.0]], "z": [1.0]}, ShapeError, "'x' must hold one value for each row"),
        (np.ones((2, 3)), DataError, r"\.levels\[level\]\.best"),
    ],
)
def test_rows_that_laws_by_level_cannot_take_are_told(shared: LevelDiscovery, given, error, words):
    with pytest.raises(error, match=words):
        shared(given)


def test_it_prints_as_a_table_of_levels(shared: LevelDiscovery):
    lines = repr(shared).splitlines()
    assert lines[0] == "y = k[material]*x/z" and lines[1].split()[:2] == ["material", "rows"]
    assert [line.split()[0] for line in lines[2:5]] == list(SIZES) and lines[-1] == shared.message
    assert "3.7" in lines[2] and repr(shared.best).startswith("SharedLaw(k[material]*x/z")


def test_the_trail_tells_what_is_shared_and_what_was_searched(shared: LevelDiscovery):
    told = "\n".join(map(str, shared.steps))
    assert "material has 3 levels: brass (50 rows), copper (60 rows), steel (80 rows)" in told
    assert "at steel, searched by itself, y = x/z is a law" in told and "at brass, searched" not in told
    assert "k[material] differs by level" in told and "all other constants are the same" in told
    assert "found at steel" in str(shared.levels["brass"].steps[-1])


def test_an_offset_by_level_joins_a_common_power():
    found = found_in(measured(lambda level, x, z: 3 * x**2 + K[level]))
    x, k = sympy.Symbol("x"), sympy.Symbol("k[material]")
    assert found.is_law and sympy.simplify(found.best.expression - 3 * x**2 - k) == 0
    assert found.best.by_level["brass"][0].value == pytest.approx(3.7, rel=1e-9)


@pytest.mark.slow
def test_an_offset_that_is_zero_at_the_largest_level_is_found_in_the_law_of_another():
    shift = {"brass": 3.7, "copper": 2.0, "steel": 0.0}
    found = found_in(measured(lambda level, x, z: x * (z + shift[level])))
    k, x, z = map(sympy.Symbol, ("k[material]", "x", "z"))
    assert found.is_law and sympy.simplify(found.best.expression - x * (z + k)) == 0
    assert found.best.by_level["steel"][0].value == pytest.approx(0.0, abs=1e-9)
    assert any(not step.held and "with constants by level" in step.text for step in found.steps)


def test_powers_that_are_fractions_may_differ_by_level():
    powers = {"brass": 1.0, "copper": 0.8, "steel": 0.5}
    found = found_in(measured(lambda level, x, z: K[level] * x ** powers[level]))
    assert found.is_law and len(found.best.symbols) == 2
    for level, own in found.best.by_level.items():
        assert [constant.value for constant in own] == pytest.approx([K[level], powers[level]], rel=1e-9)


def test_as_few_constants_differ_as_can_be():
    """A factor of the velocity of light would stand in both terms of the quotient, if it were looked for in one way."""
    light = {"brass": 9.0, "copper": 4.0, "steel": 1.0}
    found = found_in(measured(lambda level, x, z: (x + z) / (1 + x * z / light[level])))
    k, x, z = map(sympy.Symbol, ("k[material]", "x", "z"))
    assert found.is_law and sympy.simplify(found.best.expression - (x + z) / (1 + k * x * z)) == 0
    own = {level: 1 / constants[0].value for level, constants in found.best.by_level.items()}
    assert own == pytest.approx(light, rel=1e-9)


def test_a_column_of_levels_without_a_role_is_told():
    found = found_in(measured(lambda level, x, z: x / z))
    assert found.is_law and found.best.symbols == () and "material is not needed" in found.message
    assert found.best.expression == sympy.Symbol("x") / sympy.Symbol("z")


def test_laws_of_different_forms_stay_apart():
    laws = {"brass": lambda x, z: z * torch.exp(-x), "copper": lambda x, z: x * z**2, "steel": lambda x, z: x / z}
    found = found_in(measured(lambda level, x, z: laws[level](x, z)))
    assert found.is_law and found.shared is None and "no form serves all 3 levels" in found.message
    x, z = sympy.symbols("x z")
    expressions = {level: one.best.expression for level, one in found.levels.items()}
    assert expressions == {"brass": z * sympy.exp(-x), "copper": x * z**2, "steel": x / z}
    assert float(found(rows("copper", 3.0, 2.0))) == pytest.approx(12.0, rel=1e-9)
    assert "x*z**2" in repr(found)
    with pytest.raises(SymbolicError, match="levels"):
        _ = found.best


def test_constants_by_level_come_with_errors_under_noise():
    found = found_in(measured(lambda level, x, z: K[level] * x / z, noise=0.01, times=14))
    assert found.is_law and "within noise" in found.message
    for level, (own,) in found.best.by_level.items():
        assert abs(own.value - K[level]) < 5 * own.error < 0.01 * K[level]
    assert found.best.expression == sympy.Symbol("k[material]") * sympy.Symbol("x") / sympy.Symbol("z")


@pytest.mark.slow
def test_noise_at_all_levels_is_no_law():
    """Whatever the search comes to in its time."""
    y = torch.randn(sum(SIZES.values()), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    found = found_in((measured(lambda level, x, z: x)[0], y), seconds=2)
    assert not found.is_law and found.shared is None and not any(one.is_law for one in found.levels.values())
    assert "no law at brass, copper, steel" in found.message and "the levels share 2 seconds" in found.message


@pytest.mark.slow
def test_noise_at_all_levels_is_no_law_after_a_whole_search():
    y = torch.randn(sum(SIZES.values()), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    found = found_in((measured(lambda level, x, z: x)[0], y))
    assert not found.is_law and found.shared is None


def test_ctrl_c_ends_the_search_of_all_levels(monkeypatch):
    whole, asked = one_table.search, []

    def stopped(task, n_jobs):
        asked.append(len(task.fitting))
        for n, event in enumerate(whole(task)):
            if n == 1:
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(one_table, "search", stopped)
    found = found_in(measured(lambda level, x, z: torch.sin(3 * x**2) * torch.exp(z)))
    assert found.message.endswith("Ctrl-C") and len(found.levels) == 3 and not found.is_law
    assert len(asked) == 3 and asked == sorted(asked, reverse=True)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_laws():
    table = measured(lambda level, x, z: K[level] * x / z, noise=0.01, times=14)
    one, two = (found_in(table, seed=4) for _ in range(2))
    assert repr(one) == repr(two) and one.steps == two.steps


def test_units_are_those_of_the_columns_of_numbers():
    pytest.importorskip("pint")
    table, units = measured(lambda level, x, z: K[level] * x / z), {"x": "m", "z": "s", "y": "m/s"}
    for more in ({}, {"material": ""}):
        assert str(found_in(table, units=units | more).best) == "k[material]*x/z"
    with pytest.raises(ConfigError, match="no product of powers"):
        found_in(table, units=units | {"y": "kg"})


def test_a_front_of_all_levels_is_asked_for_by_level(shared: LevelDiscovery):
    with pytest.raises(ConfigError, match="levels\\['brass'\\]"):
        ew.plot_front(shared)  # pyright: ignore[reportArgumentType]

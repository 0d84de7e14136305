"""Whole numbers are names where the targets of each differ and their order says nothing; else they are numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from edgewise.data import Table, from_arrays
from edgewise.studies.number_names import numbers_as_names


def drawn(seed: int, numbers: int, rows: int) -> tuple[torch.Generator, Tensor]:
    """A generator and the number of each row."""
    generator = torch.Generator().manual_seed(seed)
    return generator, torch.randint(numbers, (rows,), generator=generator).double()


def table(x: Tensor, y: Tensor, generator: torch.Generator) -> Table:
    """The numbers beside a column of whole numbers that says nothing."""
    other = torch.randint(50, x.shape, generator=generator).double()
    return from_arrays(torch.stack([x, other], 1), y, inputs=["it", "other"])


@pytest.mark.parametrize(("numbers", "rows"), [(20, 300), (150, 900), (40, 20_000)])
def test_numbers_whose_means_differ_without_order_are_names(numbers: int, rows: int) -> None:
    for seed in range(5):
        generator, x = drawn(seed, numbers, rows)
        means = torch.randn(numbers, dtype=torch.float64, generator=generator)
        noise = torch.randn(rows, dtype=torch.float64, generator=generator)
        assert numbers_as_names(table(x, means[x.long()] + noise, generator)) == ("it",)
        assert numbers_as_names(table(x, noise, generator)) == ()


@pytest.mark.parametrize(
    "law", [lambda x: x, lambda x: x.sqrt(), lambda x: (x / 4).sin(), lambda x: 20.0 * (x > 17), lambda x: x.exp()]
)
def test_numbers_whose_order_says_most_are_none(law) -> None:
    for seed in range(5):
        generator, x = drawn(seed, 40, 2000)
        noise = 0.1 * torch.randn(2000, dtype=torch.float64, generator=generator)
        assert numbers_as_names(table(x, law(x) + noise, generator)) == ()


def test_a_few_far_targets_at_the_end_of_the_order_make_no_names() -> None:
    for seed in range(5):
        generator, x = drawn(seed, 60, 1200)
        noise = torch.randn(1200, dtype=torch.float64, generator=generator)
        assert numbers_as_names(table(x, 0.1 * x + noise + 1000.0 * (x == 59), generator)) == ()


def test_classes_and_weights_tell_names_too() -> None:
    generator, x = drawn(0, 30, 1500)
    likely = torch.rand(30, generator=generator)[x.long()]
    classes = (torch.rand(1500, generator=generator) < likely).long()
    assert numbers_as_names(from_arrays(x[:, None], ["no" if c else "yes" for c in classes], inputs=["it"])) == ("it",)
    far = torch.randn(30, dtype=torch.float64, generator=generator)[x.long()]
    told = table(x, torch.where(torch.arange(1500) < 700, far, 0.0), generator)
    weights = (torch.arange(1500) < 700).double() + 1e-9
    assert numbers_as_names(Table(told.X, told.y, told.inputs, told.outputs, weight=weights)) == ("it",)


def test_of_columns_that_tell_the_same_rows_apart_there_is_one() -> None:
    generator, x = drawn(0, 20, 600)
    means = torch.randn(20, dtype=torch.float64, generator=generator)
    X = torch.stack([x, (x * 7).remainder(20), x.remainder(3)], 1)
    noise = torch.randn(600, dtype=torch.float64, generator=generator)
    assert len(numbers_as_names(from_arrays(X, means[x.long()] + noise, inputs=["a", "b", "c"]))) == 1


def test_a_number_that_each_name_has_is_left_out_where_few_names_share_it() -> None:
    """The distance of a route says what the route says; the region of a firm also tells of firms with few rows."""
    generator, route = drawn(0, 60, 1800)
    noise = torch.randn(1800, dtype=torch.float64, generator=generator)
    for shared_by, names in ((1.5, {"route"}), (4.0, {"route", "kin"})):
        kin = ((7 * route).remainder(60) / shared_by).floor()
        means = torch.randn(60, dtype=torch.float64, generator=generator)
        y = means[route.long()] + 3 * means.flip(0)[kin.long()] + noise
        assert {*numbers_as_names(from_arrays(torch.stack([route, kin], 1), y, inputs=["route", "kin"]))} == names


def test_fractions_few_numbers_and_too_few_rows_are_none() -> None:
    generator, x = drawn(0, 20, 600)
    means = torch.randn(20, dtype=torch.float64, generator=generator)
    y = means[x.long()]
    assert numbers_as_names(from_arrays(x[:, None] / 2, y)) == ()
    assert numbers_as_names(from_arrays(x[:, None].remainder(9), means[x.remainder(9).long()])) == ()
    mostly_once = torch.cat([torch.arange(100, 160), torch.arange(25).repeat(2)]).double()
    assert numbers_as_names(from_arrays(mostly_once[:, None], (mostly_once * 7).remainder(11))) == ()


def test_numbers_of_pairs_are_names() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.arange(200).remainder(100).double()
    means = torch.randn(100, dtype=torch.float64, generator=generator)
    noise = 0.1 * torch.randn(200, dtype=torch.float64, generator=generator)
    assert numbers_as_names(table(x, means[x.long()] + noise, generator)) == ("it",)
    assert numbers_as_names(table(x, noise, generator)) == ()


def test_fractions_after_many_whole_numbers_are_none() -> None:
    generator, x = drawn(0, 60, 6000)
    means = torch.randn(61, dtype=torch.float64, generator=generator)
    x = torch.cat([torch.zeros(1000, dtype=torch.float64), x]).sort().values  # the first rows look whole
    assert numbers_as_names(from_arrays(x[:, None], means[x.long()])) == ("x1",)
    assert numbers_as_names(from_arrays(x[:, None] / 2, means[x.long()])) == ()


def test_a_row_that_counts_twice_is_two() -> None:
    generator, x = drawn(0, 20, 400)
    likely = torch.rand(20, generator=generator)[x.long()]
    y = (torch.rand(400, generator=generator) < likely).double()
    rows = from_arrays(x[:, None], y, inputs=["it"])
    each, counts = torch.unique(torch.stack([x, y], 1), dim=0, return_counts=True)
    once = Table(each[:, :1], each[:, 1:], rows.inputs, rows.outputs, weight=counts.double())
    assert len(once) < 3 * 20
    assert numbers_as_names(once) == numbers_as_names(rows) == ("it",)


def test_counts_by_copies_are_those_by_weights() -> None:
    for seed in (5, 58, 110):
        generator, x = drawn(seed, 20, 1500)
        rows = from_arrays(x[:, None], torch.poisson(torch.full((1500,), 2.0), generator).double(), inputs=["it"])
        both = torch.cat([rows.X, rows.y], 1)
        each, counts = torch.unique(both, dim=0, return_counts=True)
        once = Table(each[:, :1], each[:, 1:], rows.inputs, rows.outputs, weight=counts.double())
        assert numbers_as_names(once) == numbers_as_names(rows)


def of_groups(numbers: int, groups: int, seed: int) -> Table:
    """Five rows of each group, which has a mean of its own and one of so many numbers."""
    generator = torch.Generator().manual_seed(seed)
    group = torch.arange(groups).repeat_interleave(5)
    own = torch.randn(groups, dtype=torch.float64, generator=generator)
    noise = 0.1 * torch.randn(len(group), dtype=torch.float64, generator=generator)
    return from_arrays((group % numbers).double()[:, None], own[group] + noise, inputs=["it"], groups=group)


def test_a_number_that_belongs_to_its_group_is_no_name() -> None:
    for seed in range(5):
        itself = of_groups(40, 40, seed)
        assert numbers_as_names(itself) == () != numbers_as_names(replace(itself, groups=None))
        assert numbers_as_names(of_groups(20, 60, seed)) == ()  # groups of one number differ as much as others


def test_numbers_of_whole_groups_are_names_where_groups_of_one_are_alike() -> None:
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        rows = of_groups(15, 60, seed)
        own = 3 * torch.randn(15, dtype=torch.float64, generator=generator)
        assert numbers_as_names(replace(rows, y=rows.y + own[rows.X.long()])) == ("it",)

"""Rare texts are names where the targets of each of them differ by more than noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edgewise.data import Table, from_dataframe
from edgewise.studies.text_names import texts_as_names

pd = pytest.importorskip("pandas", reason="pandas is an optional package")

OFTEN, RARE = 15, 20  # names with four rows, and with two


def patients(own: float, seed: int = 0, noise: float = 1.0) -> Table:
    """Patients, most of whose rows are of those who came four times; others came twice."""
    rng = np.random.default_rng(seed)
    patient = np.concatenate([np.arange(OFTEN).repeat(4), OFTEN + np.arange(RARE).repeat(2)])
    y = own * rng.normal(size=OFTEN + RARE)[patient] + noise * rng.normal(size=len(patient))
    names = [f"patient {chr(65 + number)}" for number in patient]
    return from_dataframe(pd.DataFrame({"who": names, "x": rng.normal(size=len(patient)), "y": y}), "y")


def test_rare_names_are_told_by_the_targets():
    table = patients(3.0)
    assert "other" in table.categories["who"] and texts_as_names(table) == ("who",)
    assert texts_as_names(patients(1.0, noise=0.0)) == ("who",)


def test_noise_is_no_name():
    assert not any(texts_as_names(patients(0.0, seed)) for seed in range(200))


def test_classes_tell_names_as_well():
    table = patients(3.0)
    classes = replace(table, y=(table.y[:, 0] > 0).long(), classes=("no", "yes"))
    assert texts_as_names(classes) == ("who",)


def test_rows_that_count_twice_are_as_two():
    table = patients(0.8, seed=3)
    twice = table.take(torch.arange(len(table)).repeat(2))
    weighed = replace(table, weight=torch.full((len(table),), 2.0, dtype=torch.float64))
    assert texts_as_names(twice) == texts_as_names(weighed) == ("who",) != texts_as_names(table)


def test_a_text_in_each_row_tells_nothing():
    table = patients(3.0)
    unique = np.array([f"{text}{place}" for place, text in enumerate(table.texts["who"])])
    assert not texts_as_names(replace(table, texts={"who": unique}))


def test_a_text_that_belongs_to_its_group_is_no_name():
    table = patients(3.0)
    own = torch.from_numpy(np.unique(table.texts["who"], return_inverse=True)[1])
    assert not texts_as_names(replace(table, groups=own))
    visit = torch.arange(len(table))  # a row of each group
    assert texts_as_names(replace(table, groups=visit)) == ("who",)

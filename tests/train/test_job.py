"""make_job: data in whatever holds numbers, split by the seed, checked before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from edgewise.errors import ConfigError, DataError, EdgewiseError, ShapeError
from edgewise.losses import CrossEntropy, SquaredError
from edgewise.train.held_out import FEWEST
from edgewise.train.job import Job, choose_loss, make_job
from helpers import assert_close, assert_equal

ROWS = 50


def table(rows: int = ROWS, columns: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    X = torch.rand(rows, columns, dtype=torch.float64, generator=generator)
    return X, X.sum(1)


def job_of(X: Any, y: Any, **settings: Any) -> Job:
    return made(X, y, **settings)[0]


def made(X: Any, y: Any, **settings: Any) -> tuple[Job, Any]:
    options: dict[str, Any] = {
        "validation": None,
        "loss": "auto",
        "sample_weight": None,
        "features": None,
        "outputs": None,
    }
    options |= {"dtype": torch.float64, "device": torch.device("cpu"), "seed": 0}
    return make_job(X, y, **(options | settings))


def rows_of(x: torch.Tensor) -> set[tuple[float, ...]]:
    return {tuple(row) for row in x.tolist()}


def test_a_tenth_chooses_a_tenth_judges_and_nothing_is_lost_or_doubled():
    X, y = table()
    job, everything = made(X, y)
    assert job.own_split and job.xv is not None and job.judges is not None
    parts = [rows_of(job.x), rows_of(job.xv), rows_of(job.judges[0])]
    assert [len(part) for part in parts[1:]] == [ROWS // 10, ROWS // 10]
    assert set.union(*parts) == rows_of(X) and sum(map(len, parts)) == ROWS
    for x, targets in ((job.x, job.y), (job.xv, job.yv), job.judges[:2]):
        assert_equal(x.sum(1, keepdim=True), targets)
    assert rows_of(everything[0]) == parts[0] | parts[1]
    assert_equal(job.whole(everything).x, everything[0])
    assert job.whole(everything).xv is None


def test_the_split_is_told_by_places_in_the_rows_given():
    X, y = table()
    weight = torch.ones(ROWS, dtype=torch.float64)
    weight[:10] = 0
    job = job_of(X, y, sample_weight=weight)
    assert job.held_out is not None and job.judges is not None
    assert_equal(X[job.held_out.choosing], job.xv)
    assert_equal(X[job.held_out.judging], job.judges[0])


def test_the_seed_alone_decides_the_split():
    X, y = table()
    torch.manual_seed(1)
    one = job_of(X, y, seed=4)
    torch.manual_seed(2)
    assert_equal(job_of(X, y, seed=4).x, one.x)
    assert rows_of(job_of(X, y, seed=5).x) != rows_of(one.x)


def test_groups_go_with_their_rows():
    X, y = table()
    weight = torch.ones(ROWS, dtype=torch.float64)
    weight[:5] = 0
    names = [f"g{row // 5}" for row in range(ROWS)]  # the first group has no weight
    job, everything = made(X, y, groups=names, sample_weight=weight)
    assert job.groups is not None and job.groups_of_all is not None and job.judges is not None
    of = {tuple(x.tolist()): row // 5 - 1 for row, x in enumerate(X)}
    for x, groups in ((job.x, job.groups), (everything[0], job.groups_of_all)):
        assert [of[tuple(row)] for row in x.tolist()] == groups.tolist()
    judging = {of[tuple(row)] for row in job.judges[0].tolist()}
    assert judging and not judging & set(job.groups_of_all.tolist())


def test_few_rows_are_all_needed_for_training():
    X, y = table(FEWEST - 1)
    assert job_of(X, y).xv is None
    assert job_of(*table(FEWEST)).xv is not None


def test_given_validation_rows_are_taken_as_they_are():
    X, y = table()
    job = job_of(X, y, validation=(X[:4] + 1, y[:4]))
    assert not job.own_split and torch.equal(job.x, X)
    assert job.xv is not None and torch.equal(job.xv, X[:4] + 1)


@pytest.mark.parametrize("kind", ["tensor", "float32", "array", "list", "frame", "series", "column", "loader"])
def test_the_same_numbers_in_any_container(kind: str):
    X, y = table()
    given: Any = {
        "tensor": lambda: (X, y),
        "float32": lambda: (X.float().double(), y.float().double()),
        "array": lambda: (X.numpy(), y.numpy()),
        "list": lambda: (X.tolist(), y.tolist()),
        "frame": lambda: (pd.DataFrame(X.numpy(), columns=["a", "b"]), pd.DataFrame({"t": y.numpy()})),
        "series": lambda: (pd.DataFrame(X.numpy()), pd.Series(y.numpy())),
        "column": lambda: (X, y[:, None]),
        "loader": lambda: (DataLoader(TensorDataset(X, y), batch_size=7), None),
    }[kind]()
    job, everything = made(*given)
    want = rows_of(X.float().double() if kind == "float32" else X)
    assert job.judges is not None and rows_of(everything[0]) | rows_of(job.judges[0]) == want
    assert job.y.shape == (ROWS - 2 * (ROWS // 10), 1)


def test_a_data_loader_leaves_the_global_random_state_alone_and_shuffles_by_the_seed(leaves_no_trace: Any):
    X, y = table()
    first, one = made(DataLoader(TensorDataset(X, y), batch_size=7, shuffle=True), None)
    torch.rand(3, generator=torch.Generator().manual_seed(0))
    other = made(DataLoader(TensorDataset(X, y), batch_size=7, shuffle=True), None)[1]
    assert_equal(one[0], other[0])
    assert first.judges is not None and rows_of(one[0]) | rows_of(first.judges[0]) == rows_of(X)


def test_rows_of_weight_zero_are_rows_less():
    X, y = table()
    weight = torch.ones(ROWS, dtype=torch.float64)
    weight[::3] = 0
    job, everything = made(X, y, sample_weight=weight)
    less, all_less = made(X[weight > 0], y[weight > 0], sample_weight=weight[weight > 0])
    assert_equal(replace(job, held_out=None), replace(less, held_out=None))  # places are among the rows given
    assert_equal(everything, all_less)


def test_held_out_rows_keep_their_weights():
    X, y = table()
    job = job_of(X, y, sample_weight=y)
    assert job.weight is not None and job.wv is not None and job.yv is not None
    for weight, target in ((job.weight, job.y), (job.wv, job.yv)):
        assert_close(weight, target[:, 0] / y.mean(), like="float64")


@pytest.mark.parametrize("size", [1e-200, 1e-60, 1e307])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_only_ratios_count_of_weights_that_are_not_whole(size: float, dtype: torch.dtype):
    X, y = table()
    weight = torch.linspace(0.1, 1.0, ROWS, dtype=torch.float64)
    jobs = [job_of(X, y, sample_weight=scale * weight, dtype=dtype) for scale in (size, 1.0)]
    assert_close(jobs[0].weight, jobs[1].weight, like="float32" if dtype == torch.float32 else "float64")


def test_whole_weights_count_rows_and_others_no_more_than_there_are():
    X, y = table(20)
    assert job_of(X, y, sample_weight=torch.full((20,), 3.0)).rows == 60
    assert abs(job_of(X, y, sample_weight=torch.full((20,), 3.5)).rows - 20) < 1e-12
    assert job_of(X[:1], y[:1], sample_weight=[2]).rows == 2


def test_rows_given_to_choose_by_may_have_weights():
    X, y = table(20)
    job = job_of(X, y, validation=(X[:3], y[:3], [1, 2, 0]))
    assert_equal(job.wv, torch.tensor([1.0, 2.0, 0.0]).double())


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list, pd.Series])
def test_a_mask_is_weights_of_one_and_zero(kind: Any):
    X, y = table()
    mask = [row % 3 > 0 for row in range(ROWS)]
    assert_equal(made(X, y, sample_weight=kind(mask))[1], made(X, y, sample_weight=torch.tensor(mask).double())[1])


def test_text_is_no_weight():
    X, y = table()
    with pytest.raises(DataError, match="sample_weight holds text or categories, wanted numbers"):
        made(X, y, sample_weight=["much"] * ROWS)


def test_classes_to_judge_by_are_coded_as_those_to_train_on():
    X, y = table()
    codes = torch.tensor([-1, 0, 1]).repeat(ROWS)[:ROWS]
    job = job_of(X, codes, loss="cross_entropy", outputs=None, validation=(X[:4], torch.tensor([0, 1, 1, 0])))
    assert job.classes == ("-1", "0", "1") and job.yv is not None
    assert job.yv.tolist() == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["no", "yes", "no", "maybe"], ("maybe", "no", "yes")),
        ([True, False, True, True], ("False", "True")),
        (np.array(["b", "a", "a", "b"]), ("a", "b")),
        (pd.Series(["b", "a", "a", "b"], dtype="category"), ("a", "b")),
    ],
)
def test_text_and_booleans_are_classes(labels: Any, classes: tuple[str, ...]):
    X = table(4)[0]
    job = job_of(X, labels)
    assert isinstance(job.loss, CrossEntropy) and not job.squared
    assert job.classes == classes
    assert [job.classes[code] for code in job.y.tolist()] == [str(label) for label in list(labels)]


def test_whole_numbers_are_numbers_unless_declared_as_classes():
    X, y = table(4)[0], [0, 2, 1, 2]
    assert isinstance(job_of(X, y).loss, SquaredError)
    job = job_of(X, y, loss="cross_entropy", outputs=4)
    assert job.y.tolist() == y and job.classes == ("0", "1", "2", "3")


def test_without_a_number_of_outputs_codes_stay_codes():
    """A module of the user's own: class 2 is output 2, whatever classes occur."""
    X = table(4)[0]
    job = job_of(X, [0, 2, 2, 0], loss="cross_entropy", validation=(X, [2, 2, 2, 2]))
    assert job.y.tolist() == [0, 2, 2, 0] and job.yv is not None and job.yv.tolist() == [2, 2, 2, 2]


def test_validation_uses_the_classes_of_training():
    X = table(4)[0]
    job = job_of(X, ["a", "b", "c", "a"], validation=(X[:2], ["c", "b"]))
    assert job.yv is not None and job.yv.tolist() == [2, 1]
    with pytest.raises(DataError, match="validation y holds d, none of the classes a, b, c"):
        job_of(X, ["a", "b", "c", "a"], validation=(X[:2], ["c", "d"]))


def test_classes_of_an_earlier_fit_keep_their_codes():
    X = table(4)[0]
    job = job_of(X, ["b", "c", "c", "b"], outputs=3, known=("a", "b", "c"))
    assert job.y.tolist() == [1, 2, 2, 1] and job.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("auto", "squared_error"),
        ("mse", "squared_error"),
        ("regression", "squared_error"),
        ("classification", "cross_entropy"),
    ],
)
def test_losses_by_name(loss: str, name: str):
    assert choose_loss(loss, [1.0, 2.0]).name == name


def test_a_loss_of_the_users_own_is_taken_as_it_is():
    own = SquaredError()
    assert choose_loss(own, [1.0]) is own


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("cross_entropie", "did you mean 'cross_entropy'"),
        ("nonsense", "known: absolute_error, auto, binomial"),
        (object(), "or a function"),
    ],
)
def test_unusable_losses_are_named(loss: Any, words: str):
    with pytest.raises(ConfigError, match=words):
        choose_loss(loss, [1.0])


def broken(row: int, column: int, value: float) -> torch.Tensor:
    X = table()[0]
    X[row, column] = value
    return X


FRAME = pd.DataFrame(broken(7, 1, float("nan")).numpy(), columns=["age", "height"])
FAULTS: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "nan in X": (broken(7, 1, float("nan")), table()[1], {}, "X is not finite in row 7, column 1"),
    "inf in X": (broken(3, 0, float("inf")), table()[1], {}, "X is not finite in row 3, column 0"),
    "nan in a named column": (FRAME, table()[1], {}, "row 7, column 'height'"),
    "nan in y": (table()[0], broken(9, 0, float("nan"))[:, 0], {}, "y is not finite in row 9"),
    "nan in validation": (
        *table(),
        {"validation": (broken(2, 1, float("nan")), table()[1])},
        "validation X is not finite in row 2, column 1",
    ),
    "too few targets": (table()[0], table()[1][:9], {}, "y has 9 rows, X has 50"),
    "too many outputs": (table()[0], table()[0], {"outputs": 1}, "y has 2 columns, the model gives 1"),
    "wrong width": (*table(), {"features": 3}, "X has 2 columns, the model takes 3"),
    "transposed": (table()[0].T, table()[1], {"features": 2}, "transposed"),
    "one-dimensional X": (table()[1], table()[1], {}, r"X\[:, None\]"),
    "three-dimensional y": (table()[0], torch.zeros(ROWS, 1, 1), {"features": 2}, "y has shape"),
    "no y": (table()[0], None, {}, "y is missing"),
    "no rows": (table(0)[0], table(0)[1], {}, "X has no rows"),
    "one row": (*table(1), {}, "X has 1 row"),
    "one row of positive weight": (*table(3), {"sample_weight": [0.0, 1.0, 0.0]}, "1 row of positive weight"),
    "text in X": ([["a", "b"]] * 4, [1.0] * 4, {}, "text"),
    "ragged X": ([[1.0, 2.0], [1.0]], [1.0, 2.0], {}, "same length"),
    "complex X": (torch.zeros(4, 2, dtype=torch.complex128), torch.zeros(4), {}, "complex"),
    "text y for squared error": (table(4)[0], list("abab"), {"loss": "squared_error"}, "cross_entropy"),
    "fractions as classes": (table(2)[0], [0.5, 1.0], {"loss": "cross_entropy"}, "whole numbers or text"),
    "a class that torch ignores": (table(3)[0], [0, 1, -100], {"loss": "cross_entropy"}, "-100, which torch ignores"),
    "class beyond the outputs": (
        table(2)[0],
        [0, 3],
        {"loss": "cross_entropy", "outputs": 2},
        "class 3; a model with 2 outputs",
    ),
    "too many classes": (table(3)[0], list("abc"), {"outputs": 2}, "3 classes"),
    "negative weight": (*table(), {"sample_weight": -torch.ones(ROWS)}, "sample_weight must not be negative"),
    "weights all zero": (*table(), {"sample_weight": torch.zeros(ROWS)}, "zero everywhere"),
    "too few weights": (*table(), {"sample_weight": torch.ones(3)}, "sample_weight has 3 rows"),
    "nan weight": (
        *table(),
        {"sample_weight": broken(4, 0, float("nan"))[:, 0]},
        "sample_weight is not finite in row 4",
    ),
    "too few groups": (*table(), {"groups": ["a", "b"]}, r"groups has shape \(2,\), wanted \(50,\)"),
    "a row without group": (
        *table(),
        {"groups": ["a", None] * (ROWS // 2)},
        "groups has no label in row 1 and 24 more",
    ),
    "validation of another width": (
        *table(),
        {"validation": (table(9, 3)[0], table(9)[1])},
        "validation X has 3 columns",
    ),
    "validation without targets": (*table(), {"validation": table(9)[0]}, "pair"),
    "empty validation": (*table(), {"validation": table(0)}, "validation has no rows"),
    "y beside a loader": (DataLoader(TensorDataset(*table())), table()[1], {}, "given twice"),
    "loader of single tensors": (DataLoader(TensorDataset(table()[0])), None, {}, "pairs|list batches"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_named(name: str):
    X, y, settings, words = FAULTS[name]
    with pytest.raises(EdgewiseError, match=words) as caught:
        job_of(X, y, **settings)
    assert isinstance(caught.value, (DataError, ShapeError))


def test_a_model_of_classes_goes_on_with_classes():
    X, y = table()
    codes = (y > y.median()).long()
    job = job_of(X, codes, outputs=2, known=("no", "yes"))
    assert isinstance(job.loss, CrossEntropy) and torch.equal(job.y, codes[torch.isin(X[:, 0], job.x[:, 0])])


def test_whole_numbers_for_several_outputs_hint_at_classes():
    X, y = table()
    with pytest.raises(
        ShapeError,
        match=r"y has 1 column, the model gives 2 outputs; if these are classes, fit with loss='cross_entropy'",
    ):
        made(X, (y > 1).long(), outputs=2)
    with pytest.raises(ShapeError, match=r"y has 1 column, the model gives 2 outputs$"):
        made(X, y, outputs=2)
    with pytest.raises(ShapeError, match=r"columns of one per class become y.argmax\(1\)"):
        made(X, torch.eye(2)[(y > 1).long()], outputs=2, loss="cross_entropy")

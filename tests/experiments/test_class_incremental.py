"""Classes that come one task after another: each task has its own digits, and the linear head forgets nothing."""

from __future__ import annotations

import torch

from experiment_runs import module


def test_each_task_of_the_digits_has_its_own_classes():
    digits = module("class_incremental.digits").load(1)
    assert sum(len(x) for x, _ in digits.tasks) + len(digits.test[0]) == 1797
    rows = {tuple(row) for x, _ in digits.tasks for row in x.tolist()}
    assert sum(tuple(row) in rows for row in digits.test[0].tolist()) < 5, "few digits are alike, none is taken twice"


def test_the_linear_head_forgets_nothing():
    digits, heads = module("class_incremental.digits").load(0), module("class_incremental.heads")
    one, two = (list(heads.linear(tasks))[-1][0] for tasks in (digits.tasks, [digits.together]))
    assert torch.allclose(one(digits.test[0]), two(digits.test[0]), atol=1e-9)

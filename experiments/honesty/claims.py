"""What a fit says of its own error, beside the error that new rows have."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import edgewise as ew

from ..training import fit
from .cases import Table, kind_of, table_of

HIDDEN = 5  # nodes of the one hidden layer, as in the README
SPARSITY = 1e-2
GRIDS = {"first": (3,), "last": (3, 6, 12)}  # of the two fits of the README's recipe
SMOKE = {"steps": 3}
SMOKE_ROWS = 60


@dataclass(frozen=True)
class Claim:
    """One fit's word and the truth, in the unit `measure`. `expected`: `expected_rmse`, where there is one. Accuracies
    are those of classes (None: numbers). `seconds` of CPU, from the start of the recipe."""

    stage: str
    rows: int
    columns: int
    measure: str
    claimed: float
    true: float
    expected: float | None
    claimed_accuracy: float | None
    true_accuracy: float | None
    edges: int
    seconds: float


def recipe(table: Table, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The README's recipe on a table: a sparse fit, `prune`, a fit of what is left. Stage -> the result of its fit."""
    shape = (table.X.shape[1], HIDDEN, table.classes or 1)
    how = {**settings, "seed": seed, "loss": "cross_entropy" if table.classes else "squared_error"}
    first = fit(ew.KAN(shape, grid_size=3, seed=seed), table.X, table.y, grids=GRIDS["first"], sparsity=SPARSITY, **how)
    pruned = ew.prune(first.model, table.X)
    return {"first": first, "last": fit(pruned, table.X, table.y, grids=GRIDS["last"], **how)}


def truth(model: torch.nn.Module, table: Table) -> dict[str, float]:
    """The errors of a model on the new rows: rmse and r2, or cross_entropy and accuracy, by the names of the claims."""
    with torch.no_grad():
        found = model(torch.as_tensor(table.new_X)).double()
    if table.classes:
        wanted = torch.as_tensor(table.new_y).long()
        return {
            "cross_entropy": float(torch.nn.functional.cross_entropy(found, wanted)),
            "accuracy": float((found.argmax(1) == wanted).double().mean()),
        }
    error = found[:, 0].numpy() - table.new_y
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "r2": 1 - float(np.mean(error**2) / np.var(table.new_y)),
    }


def measure_of(name: str, table: Table) -> str:
    """In which unit claims are compared: errors have none where there is no law, so there it is the share explained."""
    return "cross_entropy" if table.classes else "r2" if kind_of(name) == "noise" else "rmse"


def claims_job(name: str, seed: int, fold: int, smoke: bool) -> list[Claim]:
    """The claims of both stages on one table."""
    table, began = table_of(name, seed, fold), time.process_time()
    measure = measure_of(name, table)
    if smoke:
        table = Table(table.X[:SMOKE_ROWS], table.y[:SMOKE_ROWS], table.new_X, table.new_y)
    found = []
    for stage, result in recipe(table, seed, dict(SMOKE) if smoke else {}).items():
        true = truth(result.model, table)
        found.append(
            Claim(
                stage=stage,
                rows=len(table.X),
                columns=table.X.shape[1],
                measure=measure,
                claimed=result.metrics[f"validation_{measure}"],
                true=true[measure],
                expected=result.metrics.get("expected_rmse"),
                claimed_accuracy=result.metrics.get("validation_accuracy"),
                true_accuracy=true.get("accuracy"),
                edges=ew.summary(result.model).edges,
                seconds=time.process_time() - began,
            )
        )
    return found

"""Differential equations: errors against exact solutions, quadratures and spectral solutions."""

from __future__ import annotations

import dataclasses
import resource
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

import edgewise as ew

from .. import page
from ..paper import shape_text, template
from ..results import Results
from ..rows import by_seed, run_rows
from ..runner import Options, version
from .problems import PROBLEMS, Problem
from .references import POINTS, Reference, with_slopes

COLUMNS = (
    *("name", "equation", "bar", "shape", "degree", "parameters", "points"),
    *("l2", "l2_median", "h1", "h1_median", "l2_squared", "unknown", "unknown_median"),
    *("residual", "seconds", "memory", "seeds", "commit"),
)


def pde_job(name: str, seed: int, smoke: bool) -> dict[str, float]:
    """The errors of one equation from one seed, and its CPU seconds."""
    problem = PROBLEMS[name]
    if smoke:
        grids = "auto" if isinstance(problem.model(0), nn.Sequential) else (problem.grid,)
        problem = dataclasses.replace(problem, points=300, grids=grids, steps=3, restarts=0)
    began = time.process_time()
    solution = ew.pde.solve(
        problem.model(seed),
        problem.equation,
        domain=problem.box if problem.domain is None else problem.domain,
        conditions=problem.conditions(seed),
        points=problem.points,
        grids=problem.grids,
        steps=problem.steps,
        restarts=problem.restarts,
        slabs=problem.slabs,
        features=problem.features,
        seed=seed,
        progress=False,
    )
    seconds = time.process_time() - began
    found = errors(solution.model, problem.reference(), problem)
    if problem.unknown is not None:
        found["unknown"] = abs(next(iter(solution.unknowns.values())) / problem.unknown - 1)
    return found | {
        "parameters": parameters(solution.model),
        "residual": solution.errors["the equation"],
        "seconds": seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def parameters(model: Any) -> int:
    """Numbers that were trained, those of all slabs together."""
    if isinstance(model, ew.pde.Ansatz):
        return parameters(model.network)
    if isinstance(model, ew.pde.TimeSlabs):
        return sum(parameters(network) for network in model.networks)
    if not isinstance(model, ew.KAN):
        return sum(part.numel() for part in model.parameters())
    if all(part.requires_grad for part in model.parameters()):
        return ew.summary(model).parameters
    return sum(int(layer.spline_edges().sum()) * layer.num_basis for layer in model.edge_layers)


def errors(model: Any, reference: Reference, problem: Problem) -> dict[str, float]:
    """Relative errors in L2 and H1, and the squared L2 norm of the error, an integral over the box."""
    values, slopes = with_slopes(model, reference.x)
    off, off_slopes = (values - reference.values).square(), (slopes - reference.slopes).square()
    size, size_slopes = reference.values.square(), reference.slopes.square()
    volume = float(torch.tensor(problem.box, dtype=torch.float64).diff(dim=1).prod())
    return {
        "l2": float((off.sum() / size.sum()).sqrt()),
        "h1": float(((off.sum() + off_slopes.sum()) / (size.sum() + size_slopes.sum())).sqrt()),
        "l2_squared": volume * float(off.sum()) / len(off),
    }


def summarise(name: str, found: Sequence[dict[str, float]]) -> dict[str, Any]:
    """The record of an equation from its seeds: the best one, and medians."""
    problem, best = PROBLEMS[name], min(found, key=lambda one: one["l2"])
    record: dict[str, Any] = {
        "name": name,
        "equation": problem.title,
        "bar": problem.bar,
        "shape": shape_text(problem.shape),
        "degree": problem.degree,
        "parameters": int(best["parameters"]),
        "points": problem.points,
        **{key: best[key] for key in ("l2", "h1", "l2_squared", "residual")},
        "l2_median": statistics.median(one["l2"] for one in found),
        "h1_median": statistics.median(one["h1"] for one in found),
        "seconds": statistics.median(one["seconds"] for one in found),
        "memory": max(one["memory"] for one in found),
        "seeds": len(found),
        "commit": version(),
    }
    if "unknown" in best:
        record["unknown"] = min(one["unknown"] for one in found)
        record["unknown_median"] = statistics.median(one["unknown"] for one in found)
    return record


def told(record: Mapping[str, Any]) -> str:
    """A record in words."""
    return (
        f"{record['parameters']} parameters, L2 {record['l2']:.2g} (median {record['l2_median']:.2g}),"
        f" H1 {record['h1']:.2g}, {record['seconds']:.0f} s"
    )


def run(options: Options) -> int:
    """Solve every equation and write result.csv and the page. 1 where one failed, else 0."""
    return run_rows(options, "Equations", PROBLEMS, COLUMNS, by_seed(pde_job, options), summarise, told, write_page)


def write_page(options: Options, results: Results) -> None:
    """README.md."""
    heads = {
        "name": "row",
        "equation": "equation",
        "bar": "bar",
        "published": "others report",
        "shape": "shape",
        "degree": "degree",
        "parameters": "parameters",
        "points": "points",
        "l2": "L2, best",
        "l2_median": "median",
        "h1": "H1, best",
        "h1_median": "median",
        "l2_squared": "squared L2",
        "unknown": "constant, best",
        "unknown_median": "median",
        "residual": "residual",
        "seconds": "CPU seconds",
        "memory": "MB",
        "seeds": "seeds",
    }
    about = template("pde/about.md", points=POINTS)
    records = [record | {"published": PROBLEMS[record["name"]].published} for record in results]
    page.write(options.out, ["# Differential equations", about, page.table(records, heads)])

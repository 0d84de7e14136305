"""The README's recipe on every table, and what it claims beside what is true."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from .. import page
from ..paper import template
from ..results import Record, Results, number
from ..runner import Job, Options, rows_done, say, version, work
from .cases import COLUMNS_OF_NOISE, FOLDS, NAMES, NEW, NOISE, ROWS_OF_NOISE, folds_of, kind_of
from .claims import GRIDS, HIDDEN, SPARSITY, Claim, claims_job

COLUMNS = (
    "key",
    "name",
    "kind",
    "seed",
    "fold",
    "stage",
    "rows",
    "columns",
    "measure",
    "claimed",
    "true",
    "expected",
    "claimed_accuracy",
    "true_accuracy",
    "edges",
    "seconds",
    "commit",
)
# What is to be met, after the last fit.
NEAR = 0.15  # median |claimed - true| share explained of noise; median |claimed / true - 1| of noisy functions
LOW = 0.1  # a claim to explain less of noise than this is none
LOW_SHARE = 0.9  # of the tables of noise, at least, with such a claim
STAGES = tuple(GRIDS)


def run(options: Options) -> int:
    """Fit every table and write result.csv and the page. 1 where a row failed, else 0."""
    names, done = options.chosen(NAMES), 0
    results = Results(options.out / "result.csv", COLUMNS)
    jobs = [
        Job(name, claims_job, (name, seed, fold, options.smoke))
        for name in names
        for seed in range(options.seeds)
        for fold in folds_of(name)
    ]
    try:
        for name, found in rows_done(jobs, work(jobs, options.processes, "Honesty")):
            where = [job.arguments[1:3] for job in jobs if job.row == name]
            results.drop("name", name)
            results.put_all(records_of(name, where, found))
            last = [claims[-1] for claims in found]
            say(
                f"{name}: {last[0].measure} claimed {statistics.median(claim.claimed for claim in last):.3g}, true"
                f" {statistics.median(claim.true for claim in last):.3g}"
            )
            done += 1
    finally:
        if len(results):
            write_page(options, list(results))
    return 0 if done == len(names) else 1


def records_of(
    name: str, where: Iterable[tuple[int, int]], found: Iterable[Iterable[Claim]]
) -> list[dict[str, object]]:
    """The records of a row: one for each seed, fold and stage."""
    commit = version()
    return [
        {
            **vars(claim),
            "key": f"{name}/{seed}/{fold}/{claim.stage}",
            "name": name,
            "kind": kind_of(name),
            "seed": seed,
            "fold": fold,
            "commit": commit,
        }
        for (seed, fold), claims in zip(where, found, strict=True)
        for claim in claims
    ]


def pairs(records: Iterable[Record], kind: str, stage: str, column: str = "claimed") -> list[tuple[float, float]]:
    """(claimed, true) of the records of a kind and a stage; `column`: what is taken for the claim."""
    known = [
        (number(record, column), number(record, "true"))
        for record in records
        if record["kind"] == kind and record["stage"] == stage
    ]
    return [(claimed, true) for claimed, true in known if claimed is not None and true is not None]


def noise_fact(records: Sequence[Record], stage: str) -> str:
    """How far the claims are off where there is no law, in a sentence; "" without records.

    >>> noise_fact([{"kind": "noise", "stage": "last", "claimed": "0.5", "true": "-0.2"}], "last")
    'Noise, last fit: the share explained is off by 0.7 in the median (wanted: at most 0.15); 0 of 1 claims are below
     0.1 (wanted: 90 %).'
    """
    found = pairs(records, "noise", stage)
    if not found:
        return ""
    off = statistics.median(abs(claimed - true) for claimed, true in found)
    low = sum(claimed < LOW for claimed, _ in found)
    return (
        f"Noise, {stage} fit: the share explained is off by {off:.2g} in the median (wanted: at most {NEAR:g});"
        f" {low} of {len(found)} claims are below {LOW:g} (wanted: {100 * LOW_SHARE:.0f} %)."
    )


def error_fact(records: Sequence[Record], kind: str, stage: str, column: str = "claimed") -> str:
    """How the claimed errors of a kind relate to the true ones, in a sentence; "" without records.

    >>> known = [{"kind": "real", "stage": "last", "claimed": c, "true": "2"} for c in ("1", "2", "3")]
    >>> error_fact(known, "real", "last")
    'Real tables, last fit: claimed / true is 1 in the median; it is off by 50 % in the median, and 1 of 3 claims are
     below the truth by more than 15 %.'
    """
    found = [(claimed, true) for claimed, true in pairs(records, kind, stage, column) if true > 0]
    if not found:
        return ""
    ratios = [claimed / true for claimed, true in found]
    what = {"function": "Noisy functions", "real": "Real tables"}[kind]
    word = "claimed" if column == "claimed" else f"`{column}_rmse`"
    return (
        f"{what}, {stage} fit: {word} / true is {statistics.median(ratios):.3g} in the median; it is off by"
        f" {100 * statistics.median(abs(ratio - 1) for ratio in ratios):.0f} % in the median, and"
        f" {sum(ratio < 1 - NEAR for ratio in ratios)} of {len(ratios)} claims are below the truth by more than"
        f" {100 * NEAR:.0f} %."
    )


def by_name(records: Sequence[Record], kind: str) -> list[Record]:
    """One record per row of a kind: the medians over its seeds and folds, both stages side by side."""
    lines = []
    for name in dict.fromkeys(record["name"] for record in records if record["kind"] == kind):
        line = {"name": name}
        for stage in STAGES:
            own = [record for record in records if record["name"] == name and record["stage"] == stage]
            for column in ("claimed", "true", "expected", "claimed_accuracy", "true_accuracy"):
                values = [value for record in own if (value := number(record, column)) is not None]
                line[f"{stage}_{column}"] = f"{statistics.median(values):.4g}" if values else ""
            line |= {column: own[0][column] for column in ("rows", "columns", "measure")} if own else {}
        lines.append(line)
    return lines


def table_of_kind(records: Sequence[Record], kind: str) -> str:
    """The page's table of a kind of rows, with a column for each figure that the kind has."""
    heads = {"name": "table", "rows": "rows", "columns": "columns", "measure": "measure"}
    for stage in STAGES:
        heads |= {
            f"{stage}_claimed": f"{stage} fit: claimed",
            f"{stage}_true": "true",
            f"{stage}_expected": "`expected_rmse`",
            f"{stage}_claimed_accuracy": "claimed accuracy",
            f"{stage}_true_accuracy": "true accuracy",
        }
    if kind == "noise":  # its targets have no unit, so an error expected of them says nothing beside a share explained
        heads = {column: head for column, head in heads.items() if not column.endswith("_expected")}
    lines = by_name(records, kind)
    return page.table(lines, heads) if lines else ""


def write_page(options: Options, records: Sequence[Record]) -> None:
    """README.md and result.png."""
    facts = [noise_fact(records, stage) for stage in STAGES]
    facts += [error_fact(records, kind, stage) for kind in ("function", "real") for stage in STAGES]
    facts += [error_fact(records, "function", stage, "expected") for stage in STAGES]
    about = template(
        "honesty/about.md",
        new=NEW,
        tables=len(NOISE),
        fewest=ROWS_OF_NOISE[0],
        most=ROWS_OF_NOISE[1],
        narrow=COLUMNS_OF_NOISE[0],
        wide=COLUMNS_OF_NOISE[1],
        folds=FOLDS,
        hidden=HIDDEN,
        sparsity=SPARSITY,
        first=", ".join(map(str, GRIDS["first"])) + ",",
        last=", ".join(map(str, GRIDS["last"])),
    )
    parts = ["# Claims and truth", about, "## Result", "\n".join(f"- {fact}" for fact in facts if fact)]
    parts.append("![claimed over true](result.png)")
    for kind, title in {"noise": "Pure noise", "function": "Noisy functions", "real": "Real tables"}.items():
        if table := table_of_kind(records, kind):
            parts += [f"## {title}", table]
    page.write(options.out, parts)
    draw(options, records)


def draw(options: Options, records: Sequence[Record]) -> None:
    """result.png: claims over the truth, both stages; on the diagonal a claim is true."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(9, 4))
    for place, (kind, unit) in enumerate({"noise": "share explained of noise", "function": "RMSE"}.items(), start=1):
        axes = figure.add_subplot(1, 2, place)
        for stage in STAGES:
            found = pairs(records, kind, stage)
            axes.plot([true for _, true in found], [claimed for claimed, _ in found], "o", label=f"{stage} fit")
        found = [true for stage in STAGES for _, true in pairs(records, kind, stage)]
        scale: dict[str, Any] = {"value": "symlog", "linthresh": 1.0}
        if kind == "function":
            scale = {"value": "log" if found else "linear"}  # a few rows may hold no function
        axes.set_xscale(**scale)
        axes.set_yscale(**scale)
        axes.xaxis.set_minor_formatter(NullFormatter())  # labels between decades overlap
        true = sorted(true for stage in STAGES for _, true in pairs(records, kind, stage))
        axes.plot(true, true, color="#9aa5b1", linewidth=1, label="true claims")
        axes.set(xlabel=f"true {unit}, on new rows", ylabel="claimed")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.tight_layout()
    page.save(figure, options.out / "result.png")

"""README.md of this folder, from about.md and results.csv: no figure in it is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.page import write
from experiments.results import Record, number

from . import tables
from .contestants import OWN
from .first_call import MOST
from .first_call import ROW as FIRST_CALL
from .records import FOLDER
from .shapes import (
    GPU,
    GROWTH,
    LAYERS,
    MOST_GROWTH,
    NETWORKS,
    OUTSIDE,
    SMOKE_LAYERS,
    SMOKE_NETWORKS,
    SMOKE_OUTSIDE,
    VARIED,
)

NORMAL_TEXT = (
    "Standard normal inputs: a third of them lie outside the grid, so nearly every row of a wide layer has one. There"
    " each peer ends in a way of its own, so its own run in float64 is its truth here."
)


def page(records: Sequence[Record], folder: Path) -> None:
    """Write README.md into the folder."""
    parts = [(FOLDER / "about.md").read_text(encoding="utf-8"), where(records)]
    parts += ["## Layers", "![Times of forward + backward](chart.svg)", tables.bars(records, LAYERS)]
    parts += [
        text
        for shape in tables.known(records, (*LAYERS, *SMOKE_LAYERS))
        for text in (f"**{shape.title}**", tables.timings(records, shape.name))
    ]
    outside = tables.bars(records, OUTSIDE)
    normal = "\n\n".join(text for text in (NORMAL_TEXT, outside) if text)
    parts += section("Normal inputs", tables.known(records, (*OUTSIDE, *SMOKE_OUTSIDE)), records, normal)
    parts += variants(records)
    parts += section("Finer grids", tables.known(records, GROWTH), records, grown(records))
    parts += section("Networks", tables.known(records, (*NETWORKS, *SMOKE_NETWORKS)), records)
    parts += section("On a GPU", tables.known(records, GPU), records)
    parts += [*step(records), *accuracy(records), *first(records)]
    write(folder, parts)


def section(title: str, shapes: Sequence, records: Sequence[Record], text: str = "") -> list[str]:
    """A heading, a text and one table for each shape."""
    found = [part for shape in shapes for part in (f"**{shape.title}**", tables.timings(records, shape.name))]
    return [f"## {title}", text, *found] if found else []


def variants(records: Sequence[Record]) -> list[str]:
    """The layer beside itself on other inputs, without base, and of other degrees."""
    table = tables.variants(records)
    text = f"edgewise alone, {VARIED.title}, in one run. Ratios are to the default: degree 3, base silu, inputs inside."
    return ["## Inputs, degrees and base", text, table] if table else []


def where(records: Sequence[Record]) -> str:
    """On what, with what, from when."""
    kinds = dict.fromkeys((r["device"], r["threads"], r["torch"], r["python"], r["commit"]) for r in records)
    versions = dict.fromkeys(
        (r["contestant"].split(",")[0], r["package"]) for r in records if r["package"] and tables.from_peer(r)
    )
    places = [
        f"{device}, {threads} threads, torch {torch}, Python {python}, commit {commit}"
        for device, threads, torch, python, commit in kinds
    ]
    peers = ", ".join(f"{name} {version}" for name, version in versions) or "none installed"
    return f"Measured on: {'; '.join(places)}. Peers: {peers}."


def grown(records: Sequence[Record]) -> str:
    """The growth of edgewise's time with the grid, in a sentence."""
    times = tables.growth(records)
    if times is None:
        return ""
    coarse, fine = (shape.grid for shape in GROWTH)
    return (
        f"From G = {coarse} to G = {fine} edgewise's forward + backward takes {times:.2f} times as long (at most"
        f" {MOST_GROWTH} is wanted)."
    )


def step(records: Sequence[Record]) -> list[str]:
    """A step of edgewise's optimizer beside an evaluation of pykan's."""
    rows = [[r["contestant"], r["measure"], tables.shown(r)] for r in tables.of(records, part="step")]
    return (
        ["## A step of training", "[2, 5, 1], G = 5, 1000 points.", tables.markdown(["", "what", "ms"], rows)]
        if rows
        else []
    )


def accuracy(records: Sequence[Record]) -> list[str]:
    """Seconds until an error."""
    table = tables.accuracies(records)
    return (
        ["## Time to accuracy", "exp(sin(pi x) + y^2), [2, 5, 1], 1000 points, 1000 others for the error.", table]
        if table
        else []
    )


def first(records: Sequence[Record]) -> list[str]:
    """The first call of a process."""
    found = tables.of(records, row=FIRST_CALL, contestant=OWN)
    if not found or number(found[0], "median") is None:
        return []
    text = "Import of edgewise, then forward + backward of a layer, kernels compiled before"
    return ["## First call", f"{text}: {tables.shown(found[0])} s (at most {MOST:g} is wanted)."]

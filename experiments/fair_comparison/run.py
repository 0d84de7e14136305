"""KANs beside MLPs: one page from the result.csv of the other experiments. Nothing is trained here."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from .. import page
from ..paper import template
from ..results import Record, Results, number
from ..runner import ROOT, Options

SOURCES = {
    "special_functions": "special functions",
    "feynman": "Feynman equations",
    "own_functions": "functions of our own choosing",
    "toy_functions": "toy functions",
}
PEERS = {
    "mlp_best": "MLP, equal parameters, best of the seeds",
    "mlp_10x": "MLP, 10 times the parameters",
    "mlp_100x": "MLP, 100 times the parameters",
    "pykan_same_data": "pykan, the same data",
}
COLUMNS = (
    "name",
    "table",
    "peer",
    "rows",
    "kan_wins",
    "peer_wins",
    "median_factor",
    "largest_factor_for_peer",
    "where_peer_wins",
)


def load(folder: Path, name: str) -> list[Record]:
    """The records of another experiment, none where it was not run yet."""
    path = folder / name / "result.csv"
    if not path.exists():
        return []
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    return list(Results(path, header))


def compare(records: Sequence[Record], peer: str) -> dict[str, object] | None:
    """How edgewise's best errors stand against a peer's column; None where nothing is known."""
    factors = {
        r["name"]: b / a for r in records if (b := number(r, peer)) is not None and (a := number(r, "edgewise_best"))
    }
    if not factors:
        return None
    lost = {name: 1 / factor for name, factor in factors.items() if factor < 1}
    return {
        "rows": len(factors),
        "kan_wins": len(factors) - len(lost),
        "peer_wins": len(lost),
        "median_factor": statistics.median(factors.values()),
        "largest_factor_for_peer": max(lost.values(), default=None),
        "where_peer_wins": "; ".join(
            f"{name} ({factor:.2g})" for name, factor in sorted(lost.items(), key=lambda item: -item[1])
        ),
    }


def at_equal_time(records: Sequence[Record]) -> str:
    """What the columns of CPU seconds say of the two."""
    known = [r for r in records if number(r, "mlp_seconds") and number(r, "seconds")]
    if not known:
        return ""
    kan, mlp = (statistics.median(number(r, column) or 0.0 for r in known) for column in ("seconds", "mlp_seconds"))
    slower = [r for r in known if (number(r, "mlp_seconds") or 0.0) <= (number(r, "seconds") or 0.0)]
    wins = sum((number(r, "mlp_best") or 0.0) < (number(r, "edgewise_best") or 0.0) for r in slower)
    return (
        f"All shapes of one seed of the KAN took {kan:.3g} CPU seconds in the median row, all MLPs of one seed at equal"
        f" parameters {mlp:.3g}. In {len(slower)} of {len(known)} rows the MLPs took no more time than the KANs; in"
        f" {wins} of these they were the more accurate."
    )


def run(options: Options) -> int:
    """Write result.csv and the page from what the other experiments left."""
    parts, many = ["# KANs and MLPs, compared fairly", template("fair_comparison/about.md")], []
    for table, title in SOURCES.items():
        records = load(ROOT / "experiments", table)
        found = {peer: values for peer in PEERS if (values := compare(records, peer))}
        for peer, values in found.items():
            many.append({"name": f"{table}/{peer}", "table": title, "peer": PEERS[peer], **values})
        if text := at_equal_time(records):
            parts += [f"**{title.capitalize()}.** {text}"]
    results = Results(options.out / "result.csv", COLUMNS)
    results.records = {}
    results.put_all(many)
    heads = {
        "table": "table",
        "peer": "against",
        "rows": "rows",
        "kan_wins": "KAN lower",
        "peer_wins": "peer lower",
        "median_factor": "median factor",
        "where_peer_wins": "where the peer is lower (by a factor)",
    }
    table = (
        page.table(results, heads)
        if many
        else "The peers of no table have been computed yet: `python -m experiments special_functions --peers`."
    )
    page.write(options.out, [*parts[:2], table, *parts[2:]])
    return 0

"""One table of the paper, repeated: jobs per row and seed, the record of a row, the page."""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import page, peers, training
from .results import Record, Results, number
from .runner import Job, Options, rows_done, say, version, work
from .tables import Row, read_rows
from .training import LIMIT, Attempt, Sizes

ATTEMPTS = (
    "key",
    "name",
    "seed",
    "origin",
    "shape",
    "degree",
    "parameters",
    "edges",
    "grid",
    "held_out",
    "test",
    "seconds",
    "expected",
)
PEER_KINDS = ("pykan", "mlp", "mlp_large")  # of 10 and 100 times the parameters
PEERS = (
    "pykan_what",
    "pykan_seconds",
    "pykan_commit",
    "mlp_what",
    "mlp_parameters",
    "mlp_seconds",
    "mlp_commit",
    "mlp_large_commit",
)
COLUMNS = (
    "name",
    "shape",
    "parameters",
    "paper_kan",
    "paper_mlp",
    "pykan_same_data",
    "edgewise_best",
    "edgewise_median",
    "mlp_best",
    "mlp_median",
    "mlp_10x",
    "mlp_100x",
    "seconds",
    "samples",
    "grid",
    "note",
    "seeds",
    "shapes",
    "smallest_shape",
    "smallest_rmse",
    "paper_smallest",
    "human_rmse",
    "pruned_rmse",
    "unpruned_rmse",
    "paper_human",
    "paper_pruned",
    "paper_unpruned",
    "commit",
    *PEERS,
)


def rows_of(table: str) -> tuple[Row, ...]:
    """The rows of a table: "special" or "feynman" of the paper, "own" functions, "toy" functions."""
    if table == "toy":
        from .toy_functions.functions import TOYS

        return tuple(toy.row for toy in TOYS)
    return read_rows(table)


def find(table: str, name: str) -> Row:
    """The row of this name."""
    return next(row for row in rows_of(table) if row.name == name)


# What runs in other processes: names, not functions, travel there.


def edgewise_job(table: str, name: str, seed: int, smoke: bool) -> list[Attempt]:
    """Every attempt of one row from one seed."""
    return training.attempts(find(table, name), seed, Sizes.of(smoke))


def mlp_job(
    table: str, name: str, parameters: int, kinds: Sequence[tuple[int, str]], seed: int, smoke: bool
) -> peers.Peer:
    """The MLP of this size on one row from one seed, the best of these kinds."""
    return peers.mlp(find(table, name), parameters, kinds, seed, Sizes.of(smoke))


def pykan_job(table: str, name: str, shape: tuple[int, ...], smoke: bool) -> peers.Peer:
    """pykan on one row with one shape."""
    return peers.pykan(find(table, name), shape, 0, Sizes.of(smoke))


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it is printed.

    >>> shape_text((2, 2, 1))
    '[2,2,1]'
    """
    return f"[{','.join(map(str, shape))}]"


def note(row: Row, best: Attempt) -> str:
    """What a reader of a row should know: multiplication nodes, a degree or a shape that is none of the paper's."""
    remarks = {
        "multiplication nodes": best.products,
        f"degree {best.degree}": best.degree != 3,
        "not a shape of the paper's": bool(row.shapes) and "paper" not in best.origin,
    }
    return "; ".join(text for text, true in remarks.items() if true)


def shape_words(shape: Sequence[training.Width]) -> str:
    """A shape as the protocol shows it, n for the inputs and 2x2 for two products of two.

    >>> shape_words((2, (2, 2), 2, 1))
    '[n,2+2x2,2,1]'
    """
    parts = [str(w) if isinstance(w, int) else f"{w[0]}+{w[1]}x2" if w[0] else f"{w[1]}x2" for w in shape[1:]]
    return f"[n,{','.join(parts)}]"


def edgewise_values(row: Row, runs: Sequence[Sequence[Attempt]], samples: int) -> dict[str, object]:
    """edgewise's columns of a row from the attempts of each seed. In each seed the held-out error chooses the shape."""
    chosen = [training.winner(found) for found in runs]
    best = min(chosen, key=lambda attempt: attempt.test)
    values: dict[str, object] = {
        "name": row.name,
        "shape": best.shape,
        "parameters": best.parameters,
        "paper_kan": row.paper.get("kan"),
        "paper_mlp": row.paper.get("mlp"),
        "edgewise_best": best.test,
        "edgewise_median": statistics.median(attempt.test for attempt in chosen),
        "seconds": statistics.median(sum(attempt.seconds for attempt in found) for found in runs),
        "samples": samples,
        "grid": max(best.grid),
        "note": note(row, best),
        "seeds": len(runs),
        "shapes": " ".join(
            f"{shape}:{times}" for shape, times in Counter(attempt.shape for attempt in chosen).most_common()
        ),
        "paper_smallest": shape_text(row.shapes["minimal"]) if "minimal" in row.shapes else None,
        "commit": version(),
    }
    small = [attempt for found in runs for attempt in found if attempt.origin == "pruned" and attempt.test < LIMIT]
    if small:
        smallest = min(small, key=lambda attempt: (attempt.edges, attempt.test))
        values |= {"smallest_shape": f"{smallest.shape} ({smallest.edges} edges)", "smallest_rmse": smallest.test}
    groups = {
        "human": [
            a for found in runs for a in found if "human" in row.shapes and a.shape == shape_text(row.shapes["human"])
        ],
        "pruned": [a for found in runs for a in found if a.origin == "pruned"],
        "unpruned": [
            training.winner(wide)
            for found in runs
            if (wide := [a for a in found if a.origin == "general" and not a.products])
        ],
    }
    for kind, group in groups.items():
        values[f"paper_{kind}"] = row.paper.get(kind)
        values[f"{kind}_rmse"] = min(a.test for a in group) if group else None
    return values


def peer_values(name: str, found: dict[str, list[peers.Peer]]) -> dict[str, object]:
    """The peers' columns of a row, of those peers that were run."""
    values: dict[str, object] = {"name": name}
    lowest = {kind: min(group, key=lambda peer: peer.test) for kind, group in found.items()}
    if best := lowest.get("mlp"):
        values |= {
            "mlp_best": best.test,
            "mlp_median": statistics.median(peer.test for peer in found["mlp"]),
            "mlp_what": min(found["mlp"], key=lambda peer: np.inf if peer.held_out is None else peer.held_out).what,
            "mlp_parameters": best.parameters,
            "mlp_seconds": statistics.median(peer.seconds for peer in found["mlp"]),
            "mlp_commit": version(),
        }
    if large := {kind: lowest[kind].test for kind in ("mlp_10x", "mlp_100x") if kind in lowest}:
        values |= {**large, "mlp_large_commit": version()}
    if ours := lowest.get("pykan"):
        seconds = statistics.median(peer.seconds for peer in found["pykan"])
        values |= {
            "pykan_same_data": ours.test,
            "pykan_what": ours.what,
            "pykan_seconds": seconds,
            "pykan_commit": version(),
        }
    return values


def run(name: str, table: str, title: str, about: str, options: Options) -> int:
    """Repeat a table: edgewise's columns, the peers' if asked for, and the page of it. 1 where a row failed, else 0."""
    rows = {row.name: row for row in rows_of(table)}
    results = Results(options.out / "result.csv", COLUMNS, list(rows))
    everything = Results(options.out / "attempts.csv", ATTEMPTS)
    names, sizes, done = options.chosen(list(rows)), Sizes.of(options.smoke), 0
    try:
        if options.peers in ("no", "too"):
            jobs = [
                Job(row, edgewise_job, (table, row, seed, options.smoke))
                for row in names
                for seed in range(options.seeds)
            ]
            for row, runs in rows_done(jobs, work(jobs, options.processes, title)):
                values = edgewise_values(rows[row], runs, sizes.samples)
                results.put(values)
                everything.drop("name", row)
                everything.put_all(
                    {
                        **vars(attempt),
                        "grid": max(attempt.grid),
                        "key": f"{row}/{seed}/{place}",
                        "name": row,
                        "seed": seed,
                    }
                    for seed, found in enumerate(runs)
                    for place, attempt in enumerate(found)
                )
                theirs = rows[row].paper.get("kan")
                say(
                    f"{row}: {values['edgewise_best']:.2g}, median {values['edgewise_median']:.2g} with"
                    f" {values['shape']}" + (f"; the paper's KAN {theirs:.2g}" if theirs else "")
                )
                done += 1
        if options.peers != "no":
            done = run_peers(table, title, options, names, results)
    finally:
        if len(results):
            write_page(options.out, name, title, about, results)
    return 0 if done == len(names) else 1


def run_peers(table: str, title: str, options: Options, names: Sequence[str], results: Results) -> int:
    """The peers' columns; how many rows they were found for. MLPs take their size from edgewise's column, the large
    ones their hidden layers and activation from the MLP of equal size, so these must be there first."""
    asked = [options.peers] if options.peers in PEER_KINDS else list(PEER_KINDS)
    if "pykan" in asked and not peers.has_pykan():
        print("pykan is not installed: its column stays as it is", file=sys.stderr)
        asked.remove("pykan")
    done = 0
    for kind in asked:
        jobs = [job for name in names for job in peer_jobs(kind, table, name, options, results.records.get(name, {}))]
        for name, found in rows_done(
            [job for _, job in jobs], work([job for _, job in jobs], options.processes, f"{title}: {kind}")
        ):
            groups: dict[str, list[peers.Peer]] = {}
            for (column, _), peer in zip([pair for pair in jobs if pair[1].row == name], found, strict=True):
                groups.setdefault(column, []).append(peer)
            results.put(peer_values(name, groups))
            done += 1
    return done // max(1, len(asked))


def peer_jobs(kind: str, table: str, name: str, options: Options, record: Record) -> list[tuple[str, Job]]:
    """What is to be run of one kind of peer for one row, each with its column."""
    size, what, smoke = number(record, "parameters"), record.get("mlp_what"), options.smoke
    if kind == "pykan":
        return [
            ("pykan", Job(name, pykan_job, (table, name, shape, smoke)))
            for shape in peers.pykan_shapes(find(table, name))
        ]
    if size is None or (kind == "mlp_large" and not what):
        first = "edgewise's columns are" if size is None else "the MLP of equal size is"
        print(f"{name}: {first} not there yet, so what its peers should be is unknown; run that first", file=sys.stderr)
        return []
    if kind == "mlp":
        return [
            ("mlp", Job(name, mlp_job, (table, name, int(size), peers.KINDS, seed, smoke)))
            for seed in range(options.seeds)
        ]
    kinds, few = [peers.kind_of(str(what))], range(1 if smoke else min(options.seeds, 2))
    jobs = [("mlp_10x", Job(name, mlp_job, (table, name, int(10 * size), kinds, seed, smoke))) for seed in few]
    return [*jobs, ("mlp_100x", Job(name, mlp_job, (table, name, int(100 * size), kinds, 0, smoke)))]


def write_page(folder: Path, name: str, title: str, about: str, results: Results) -> None:
    """README.md and result.png from result.csv."""
    table = page.table(
        results,
        {
            "name": "function",
            "shape": "shape",
            "parameters": "parameters",
            "paper_kan": "paper's KAN",
            "paper_mlp": "paper's MLP",
            "pykan_same_data": "pykan, same data",
            "edgewise_best": "**edgewise, best**",
            "edgewise_median": "edgewise, median",
            "mlp_best": "MLP, best",
            "mlp_median": "MLP, median",
            "mlp_10x": "MLP, 10x",
            "mlp_100x": "MLP, 100x",
            "seconds": "seconds",
            "note": "note",
        },
    )
    small = page.table(
        results,
        {
            "name": "function",
            "smallest_shape": "smallest by `prune`",
            "smallest_rmse": "its error",
            "paper_smallest": "paper's smallest",
            "human_rmse": "human-built",
            "pruned_rmse": "pruned",
            "unpruned_rmse": "unpruned",
            "paper_human": "paper: human-built",
            "paper_pruned": "paper: pruned",
            "paper_unpruned": "paper: unpruned",
        },
    )
    facts = [
        page.ratios(results, "paper_kan", "edgewise_best", "the paper's KAN", 10 if name == "special_functions" else 1),
        page.ratios(results, "paper_kan", "edgewise_median", "the paper's KAN (median of the seeds)", 1),
        page.ratios(results, "paper_mlp", "edgewise_best", "the paper's MLP", 1),
        page.ratios(results, "pykan_same_data", "edgewise_best", "pykan on the same data", 1),
        page.ratios(results, "mlp_best", "edgewise_best", "our MLPs of equal size", 1),
        page.foretold(Results(folder / "attempts.csv", ATTEMPTS)),
    ]
    about_small = template("small.md", sparsities=", ".join(f"{s:g}" for s in training.SPARSITIES), limit=LIMIT)
    protocol = template(
        "protocol.md",
        shapes=", ".join(shape_words(shape) for shape in training.general_shapes(2)),
        train=training.TRAIN,
        test=training.TEST,
        degree=training.DEGREE,
        hidden=" or ".join(map(str, peers.HIDDEN)),
        activations=" or ".join(peers.ACTIVATIONS),
        mlp_steps=peers.STEPS,
        grids=", ".join(map(str, peers.PYKAN_GRIDS)),
        steps=peers.PYKAN_STEPS,
        name=name,
    )
    parts = [
        f"# {title}",
        about,
        "## Result",
        "\n".join(f"- {fact}" for fact in facts if fact),
        "![errors by row](result.png)",
        table,
        "## Small networks",
        about_small,
        small,
        "## Protocol",
        protocol,
    ]
    page.write(folder, parts)
    page.bars(
        folder / "result.png",
        results,
        {
            "paper_mlp": "paper's MLP",
            "paper_kan": "paper's KAN",
            "pykan_same_data": "pykan, same data",
            "mlp_best": "MLP of equal size, our optimizer",
            "edgewise_best": "edgewise",
        },
    )


def template(file: str, /, **values: object) -> str:
    """A text kept beside this file, with these values in it."""
    return (Path(__file__).parent / file).read_text(encoding="utf-8").format(**values)

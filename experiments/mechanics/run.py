"""Laws of mechanics from numbers: conserved quantities, a Lagrangian, an elastic law, equations of motion."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import page
from ..paper import template
from ..results import Results
from ..runner import Job, Options, rows_done, say, version, work
from . import lorenz, systems

COLUMNS = (
    "name", "about", "formulas", "error", "paper", "peer_formulas", "peer_error", "seconds", "peer_seconds", "seeds",
    "commit",
)  # fmt: skip


@dataclass(frozen=True)
class System:
    """about: in words. find: what is found, from a seed. paper: what pykan's notebook reports."""

    about: str
    find: Callable[[int, bool], dict[str, Any]]
    paper: str


SYSTEMS = {
    "oscillator": System(
        "two equal springs at a right angle, 700 states",
        systems.oscillator,
        "three networks, loss 1.6e-3; one formula read off: 2.329 - 1.191 x^2 - 1.191 p^2",
    ),
    "kepler": System("a planet around the sun, 640 states", systems.kepler, "not tried"),
    "lagrangian": System(
        "a relativistic particle on a spring, 800 places, speeds and accelerations",
        systems.lagrangian,
        "1.19 - 1.08 sqrt(1 - v^2), by hand",
    ),
    "stress_11": System(
        "the stress of a neo-Hookean body along an axis, 2000 deformations",
        systems.pressed,
        "exact after symbols were set by hand, 2.9e-11",
    ),
    "stress_12": System("its shear stress", systems.sheared, "6.5e-9"),
    "lorenz": System("Lorenz's equations from a trajectory with noise", lorenz.equations, "not tried"),
}


def job(name: str, seed: int, smoke: bool) -> dict[str, Any]:
    """What is found of a system from one seed."""
    began = time.process_time()
    found = SYSTEMS[name].find(seed, smoke)
    return {**found, "seconds": time.process_time() - began}


def summarise(name: str, found: list[dict[str, Any]]) -> dict[str, object]:
    """The record of a system from its seeds: the formulas of the first, the worst error, the median time."""
    values: dict[str, object] = {"name": name}
    for key in found[0]:
        column = [one[key] for one in found]
        values[key] = column[0] if "formulas" in key else max(column) if "error" in key else statistics.median(column)
    return values


def run(options: Options) -> int:
    """Run every system and write result.csv and the page. 1 where one failed, else 0."""
    names, done = options.chosen(list(SYSTEMS)), 0
    results = Results(options.out / "result.csv", COLUMNS, list(SYSTEMS))
    with_peer = options.peers != "no" and "lorenz" in names and lorenz.has_sindy()
    seeds = range(options.seeds)
    jobs = [] if options.peers == "only" else [Job(n, job, (n, s, options.smoke)) for n in names for s in seeds]
    try:
        for name, found in rows_done(jobs, work(jobs, options.processes, "Systems")):
            more = {"about": SYSTEMS[name].about, "paper": SYSTEMS[name].paper, "seeds": len(found)}
            values = {**summarise(name, list(found)), **more, "commit": version()}
            results.put(values)
            say(f"{name}: {values['formulas']} ({values['error']:.2g})")
            done += 1
        if with_peer:
            results.put(summarise("lorenz", [lorenz.peer(seed) for seed in seeds]))
    finally:
        if len(results):
            write_page(options, results)
    return 0 if done == len(names) or options.peers == "only" else 1


def write_page(options: Options, results: Results) -> None:
    """README.md and result.png."""
    heads = {"name": "system", "error": "error", "paper": "pykan's notebooks", "seconds": "CPU s", "seeds": "seeds"}
    sindy = {
        "name": "equations",
        "error": "edgewise",
        "peer_error": "SINDy",
        "seconds": "CPU s",
        "peer_seconds": "its CPU s",
    }
    about = template(
        "mechanics/about.md",
        systems="\n".join(f"- **{name}**: {one.about}." for name, one in SYSTEMS.items()),
        rows=lorenz.ROWS,
        noise=lorenz.NOISE,
    )
    records = list(results)
    formulas = "\n".join(f"- **{one['name']}**: `{one['formulas']}`" for one in records)
    beside = [one for one in records if one["peer_error"]]
    compared = ["## Beside SINDy", page.table(beside, sindy), *(f"SINDy: `{one['peer_formulas']}`" for one in beside)]
    parts = ["# Laws of mechanics", about, page.table(records, heads), "## What was found", formulas]
    parts += [*(compared if beside else []), "" if options.smoke else "![Lorenz](result.png)"]
    page.write(options.out, [*parts, page.repeat("mechanics", results)])
    if not options.smoke:
        page.save(picture(), options.out / "result.png")


def picture() -> Any:
    """The trajectory that Lorenz's equations are found from, and planets that keep what was found."""
    import numpy as np
    import torch
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2)
    times, states = lorenz.trajectory(0)
    left.plot(states[:, 0], states[:, 2], linewidth=0.6, color="C0")
    left.set(xlabel="x", ylabel="z", title=f"Lorenz: {len(times)} rows, {lorenz.NOISE:.0%} noise")
    place = np.linspace(-1.6, 1.6, 300)
    x, y = np.meshgrid(place, place)
    rows = torch.as_tensor(np.stack([x, y, 0 * x, 0 * x + 0.8], 2).reshape(-1, 4))
    energy, turn = systems.orbit_quantities(rows)[:2]
    shape = (1 + 2 * energy * turn**2).clamp(min=0).sqrt().reshape(x.shape)
    shown = right.contourf(x, y, shape, levels=np.linspace(0, 2, 11), cmap="viridis", extend="max")
    figure.colorbar(shown, ax=right, label="eccentricity")
    right.plot(0, 0, "o", color="gold")
    right.set(xlabel="x", ylabel="y", title="Kepler: which orbit starts here upwards with speed 0.8")
    right.set_aspect("equal")
    figure.tight_layout()
    return figure

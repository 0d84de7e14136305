"""Times of layers and networks: forward, and forward + backward by inputs and parameters, of every contestant in
turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from .case import Case, error
from .clock import Spread, alternate
from .contestants import ALL, Contestant
from .gpu_memory import peaks
from .records import PEAK, Place, Record, record
from .shapes import Shape

NETWORK = "network"  # the part of networks; those of all other parts are layers

FORWARD, BOTH = "forward", "forward + backward"


def measured(
    part: str, shape: Shape, seconds: float, contestants: Sequence[Contestant] = ALL, row: str = ""
) -> Iterator[Record]:
    """The lines of one shape, `seconds` for each measure. A contestant that is missing, fails or computes something
    else gets a note, not a time. row: its name, where it is not that of the shape. On a GPU memory is measured as well;
    on a CPU that takes processes of their own."""
    cases: dict[str, Case] = {}
    errors: dict[str, float] = {}
    own = [contestant for contestant in contestants if maker(contestant, part) is not None]
    on_gpu, row = shape.device != "cpu", row or shape.name
    with each_shape_compiled(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for contestant in own:
            case, found, note = prepared(contestant, part, shape)
            if case is None:
                for measure in (FORWARD, BOTH):
                    place = Place(part, row, measure, "ms")
                    yield record(place, contestant, note=note, error=found, on=shape.device)
            else:
                cases[contestant.name], errors[contestant.name] = case, found or 0.0
        for measure in (FORWARD, BOTH):
            calls: Mapping[str, Any] = {
                name: case.forward if measure == FORWARD else case.both for name, case in cases.items()
            }
            times = alternate(calls, seconds, wait=torch.cuda.synchronize if on_gpu else None)
            for contestant in own:
                if contestant.name in times:
                    spread, case = times[contestant.name].scaled(1e3), cases[contestant.name]
                    place, wrong = Place(part, row, measure, "ms"), errors[contestant.name]
                    yield record(place, contestant, spread, error=wrong, against=case.against, on=shape.device)
        for contestant in own:
            if on_gpu and contestant.name in cases:
                spread = Spread.of(peaks(cases[contestant.name].both))
                yield record(Place(part, row, PEAK, "MB"), contestant, spread, on=shape.device)


def maker(contestant: Contestant, part: str) -> Callable[[Shape], Case] | None:
    """What makes the case of a contestant in a part of the tables; None where it has none."""
    return contestant.network if part == NETWORK else contestant.layer


def prepared(contestant: Contestant, part: str, shape: Shape) -> tuple[Case | None, float | None, str]:
    """The checked case of a contestant and its error, or None and the reason in words."""
    make = maker(contestant, part)
    if contestant.missing or make is None:
        return None, None, contestant.missing
    try:
        case = make(shape)
        found = error(case)
    except Exception as problem:  # whatever a peer trips over here
        return None, None, failure(problem)
    if found > contestant.tolerance:
        return None, found, f"wrong: off by {found:.1e} of the largest value, {contestant.tolerance:.0e} allowed"
    return case, found, ""


def failure(problem: Exception) -> str:
    """Why a contestant does not run here, in one line."""
    text = (str(problem).strip() or type(problem).__name__).splitlines()[0][:120]
    return f"needs CUDA ({text})" if "cuda" in text.lower() else f"fails here: {type(problem).__name__}: {text}"


class each_shape_compiled:
    """Inside, torch.compile makes code for each shape of its own, which favours the contestants that use it; what it
    made before is forgotten."""

    def __enter__(self) -> None:
        torch.compiler.reset()
        self.inside = torch._dynamo.config.patch(automatic_dynamic_shapes=False)
        self.inside.__enter__()

    def __exit__(self, *problem: Any) -> None:
        self.inside.__exit__(*problem)

"""python -m experiments.tabular.one TABLE METHOD FOLD SECONDS: one fit in a process of its own, which ends after so
many seconds of CPU; its figures as JSON."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from .figures import figures
from .methods import METHODS
from .preparing import is_text
from .tables import fold_of, read


def fit_one(table: str, method: str, fold: int) -> dict[str, Any]:
    """Learn from the rows outside a fold and predict those in it: sizes, errors, CPU seconds, peak memory in MB."""
    rows = read(table)
    old, new = fold_of(rows, table, fold)
    METHODS[method].load()
    began = time.process_time()
    predict = METHODS[method].learn(old, new)
    fitted = time.process_time()
    predicted = predict()
    ended = time.process_time()
    return {
        "rows": len(rows),
        "columns": rows.X.shape[1],
        "text": sum(is_text(rows.X[name]) for name in rows.X),
        "missing": float(rows.X.isna().to_numpy().mean()),
        "classes": rows.classes,
        **figures(new.y, predicted),
        "fit_seconds": fitted - began,
        "predict_seconds": ended - fitted,
        "memory": memory(),
    }


def memory() -> float | None:
    """The most memory that this process has held, in MB; None on systems that do not tell.

    On Linux it is read from /proc: the figure of getrusage starts at what the parent of the process held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        held = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii", errors="replace"))
        return int(held[1]) / 2**10 if held else None
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


def end_after(seconds: int) -> None:
    """Let the system end this process after so much CPU time, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


if __name__ == "__main__":
    end_after(int(sys.argv[4]))
    found = fit_one(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps(found))

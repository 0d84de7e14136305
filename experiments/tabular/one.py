"""python -m experiments.tabular.one TABLE METHOD FOLD: one fit in a process of its own; its figures as JSON."""

from __future__ import annotations

import json
import sys
import time
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
    """The most memory that this process has held, in MB; None on systems that do not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, others kilobytes


if __name__ == "__main__":
    found = fit_one(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps(found))

"""The rows of a table, one after the other: jobs, the record that comes of them, the file, the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .results import Results
from .runner import Job, Options, rows_done, say, work

RESULT = "result.csv"


def by_seed(call: Callable[..., Any], options: Options) -> Callable[[str], list[Job]]:
    """The jobs of a row: `call(name, seed, smoke)` for every seed."""
    return lambda name: [Job(name, call, (name, seed, options.smoke)) for seed in range(options.seeds)]


def run_rows(
    options: Options,
    title: str,
    names: Iterable[str],
    columns: Sequence[str],
    jobs_of: Callable[[str], Sequence[Job]],
    record_of: Callable[[str, list[Any]], Mapping[str, Any]],
    told: Callable[[Mapping[str, Any]], str],
    write_page: Callable[[Options, Results], None],
) -> int:
    """Run the rows that are asked for. A row stands in result.csv as soon as its jobs ended; the page is written at the
    end, after Ctrl-C too. 1 where a row failed, else 0.

    Args:
        options: what was asked for on the command line.
        title: of the progress bar.
        names: of all rows, in their order.
        columns: of result.csv; the first one holds the names.
        jobs_of: the jobs of a row.
        record_of: the record of a row, from the results of its jobs in order.
        told: a record in words, for the screen.
        write_page: writes README.md from all records.
    """
    known = list(names)
    chosen, done = options.chosen(known), 0
    results = Results(options.out / RESULT, columns, known)
    jobs = [job for name in chosen for job in jobs_of(name)]
    try:
        for name, found in rows_done(jobs, work(jobs, options.processes, title)):
            record = record_of(name, found)
            results.put(record)
            say(f"{name}: {told(record)}")
            done += 1
    finally:
        if len(results):
            write_page(options, results)
    return 0 if done == len(chosen) else 1

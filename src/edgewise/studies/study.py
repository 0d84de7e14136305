"""study: from a table to a judged network, its formulas and its report."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data import Table, from_arrays, from_dataframe, split
from ..data.frames import as_frame, is_frame
from ..errors import ConfigError, DataError, EdgewiseWarning, knows_keywords, shown
from ..files import as_path, write_whole
from ..insight.effects import Effect
from ..losses import Loss
from ..train.closing import far_columns
from ..train.evidence.shapes import Constraints
from ..train.resuming.journal import Journal
from . import gross_errors, heavy_tails, words
from .baselines import baselines
from .curves import curves
from .findings import Findings
from .folder import write_folder
from .judgement import verdict
from .last_fits import final
from .likely_groups import likely_groups
from .observed import observed
from .papers import page, written
from .readings import as_read, learn, read_as_names
from .scores import Scores, predict, scores, tells_nothing
from .study_settings import StudySettings
from .telling_gaps import telling_gaps
from .trained import Trained
from .tuning import TUNED


@dataclass(frozen=True, eq=False, repr=False)
class Study(Findings):
    """Findings that can be shown: a report, and a run folder as `edgewise fit` writes it."""

    def report(self, path: str | Path) -> None:
        """Write report.html to this path. Raises `FileError` where the system refuses."""
        path = as_path(path)  # before the page is made
        write_whole(path, page(self))

    @knows_keywords
    def effects(self, *, level: float = 0.95) -> tuple[Effect, ...]:
        """The curve of each column that acts by itself, with bands where the network is in closed form.

        Args:
            level (above 0, below 1): of the bands; see `ew.effects`.

        Returns:
            An `Effect` for each column, for `ew.plot_effects`. Where the network is of the logarithm of the mean, they
            are of that.

        Raises:
            ConfigError: a level that cannot be.
        """
        table = observed(self.table, self.settings.loss_of(self.table))
        return curves(self.trained, self.model, table, level)

    def save(self, folder: str | Path, *, force: bool = False) -> dict[str, str]:
        """Write the run folder, as `edgewise fit` does.

        Args:
            folder: a new folder, or with `force` one that an earlier run wrote.
            force: replace an earlier run.

        Returns:
            What could not be made, file name -> why.

        Raises:
            FileError: the folder cannot be written.
        """
        return write_folder(self, as_path(folder), force=force, extra={})


@knows_keywords
def study(
    X: Any,
    y: Any = None,
    *,
    inputs: Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    task: str = "auto",
    hidden: int | Sequence[int] = (5,),
    grids: str | Sequence[int] = "auto",
    sparsity: float = 0.01,
    test: float = 0.2,
    formula: bool = True,
    effort: str = "default",
    interactions: int | str = "auto",
    loss: str | Loss = "auto",
    constraints: Constraints | None = None,
    seed: int = 0,
    progress: bool = True,
    source: str = "",
    resume: str | Path | None = None,
    drop: str | Sequence[str] = (),
    groups: Any = None,
) -> Study:
    """Take a table to a judged network: fit, prune, fit again, closed forms, baselines.

    First comes a network in closed form: functions of single inputs, and products for pairs that act together. Hidden
    layers are tried where that leaves more than noise, or where a formula may be simpler with them.
    One split judges the whole chain. The rows that judge are no part of any stage, and nor are copies of them. Other
    rows choose between stages, and stop no fit. At the very end all rows come back: `model` is fitted to them, `scores`
    and `formulas` stay those of before.

    Args:
        X: a `Table`, a DataFrame with the column `target`, or inputs (n, d) as an array, a tensor or a frame. Numbers
            that name things, such as firms, may become levels: `table` of the result has the inputs of the network.
        y (n,), (n, k) or class labels (n,): the targets, where X holds only inputs.
        inputs: names of the inputs, where X has none of its own; of a DataFrame, the columns to use.
        target: the column, or columns, of a DataFrame to predict; a name for y otherwise.
        task: "auto" (classification for text and truth values), "regression" or "classification".
        hidden: nodes per hidden layer; () for none, which leaves a sum of functions of one input or two.
        grids: intervals per stage, such as (3, 6, 12), or "auto".
        sparsity: pull towards few edges in the first fit; 0 leaves pruning out.
        test: part of the rows that only judge.
        formula: whether closed forms, or a law, are looked for; not under Huber, absolute, quantile, Student t losses.
        effort: "quick" for the closed form alone; "default"; or "thorough": hidden layers in any case, more starts.
        interactions: most products of the functions of two inputs; "auto" for as many as the data ask for, 0 for none.
        loss: of numbers, by name or as an object such as `ew.losses.Quantile(0.9)`. It fits every stage, chooses and
            scores; baselines have it where scikit-learn does. "auto" is squares. Where errors grow with the mean, a
            network of its logarithm is then kept if it predicts better.
        constraints: what the function of an input is held to, as `ew.fit` takes it: {"age": "increasing", "dose":
            ("increasing", "concave")}. Hidden layers are not tried then. Closed forms must keep it as well.
        seed: of the splits, the start and all else. The same seed gives the same result.
        progress: show a bar.
        source: where the table came from, for the report.
        resume: a file for the state of the study, renewed every minute and deleted at the end. Where it is there
            already, the study goes on from it, and ends with the same bits as one that was never stopped.
        drop: columns to leave out; "rows" leaves out faulty or incomplete rows, "targetless" those without a target.
        groups: a column of the DataFrame, or a label for each row (n,), such as the patient. Whole groups judge and
            choose. Fits in closed form give each an offset, under squares. The column is no input.

    Returns:
        A `Study`.

    Raises:
        ConfigError: settings that cannot be used, all in one message.
        DataError, ShapeError: a table that cannot be used.
        CheckpointError: `resume` is damaged, or of a study of another table or with other settings.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(100, 1, dtype=torch.float64)
    >>> found = ew.study(X, 3 * X[:, 0] + 1, hidden=(), formula=False, progress=False)
    >>> found.scores["this network"]["r2"] > 0.999
    True
    """
    how: dict[str, Any] = {"sparsity": sparsity, "test": test, "seed": seed, "formula": formula, "effort": effort}
    settings = StudySettings.of(hidden, grids, interactions=interactions, loss=loss, constraints=constraints, **how)
    table = as_table(X, y, inputs=inputs, target=target, task=task, drop=drop, groups=groups)
    journal = None if resume is None else Journal(resume)
    found = study_table(table, settings, progress=progress, source=source, journal=journal)
    if journal is not None and not found.interrupted:
        journal.remove()
    return found


def as_table(
    X: Any, y: Any, *, inputs: Any, target: Any, task: str, drop: str | Sequence[str] = (), groups: Any = None
) -> Table:
    """What `study` was given, as a table."""
    if isinstance(X, str | Path):
        raise DataError(f"X is the path {shown(str(X))}; read the file: study(ew.read_csv(path, target='column'))")
    if isinstance(X, Table):
        if any(part is not None for part in (y, inputs, target, groups, drop or None)):
            raise ConfigError("a Table has its own columns; leave y, inputs, target, drop and groups out")
        return X
    X = as_frame(X)
    if y is None:
        if target is None or not is_frame(X):
            raise DataError("y is missing: give study(X, y), or study(frame, target='column')")
        return from_dataframe(X, target, features=inputs, drop=drop, task=task, groups=groups)
    if isinstance(y, str):
        remedy = f"to name a column of the frame, write target={shown(y)}" if is_frame(X) else "give one target a row"
        raise DataError(f"y is the text {shown(y)}, wanted the targets themselves; {remedy}")
    outputs = [target] if isinstance(target, str) else target
    if isinstance(groups, str):
        raise DataError(f"groups is {shown(groups)}, wanted a label for each row of X, since y stands apart")
    return from_arrays(X, y, inputs=inputs, outputs=outputs, drop=drop, task=task, groups=groups)


def study_table(
    table: Table, settings: StudySettings, *, progress: bool, source: str = "", journal: Journal | None = None
) -> Study:
    """The study of a table under these settings; `journal` keeps its state. Raises `DataError` for too few rows, and
    `ConfigError` for a source that is no text."""
    began = time.perf_counter()
    if not isinstance(source, str):
        raise ConfigError(f"source must be text, got {shown(source)}")
    if len(table) < TUNED.fewest:
        where = source or "the table"
        raise DataError(
            f"{where} has {len(table)} usable rows; a study that lets some of them judge needs at least {TUNED.fewest}"
        )
    if table.weight is not None:
        raise DataError("a study judges all rows alike; leave the weights out, or use ew.KANRegressor or KANClassifier")
    settings, loss = settings.on(table), settings.loss_of(table)
    seen = observed(table, loss)
    told, table = seen.notes[len(table.notes) :], replace(table, notes=seen.notes)
    rest, held = split(table, settings.test, settings.seed)
    trained, reading = learn(observed(rest, loss), settings, progress, journal)
    if names := read_as_names(rest, reading):
        told = (*told, words.are_names(names, table.texts, table.groups is None))
        table = replace(table, notes=(*table.notes, told[-1]))
        table, seen, rest, held = (as_read(part, reading) for part in (table, seen, rest, held))
    unaware = rest if trained.limits is None else None  # of gross errors, when it was fitted
    trained = gross_errors.with_errors_of(trained, table, settings)
    told = (*told, *gross_errors.told(trained, table, unaware))
    if table.groups is None and (shared := likely_groups(table))[1]:
        told = (*told, words.may_be_groups(*shared))
    if gaps := telling_gaps(table):
        told = (*told, words.gaps_tell(gaps, ", ".join(table.outputs)))
    if trained.closed.failure:
        warnings.warn(EdgewiseWarning(f"{trained.closed.message}\n{trained.closed.failure}"), stacklevel=2)
    network = scores(held, predict(trained.model, held), loss)
    found: dict[str, Scores | str] = {"this network": network, **before(trained, held, loss)}
    good = rejected = None
    unwritten = "not written down: interrupted" if settings.formula else ""
    rivals: dict[str, Scores | str] = {}
    last = trained.model
    try:
        if settings.formula:
            good, rejected, unwritten = written(trained, held, loss)
        rivals = baselines(rest, held, settings.seed, loss)
        last = final(trained, seen, progress, journal)
        told = (*told, *heavy_tails.told(trained, rest, settings))
    except KeyboardInterrupt:  # what there is is kept
        trained = replace(trained, interrupted=True)
    if not last.used_inputs and trained.model.used_inputs:
        told = (*told, words.all_rows_say_nothing(", ".join(table.outputs)))
    forms = ""
    if good is not None and trained.model.active_edges() and tells_nothing(trained.model, rest, held, loss):
        good = None
        unwritten = "not written down: on rows that it has not seen, the network is no better than a constant"
        forms = f" The formula is {unwritten}."
    elif good is not None and trained.closed.model is not None:
        found = {"this network": network, "formula": good.scores, **found}
    found |= rivals
    if settings.formula:
        forms = words.closed(trained.closed.message, table.task, found) + forms
    return Study(
        table=table,
        rest=rest,
        held=held,
        settings=settings,
        model=last,
        judged=trained.model,
        trained=trained,
        scores=found,
        formula=good,
        rejected=rejected,
        unwritten=unwritten,
        verdict=verdict(trained, rest, held, loss, network, rivals, told),
        forms=forms,
        seconds=time.perf_counter() - began,
        source=source,
    )


def before(trained: Trained, held: Table, loss: Loss) -> dict[str, Scores | str]:
    """Scores of the networks that the one kept came from: before its closed forms, and before pruning."""
    found: dict[str, Scores | str] = {}
    if trained.closed.model is not None:
        found["network before closed forms"] = scores(held, predict(trained.splines, held), loss)
    if trained.splines.active_edges() != trained.first.active_edges():
        found["network before pruning"] = scores(held, predict(trained.first, held), loss)
    found |= {name: scores(held, predict(model, held), loss) for name, model in trained.beside.items()}
    return found


def opening(table: Table, settings: StudySettings, source: str) -> list[str]:
    """What is said before a study begins: the table, remarks on it, and how many rows judge."""
    count = f"{len(table.inputs)} {'input' if len(table.inputs) == 1 else 'inputs'}"
    judging = split(table, settings.test, settings.seed)[1]
    held, whole = len(judging), "" if judging.groups is None else f" of {len(judging.groups.unique())} whole groups"
    notes = observed(table, settings.loss_of(table)).notes
    return [
        f"{source}: {len(table)} rows, {count}, {table.task} of {', '.join(table.outputs)}",
        *(f"note: {note}" for note in (*notes, *far_columns(table.X, table.inputs))),
        (
            f"fitting on {len(table) - held} rows; {held} rows{whole} (drawn with seed {settings.seed}) are held out to"
            " judge the result"
        ),
    ]

"""The network that is chosen for a table, and how it reads the columns: numbers that name things may be levels, and
rare texts a level each."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..data import Table, encoded_like, read_as_levels
from ..errors import ConfigError, TrainingError, twice
from ..losses import Loss
from ..train.evidence.by_evidence import Again
from ..train.resuming.journal import Journal, Part
from .beginnings import parts
from .by_log import unseen
from .choosing import mean_over
from .closed_forms import skipped
from .gross_errors import with_limits, without_gross_errors
from .last_fits import completed
from .number_names import numbers_as_names
from .scores import row_losses
from .stages import chosen_network
from .study_settings import StudySettings
from .text_names import texts_as_names
from .trained import Trained
from .tuning import TUNED


def learn(
    rest: Table, settings: StudySettings, progress: bool, journal: Journal | None = None
) -> tuple[Trained, Table]:
    """All stages on `rest`, a part of which only chooses, and the rows as the network reads them. Ctrl-C keeps what
    there is. `journal`: keeps the state."""
    trained, reading = chosen_reading(rest, settings, progress, journal)
    return completed(trained, reading, settings, progress), reading


def chosen_reading(
    rest: Table, settings: StudySettings, progress: bool, journal: Journal | None = None
) -> tuple[Trained, Table]:
    """The stages up to the choice of a network, and the rows as it reads them. Where columns may hold names, all stages
    are done with a level for each as well, and rows that were not fitted say which is better."""
    trained = chosen_network(rest, settings, progress, journal)
    if trained.interrupted:
        return trained, rest
    try:
        without = without_gross_errors(trained, rest, settings, progress, journal and journal.part("errors"))
        trained, rest = without or (trained, rest)
        named = _by_name(trained, rest, settings, progress, journal and journal.part("levels"))
    except (TrainingError, ConfigError):  # levels are too many for it, or a part of the rows cannot be fitted
        named = None
    except KeyboardInterrupt:  # outside fit, which catches its own: what there is is kept
        return replace(trained, interrupted=True, closed=skipped("the fit was interrupted")), rest
    if named is None:
        return trained, rest
    return named if trained.limits is None else (with_limits(*named), named[1])


def _by_name(
    trained: Trained, rest: Table, settings: StudySettings, progress: bool, journal: Part | None
) -> tuple[Trained, Table] | None:
    """The same by levels, where columns may hold names and this is better by `TUNED.levels_worth`, or as good with few
    levels. Raises `KeyboardInterrupt`, and what fits raise."""
    if not TUNED.fewest_choosing <= len(rest) <= TUNED.levels_rows:
        return None
    training, choosing = parts(rest, settings.seed)
    texts = texts_as_names(training)
    if not (names := _free((*numbers_as_names(training), *texts), settings)):
        return None
    named = read_as_levels(rest, names)
    if twice(named.inputs):
        return None
    other = chosen_network(named, settings, progress, journal)
    if other.interrupted:
        raise KeyboardInterrupt
    loss = settings.loss_of(rest)
    if len(rest) > TUNED.readings_in_turn or trained.chosen.ending is None or other.chosen.ending is None:
        also = parts(named, settings.seed)[1]
        if choosing is None or also is None or choosing.count < TUNED.fewest_choosing or not _same(choosing, also):
            return None
        by_number = mean_over(row_losses(trained.model, choosing, loss), choosing)
        by_name = mean_over(row_losses(other.model, also, loss), also)
    else:
        by_number, by_name = _unseen(trained, rest, loss), _unseen(other, named, loss)
    few = not texts and len(named.inputs) - len(rest.inputs) <= TUNED.levels_followed
    return (other, named) if (TUNED.levels_as_good if few else TUNED.levels_worth) * by_name < by_number else None


def _unseen(trained: Trained, rows: Table, loss: Loss) -> float:
    """The loss in each fifth of the rows, by the same structure fitted to the others."""
    chosen = trained.chosen
    if isinstance(chosen.ending, Again):
        chosen = replace(chosen, ending=replace(chosen.ending, parts=False))  # one fit for each fifth
    return mean_over(unseen(chosen, rows, loss), rows)


def as_read(table: Table, rest: Table) -> Table:
    """The rows of a table with its columns read as those of `rest` are, which are a part of it."""
    return table if table.inputs == rest.inputs else encoded_like(table, rest)


def read_as_names(table: Table, rest: Table) -> tuple[str, ...]:
    """The columns of a table that `rest` reads as names."""
    return tuple(name for name, levels in rest.categories.items() if table.categories.get(name) != levels)


def _free(names: tuple[str, ...], settings: StudySettings) -> tuple[str, ...]:
    """Those of these columns that nothing is asked of. Positions of inputs would move, so none where these are used."""
    asked = settings.held
    return tuple(name for name in names if name not in asked and all(isinstance(key, str) for key in asked))


def _same(one: Table, other: Table) -> bool:
    """Whether these are the same rows: copies stay on one side of a split, and rare levels may make copies."""
    return len(one) == len(other) and torch.equal(one.y, other.y)

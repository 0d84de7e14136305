"""From a table to a network for all of its rows, where somebody else judges: a cross-validation, say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..data import Table
from ..model import KAN
from .last_fits import completed, final
from .observed import observed
from .readings import as_read, chosen_reading
from .stages import chosen_network
from .study_settings import StudySettings
from .trained import Trained


@dataclass(frozen=True, eq=False, repr=False)
class Learned:
    """A network fitted to all rows of a table, some of which chose between stages before; none judges it.

    table: the observations, copies of a row as one, as the network reads them; fitted: those of them that are no gross
    errors. trained: every stage, before all rows came back. model: what came of it.
    """

    table: Table
    fitted: Table
    settings: StudySettings
    trained: Trained
    model: KAN

    def __repr__(self) -> str:
        return f"Learned({self.table}: {self.model})"


def learn_all(table: Table, settings: StudySettings, progress: bool = False) -> Learned:
    """All stages of a study, then the last fit to all rows. No row judges, so the caller must.

    Raises:
        DataError, ShapeError, ConfigError: as `study` does.
        KeyboardInterrupt: by Ctrl-C. Half a network would go unnoticed among the many of a cross-validation.
    """
    settings = settings.on(table)
    table = observed(table, settings.loss_of(table))
    trained, fitted = chosen_reading(table, settings, progress)
    return _learned(trained, as_read(table, fitted), fitted, settings, progress)


def learn_as_read(table: Table, settings: StudySettings, progress: bool = False) -> Learned:
    """The same with the inputs of this table: no column of numbers is read as levels. Raises as `learn_all` does."""
    settings = settings.on(table)
    table = observed(table, settings.loss_of(table))
    return _learned(chosen_network(table, settings, progress), table, table, settings, progress)


def _learned(trained: Trained, table: Table, fitted: Table, settings: StudySettings, progress: bool) -> Learned:
    """What is left to do for a network that was chosen."""
    if settings.formula:  # else only the last fit needs to be a mean over parts of the rows
        trained = completed(trained, fitted, settings, progress)
    if trained.interrupted:
        raise KeyboardInterrupt
    model = final(trained, table, progress)
    light = replace(trained, chosen=replace(trained.chosen, seen=None))  # which holds the rows once more
    return Learned(table, fitted, settings, light, model)


def closed(learned: Learned, progress: bool = False) -> KAN:
    """The network after the search for closed forms, which `settings.formula` says was left out; where none is as good
    as its splines, the network as it is."""
    table, settings = learned.table, replace(learned.settings, formula=True)
    trained = completed(learned.trained, learned.fitted, settings, progress)
    return learned.model if trained.closed.model is None else final(trained, table, progress)

"""Differential equations: a network that satisfies one, with its boundary, initial and measured values."""

from __future__ import annotations

from .ansatz import Ansatz as Ansatz
from .conditions import Data as Data
from .conditions import Dirichlet as Dirichlet
from .conditions import Initial as Initial
from .conditions import Neumann as Neumann
from .conditions import Periodic as Periodic
from .conditions import Robin as Robin
from .constrained import constrained as constrained
from .field import Unknown as Unknown
from .interface import Interface as Interface
from .polynomial_in_time import polynomial_in_time as polynomial_in_time
from .regions import Disc as Disc
from .regions import Polygon as Polygon
from .solution import Solution as Solution
from .solve import solve as solve
from .time_slabs import TimeSlabs as TimeSlabs

__all__ = [
    "Ansatz",
    "Data",
    "Dirichlet",
    "Disc",
    "Initial",
    "Interface",
    "Neumann",
    "Periodic",
    "Polygon",
    "Robin",
    "Solution",
    "TimeSlabs",
    "Unknown",
    "constrained",
    "polynomial_in_time",
    "solve",
]

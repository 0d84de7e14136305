"""From edge functions to formulas: rank closed forms, put them on edges, write the network down."""

from __future__ import annotations

from .constants import Constant, constants
from .formula import FormulaError, edge_functions, evaluate, formula, formula_error
from .rank import FittedForm, order, rank, rank_many
from .suggest import Suggestions, suggest
from .symbolify import budget_spent, symbolify

__all__ = [
    "FittedForm",
    "Constant",
    "FormulaError",
    "Suggestions",
    "budget_spent",
    "constants",
    "edge_functions",
    "evaluate",
    "formula",
    "formula_error",
    "order",
    "rank",
    "rank_many",
    "suggest",
    "symbolify",
]

"""The numbers that steer the search for closed forms: each with its unit, its meaning, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SymbolicTuning:
    """All of them. A field without a measurement says so."""

    # ------------------------------------------------------------------ budget (work.py), units of about a millisecond

    # units a search may spend. TODO
    budget: float = 45_000.0
    # share of the budget after which combinations are no longer tried, so that single edges can be
    search_share: float = 0.6
    # share after which no edge is replaced any more, so that what was found can be cleaned and rounded
    edges_share: float = 0.9

    formula_stage: float = 0.2
    formula_term: float = 0.025
    formula_entry: float = 2.3e-5
    network_layer: float = 0.13
    network_edge: float = 1.1e-4
    network_product: float = 1.4e-6
    network_form: float = 0.26
    network_solve: float = 8.8e-9
    rank_call: float = 18.0
    rank_form: float = 0.74
    rank_sample: float = 3.4e-4
    rank_row: float = 1e-4

    polish_points: int = 1024


TUNED = SymbolicTuning()

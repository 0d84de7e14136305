"""From edge functions to formulas."""

from __future__ import annotations

from .rank import Candidate, order, rank, rank_many

__all__ = ["Candidate", "order", "rank", "rank_many"]

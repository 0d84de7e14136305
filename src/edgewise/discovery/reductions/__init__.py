"""Fewer columns: a state of the search, its surrogate, and the steps to a state with fewer columns."""

"""Formulas that rows propose: products, sums, quotients, and shapes of one column, each kind searched at once."""

"""Differential equations solved by networks."""

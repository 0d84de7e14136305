"""Mobility edges of quasiperiodic chains, as formulas (section 4.4 of the paper)."""

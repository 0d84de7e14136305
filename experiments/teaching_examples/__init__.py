"""The formulas of pykan's teaching examples, each in one call."""

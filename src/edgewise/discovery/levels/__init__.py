"""One law for several groups of rows, such as materials: its form, and which constants are common to all."""

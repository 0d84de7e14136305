"""Whether a formula is a law: what it leaves of rows that neither fitted nor chose it, its figures, and the front."""

"""The signature of knots from their geometry (section 4.3 of the paper)."""

"""Functions of our own choosing, so that the rows of the paper are not all that was tuned for."""

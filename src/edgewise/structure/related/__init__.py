"""Which columns of a table are tied to one another: explicit and implicit relations, and the columns that are free."""

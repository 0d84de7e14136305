"""All relations among the columns of a table, found without a target."""

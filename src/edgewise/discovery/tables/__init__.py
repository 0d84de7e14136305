"""What is given: rows, checked once and split into those that fit, choose and judge, and the units of their columns."""

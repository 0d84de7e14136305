"""Table 1 of the paper: 15 special functions of two variables."""

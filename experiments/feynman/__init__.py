"""Table 2 of the paper: 27 equations of the Feynman lectures in dimensionless form."""

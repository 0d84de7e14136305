"""Section 3.1 of the paper: how the error of five known compositions falls with the grid."""

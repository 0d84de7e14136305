"""One file for each case of `fit`."""

"""From a proposal to a formula: constants by least squares, then simple numbers in their place, and fewer terms."""

"""Linear algebra on columns of numbers: polynomials of them, the best sums of few, null vectors in fractions."""

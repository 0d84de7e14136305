"""A function as a sum, a product or a function of a sum, of parts that share no columns."""

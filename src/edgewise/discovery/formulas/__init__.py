"""What a formula is: a tree, what it costs in bits, its name for every column, and equal ways to write it."""

"""A few KAN edges in an MLP, and MLP blocks in a KAN, beside both."""

"""KANs beside MLPs, from the tables of the other experiments."""

"""The Kolmogorov-Arnold theorem at work."""

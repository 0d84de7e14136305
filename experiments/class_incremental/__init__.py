"""Digits shown two classes at a time: a KAN head with an exact memory beside perceptrons."""

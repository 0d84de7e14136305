"""KAN edges in the feed-forward part of a small transformer that reads characters, beside multilayer perceptrons."""

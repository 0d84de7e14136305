"""Networks as scikit-learn's estimators: they take arrays, ask `studies` for a network, and answer in arrays."""

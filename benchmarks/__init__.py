"""Speed against the peers, in one run: `python -m benchmarks` (from a checkout)."""

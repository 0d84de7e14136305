"""Tables without a law: how often one is claimed."""

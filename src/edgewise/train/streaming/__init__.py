"""Modules that are trained on rows which come in blocks and are not kept."""

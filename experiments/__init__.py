"""Tables and figures of the KAN paper (arXiv 2404.19756), repeated with edgewise's public functions: `python -m
experiments NAME`."""

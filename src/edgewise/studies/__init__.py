"""From a table to a judged network: one honest workflow, from Python and from the command line."""

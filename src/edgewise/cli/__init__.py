"""The command `edgewise`: one file per subcommand."""

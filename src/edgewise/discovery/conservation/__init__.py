"""What stays the same along every path: `ew.conserved`."""

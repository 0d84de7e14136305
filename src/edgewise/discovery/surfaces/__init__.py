"""The surface between two classes as a formula: `ew.boundary`."""

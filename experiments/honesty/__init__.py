"""Whether the errors that edgewise tells of itself are those that new rows have."""

"""From a table to a law: the search behind `ew.discover`. The room has another name than its verb, since a module
`edgewise.discover` would hide the function."""

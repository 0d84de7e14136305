"""The parts of the page, one file each: what a part shows, as plain data, and the function that reads it off a
`Subject`. The template of the same name lays it out, and `pictures` draws its charts."""

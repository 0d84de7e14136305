"""What is tried in which order, what is told on the way, and when it may end."""

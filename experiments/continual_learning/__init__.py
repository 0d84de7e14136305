"""What a network still knows after it was shown a function part by part."""

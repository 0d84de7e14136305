"""KAN edges beside multilayer perceptrons on small images, at equal parameters and equal CPU seconds."""

"""Whether a fine grid overfits: errors over the grid size on few noisy points."""

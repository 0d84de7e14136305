"""What each choice of edgewise is worth: base, degree, number format, initialisation, optimizer, penalty."""

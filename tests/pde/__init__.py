"""The tests of `edgewise.pde`."""

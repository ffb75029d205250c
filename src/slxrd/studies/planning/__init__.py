"""Expected uncertainties before a measurement."""

"""Systematic effects that the model of a fit does not contain, and their part in the errors."""

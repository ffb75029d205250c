"""Calculated intensity of a stack on an instrument, with derivatives."""

"""Intensity of a superlattice in any direction of reciprocal space."""

"""Rings of an image: found above the background, fitted over q and azimuth, and given planes of a lattice."""

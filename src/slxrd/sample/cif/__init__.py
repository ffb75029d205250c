"""Crystals from CIF files."""

"""Crystals and ligands by name."""

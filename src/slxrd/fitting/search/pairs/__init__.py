"""Stacks of two alternating crystals."""

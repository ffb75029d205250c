"""Decompose a region into a sum of peaks."""

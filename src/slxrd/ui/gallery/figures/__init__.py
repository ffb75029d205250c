"""Plots of the gallery."""

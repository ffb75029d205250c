"""Smooth factors and backgrounds, which differ from region to region."""

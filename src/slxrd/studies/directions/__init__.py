"""Fit of cuts in several directions of reciprocal space together."""

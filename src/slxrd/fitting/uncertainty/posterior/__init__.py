"""Samples of the posterior."""

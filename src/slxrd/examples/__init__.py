"""Patterns that come with slxrd, and how to fit them."""

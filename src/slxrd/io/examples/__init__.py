"""Patterns that come with slxrd: data only; slxrd.fitting.examples describes them."""

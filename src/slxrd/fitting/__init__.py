"""From a pattern to a fit."""

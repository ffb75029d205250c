"""Measure resolution and zero error with a standard."""

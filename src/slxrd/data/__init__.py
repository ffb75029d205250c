"""Measured data: patterns, corrections, backgrounds, peaks, regions."""

"""Helpers shared by the file formats."""

"""Formats of Rigaku."""

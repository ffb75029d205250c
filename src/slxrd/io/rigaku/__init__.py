"""Rigaku formats."""

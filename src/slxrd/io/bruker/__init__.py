"""Bruker and Siemens formats."""

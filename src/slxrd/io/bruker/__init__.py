"""Formats of Bruker and Siemens."""

"""Read measured diffractograms: one module for each file format, recognised by content."""

from slxrd.io.registry import read

__all__ = ["read"]

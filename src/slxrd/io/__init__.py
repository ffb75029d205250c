"""Files in, patterns out: one module a format, recognised by content."""

from slxrd.io.registry import read

__all__ = ["read"]

"""The version of slxrd."""

from __future__ import annotations

__version__ = "0.1.0"

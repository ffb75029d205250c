"""Whether a set of chains can be trusted: autocorrelation, agreement of walkers and of halves."""

from __future__ import annotations

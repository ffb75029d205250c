"""Fits of the packaged examples that several files of tests look at: each is made once in a process."""

from functools import cache

import slxrd


@cache
def example_fit(name: str) -> slxrd.Fit:
    """Return the fit of an example with its own options; it must not be changed."""
    return slxrd.example(name).fit()

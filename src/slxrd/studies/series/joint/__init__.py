"""Joint fit of a series."""

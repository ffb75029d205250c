"""Several models fitted to the same pattern."""

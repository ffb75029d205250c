"""The stack formulas compiled by numba."""

"""The stack formulas in NumPy."""

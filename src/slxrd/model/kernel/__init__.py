"""Kernels of the stack formula: ``reference`` in NumPy and ``native`` in C, which must agree."""

"""Kernels of the stack formula: ``reference`` in NumPy and ``compiled`` by numba, which must agree."""

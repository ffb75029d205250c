"""The stack formula on plain arrays: ``readable`` in NumPy, ``compiled`` in numba; each tests the other."""

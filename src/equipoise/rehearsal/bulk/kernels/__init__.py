"""Compiled kernels. Importing this package loads Numba, so whoever needs none of them does not import it.

A file calls no kernel of another file: Numba compiles anew when a kernel's own file has changed, and would go on using
what it compiled of a kernel elsewhere.
"""

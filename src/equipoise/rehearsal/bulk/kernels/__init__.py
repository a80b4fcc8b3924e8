"""Compiled kernels. Importing this package loads Numba, so whoever needs none of them does not import it.

Kernels are compiled from what stands in this folder, and import nothing of Equipoise from elsewhere: what was compiled
is kept under a digest of this folder's sources (`compiling.kernel`).
"""

"""Numba kernels: `backend("auto" | "cpu" | "cuda")` gives the twin to use.

A leaf: imports numpy and numba alone, and knows nothing of the rest of the project.
"""

if __name__ != "tensionbgm.kernels":
    raise ImportError("this folder is imported as `tensionbgm.kernels`; run `make dev` once")

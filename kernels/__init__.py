"""Numba kernels, for the search and for tonal tension: `backend("auto" | "cpu" | "cuda")` gives the twin.

A leaf: imports numpy and numba alone, and knows nothing of the rest of the project.
"""

if __name__ != "tensionbgm.kernels":
    raise ImportError("this folder is imported as `tensionbgm.kernels`; run `make dev` once")

import importlib
import os
from types import ModuleType

ENOUGH_CHAINS = 256  # fewer leave most of a device idle: the processor is then faster
PREFIX = {"search": "", "ribbons": "ribbon_"}  # of the twins' files


def cuda_answers() -> bool:
    """Whether a CUDA device (or numba's simulator of one) can be used."""
    from numba import cuda

    try:
        return bool(cuda.is_available())
    except Exception:  # a broken driver shows itself in many ways; none of them is a device
        return False


def backend(name: str = "auto", chains: int = 1, what: str = "search") -> ModuleType:
    """The twin to compute with: `tensionbgm.kernels.cpu` or `.cuda`, or `.ribbon_cpu` or `.ribbon_cuda`.

    Parameters
    ----------
    name : str
        auto | cpu | cuda; auto takes a real CUDA device if there are chains enough to fill it
    chains : int
        how many chains, or candidates, are to run side by side
    what : str
        search (pitches by annealing) | ribbons (tonal tension)

    Raises
    ------
    RuntimeError
        "cuda" was asked for and no device answers
    ValueError
        an unknown name, or no such kernels
    """
    if what not in PREFIX:
        raise ValueError(f"no kernels for {what!r}; take search or ribbons")
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"no backend {name!r}; take auto, cpu or cuda")
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    if name == "auto":
        name = "cuda" if chains >= ENOUGH_CHAINS and not simulated and cuda_answers() else "cpu"
    if name == "cuda" and not cuda_answers():
        raise RuntimeError("no CUDA device answers; check the driver, or take the cpu")
    return importlib.import_module(f"{__name__}.{PREFIX[what]}{name}")

"""Numba kernels: `backend("auto" | "cpu" | "cuda")` gives the twin to use.

A leaf: imports numpy and numba alone, and knows nothing of the rest of the project.
"""

if __name__ != "tensionbgm.kernels":
    raise ImportError("this folder is imported as `tensionbgm.kernels`; run `make dev` once")

import importlib
import os
from types import ModuleType

ENOUGH_CHAINS = 256  # fewer leave most of a device idle: the processor is then faster


def cuda_answers() -> bool:
    """Whether a CUDA device (or numba's simulator of one) can be used."""
    from numba import cuda

    try:
        return bool(cuda.is_available())
    except Exception:  # a broken driver shows itself in many ways; none of them is a device
        return False


def backend(name: str = "auto", chains: int = 1) -> ModuleType:
    """The twin to search with: `tensionbgm.kernels.cpu` or `.cuda`.

    Parameters
    ----------
    name : str
        auto | cpu | cuda; auto takes a real CUDA device if there are chains enough to fill it
    chains : int
        how many chains are to run side by side

    Raises
    ------
    RuntimeError
        "cuda" was asked for and no device answers
    ValueError
        an unknown name
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"no backend {name!r}; take auto, cpu or cuda")
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    if name == "auto":
        name = "cuda" if chains >= ENOUGH_CHAINS and not simulated and cuda_answers() else "cpu"
    if name == "cuda" and not cuda_answers():
        raise RuntimeError("no CUDA device answers; check the driver, or search on the cpu")
    return importlib.import_module(f"{__name__}.{name}")

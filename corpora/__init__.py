"""Statistics derived from real music, and the recipes that make them."""

if __name__ != "tensionbgm.corpora":
    raise ImportError("this folder is imported as `tensionbgm.corpora`; run `make dev` once")

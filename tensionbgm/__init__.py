"""Music for a locked video: `score(video)` and the nouns it is made of."""

from tensionbgm.version import VERSION as __version__

__all__ = ["__version__"]

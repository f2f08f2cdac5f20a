"""What all tests share: the folder of helpers on the import path, and no clock beside any test."""

import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
# Speed is measured in benchmarks alone.  In CI the examples are the same on every run: what fails there
# fails here too, with CI=true.
settings.register_profile("untimed", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("untimed")

"""Settings of all tests: seeds vary between runs, and a failure can be replayed."""

import os

from hypothesis import settings

# A failing example is printed with `@reproduce_failure`; `--hypothesis-seed` replays
# a whole run.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2000)
# The same commit must give the same answer where it decides on a landing.
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

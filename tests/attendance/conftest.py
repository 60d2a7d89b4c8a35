"""Fixtures of the product's tests."""

from hypothesis import settings

settings.register_profile("attendance", deadline=None)  # the first example of a test may load SciPy
settings.load_profile("attendance")

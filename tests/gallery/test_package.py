"""The package's surface: exact, and cheap to import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gallery
from gallery import errors
from refusal import members

ROOT = Path(__file__).resolve().parents[2]


def test_every_public_name_is_there():
    """Each name of __all__ can be had, and every lazy name is in __all__."""
    assert sorted(gallery.__all__) == sorted(gallery._HOME_OF)
    assert all(getattr(gallery, name) is not None for name in gallery.__all__)
    assert dir(gallery) == sorted(gallery.__all__)


def test_an_unknown_name_is_an_attribute_error():
    """A name that is not there fails as in any module."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = gallery.nonsense


def test_importing_loads_nothing_heavy():
    """`import gallery` loads neither SQLAlchemy nor FAISS nor NumPy nor cryptography."""
    code = "import gallery, sys; print({'sqlalchemy', 'faiss', 'numpy', 'cryptography', 'alembic'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)

    assert result.stdout == "set()\n"


def test_every_error_is_public():
    """The names that are looked for among the errors are the tree's; each ends a run or refuses one request."""
    listed = {name for name, home in gallery._HOME_OF.items() if home == "gallery.errors"}

    assert listed == {kind.__name__ for kind in members(errors.GalleryError)}
    assert {1, 3} == {kind.exit_code for kind in members(errors.GalleryError)}


def test_an_error_is_one_line():
    """Whatever a detail holds, the message is one line: where, then what."""
    error = errors.GalleryFull("a\nb", "c\n  d")

    assert ("a b: c d", "a b", "c d") == (str(error), error.where, error.detail)


def test_an_error_travels_between_processes():
    """An error survives pickling with its type, place and detail."""
    import pickle

    error = pickle.loads(pickle.dumps(errors.KeyWrong("place", "detail")))  # noqa: S301

    assert (errors.KeyWrong, "place", "detail") == (type(error), error.where, error.detail)

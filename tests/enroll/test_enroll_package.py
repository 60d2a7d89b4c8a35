"""The package's face: an exact list of names, a cheap import, errors that travel."""

import importlib
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import enroll
from enroll import errors
from enroll.errors import PhotoRefused
from enroll.face import Detection, Photo, Quality, Template
from refusal import members

MODULES = (
    "card",
    "chips",
    "detectors.finder",
    "encoder",
    "errors",
    "face",
    "geometry",
    "limits",
    "photo",
    "photolimits",
    "pipeline",
    "registry",
    "roster",
    "screens.quality",
    "stages",
)


def test_every_public_name_loads_and_no_other_exists():
    """`__all__` is complete and without doubles: each name loads, and from where type checkers think it does."""
    assert len(set(enroll.__all__)) == len(enroll.__all__)
    assert sorted(enroll._MODULE_OF) == sorted(enroll.__all__)
    for name, home in enroll._MODULE_OF.items():
        assert getattr(importlib.import_module(f"enroll.{home}"), name) is getattr(enroll, name)
    assert set(enroll.__all__) <= set(dir(enroll))


def test_every_error_is_public():
    """The names that are looked for among the errors are the tree's: every family and every member."""
    listed = {name for name, home in enroll._MODULE_OF.items() if home == "errors"}
    assert listed == {kind.__name__ for kind in members(errors.EnrollError)}


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt name raises as any module does."""
    with pytest.raises(AttributeError, match="no attribute 'Pipelin'"):
        _ = enroll.Pipelin  # type: ignore[attr-defined]


def test_importing_is_cheap():
    """Importing the package loads neither NumPy nor anything heavier; its modules load no OpenCV or ONNX Runtime."""
    heavy = "numpy", "PIL", "cv2", "onnxruntime", "scipy"
    modules = ", ".join(f"enroll.{name}" for name in MODULES)
    code = (
        f"import sys, enroll; print([m for m in {heavy} if m in sys.modules]);"
        f"import {modules}; print([m for m in {heavy[2:]} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "[]\n[]\n" == done.stdout


def test_an_error_is_one_line_and_survives_a_process_border():
    """An error's text is `where: detail` on one line, controls escaped, also after pickling."""
    error = errors.PhotoMissing("a\nb.jpg", "there is\nno such file")
    assert "a b.jpg: there is no such file" == str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301
    assert "\\x1b[2Ja\\udce4.jpg: \\x00" == str(errors.PhotoMissing("\x1b[2Ja\udce4.jpg", "\0"))
    quality = Quality(1, 2, 3, 4, 5.0, 6.0, 7.0, 0.8, ("blurred",))
    refused = pickle.loads(pickle.dumps(PhotoRefused("a.jpg", ("blurred", "edge"), quality)))  # noqa: S301
    assert (("blurred", "edge"), quality) == (refused.reasons, refused.quality)
    assert "a.jpg: refused because of blurred, edge" == str(refused)


def test_values_are_checked_when_made():
    """A value of the wrong shape, type or length is refused with what was expected."""
    for make in (
        lambda: Photo(np.zeros((4, 4), np.uint8), "a", "0", "PNG"),
        lambda: Detection((0, 0, 1, 1), np.zeros((4, 2), np.float32), 0.5),
        lambda: Template("e", np.ones(4, np.float32), 0.0),
        lambda: Template("e", np.full(4, np.nan, np.float32), 0.0),
        lambda: Template("e", np.array([1, 0], np.float64), 0.0),
        lambda: Template("e", np.array([1, 0], np.float32), 7.0),
        lambda: Template("e", np.array([1, 0], np.float32), float("nan")),
    ):
        with pytest.raises(ValueError, match="expected"):
            make()


def test_public_docstrings_exist():
    """Everything public says what it is."""
    for name in enroll.__all__:
        value = getattr(enroll, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name

"""The errors: ids that never clash, one line each, and what others raise becomes ours."""

import inspect
import re

import pytest

import attendance
from attendance.errors import SessionClosed
from attendance.faults import Problem, catalogue, problem_of
from enroll.errors import PhotoMissing
from refusal import told


def test_catalogue_holds_the_three_trees():
    """The catalogue is sorted and holds errors of all three packages."""
    found = [entry.id for entry in catalogue()]
    assert sorted(set(found)) == found
    assert {"session.unknown", "photo.truncated", "gallery.locked", "encoder.altered"} <= set(found)


def test_one_line():
    """An error is one line, whatever its parts hold."""
    error = SessionClosed("Ma\nths", "was\n closed")
    assert "Ma ths: was closed" == str(error)
    assert f"error[session.closed] Ma ths: was closed. {SessionClosed.help}" == error.line


@pytest.mark.parametrize("end", ["", ".", "..", " .", "?", "?.", "!", "…", ",", ";", "'did you mean it?'", ")"])
def test_one_mark_at_the_end(end):
    """Whatever a detail ends in, exactly one mark stands before the help, for every error of the three packages."""
    for entry in catalogue():
        lines = [
            told(entry.id, f"x.jpg: it is so{end}", entry.help),
            Problem("x.jpg", entry.id, f"it is so{end}", entry.help).line,
        ]
        for line in lines:
            head, found, _ = line.partition(f" {entry.help}")
            assert found, line
            assert re.search(r"(?<![.,;:?!… ])[.?!…]$", head), line


def test_help_is_one_sentence_after_another():
    """No help of the three packages doubles a mark of its own."""
    assert [] == [entry.id for entry in catalogue() if re.search(r"[.,;:?!]{2}|[^.?!'`)]$", entry.help)]


@pytest.mark.parametrize(
    ("detail", "line"),
    [("did you mean Ada?", "did you mean Ada? "), ("cut short.", "cut short. "), ("cut short", "cut short. ")],
)
def test_marks(detail, line):
    """A question keeps its mark and gets no full stop; a full stop is not doubled."""
    assert f"error[session.closed] Maths: {line}{SessionClosed.help}" == SessionClosed("Maths", detail).line


def test_foreign_errors_become_internal():
    """An error that is none of ours is reported as internal, with its type."""
    problem = problem_of(ValueError("x"), "a.jpg")
    assert ("internal.failed", "ValueError: x") == (problem.id, problem.detail)


@pytest.mark.parametrize("kind", [PhotoMissing, SessionClosed])
@pytest.mark.parametrize("source", ["a.jpg", "a  b\n.jpg", "\x1b[2J.jpg"])
def test_the_source_is_told_once(kind, source):
    """A problem's detail does not repeat the source that the error is about, however spelt; it names another."""
    assert "is not there" == problem_of(kind(source, "is not there"), source).detail
    assert "b.jpg: is not there" == problem_of(kind("b.jpg", "is not there"), source).detail


def test_what_ends_a_run_is_raised_again():
    """An error that would hit every other source as well is no problem of this one."""
    from gallery.errors import GalleryFull

    with pytest.raises(GalleryFull):
        problem_of(GalleryFull("home", "no space"), "a.jpg")


def test_public_names():
    """The package gives out exactly the names it lists, each documented, and nothing for others."""
    assert sorted(attendance.__all__) == attendance.__all__
    for name in attendance.__all__:
        assert inspect.getdoc(getattr(attendance, name))
    assert not hasattr(attendance, "nonsense")


def test_importing_is_cheap():
    """Importing the package loads no library that takes time."""
    import subprocess
    import sys

    code = "import sys, attendance; print(sorted({'numpy', 'sqlalchemy', 'cv2', 'typer'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

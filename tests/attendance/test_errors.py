"""The errors: one tree, ids that never clash, one line each, and what is documented is what there is."""

import inspect
import re

import pytest

import attendance
from attendance import errors
from attendance.errors import AttendanceError, SessionClosed, catalogue
from attendance.faults import Problem, is_ours, line_of, problem_of


def leaves(base: type[AttendanceError]) -> list[type[AttendanceError]]:
    found = [leaf for kind in base.__subclasses__() for leaf in leaves(kind)]
    return found or [base]


def test_every_leaf_is_whole():
    """Each error that can be raised has an id, an exit code from 1 to 4 and one sentence of help."""
    for kind in leaves(AttendanceError):
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", kind.id), kind
        assert kind.exit_code in {1, 2, 3, 4}
        assert kind.help.endswith((".", "'")), kind
        assert "\n" not in kind.help


def test_ids_are_unique_over_all_packages():
    """No id stands for two errors, in whichever package."""
    from enroll.errors import EnrollError
    from gallery.errors import GalleryError

    for base in (AttendanceError, EnrollError, GalleryError):
        ids = [kind.id for kind in leaves(base) if "id" in vars(kind)]
        assert len(set(ids)) == len(ids)


def test_tree_in_the_docstring_is_the_tree():
    """The drawn tree names every error with its id and exit code, and no other."""
    drawn = dict(re.findall(r"(\w+) +([a-z]+\.[a-z_]+ +\d)", errors.__doc__))
    actual = {kind.__name__: f"{kind.id} {kind.exit_code}" for kind in leaves(AttendanceError)}
    assert actual == {name: " ".join(rest.split()) for name, rest in drawn.items()}


def test_catalogue_holds_the_three_trees():
    """The catalogue is sorted and holds errors of all three packages."""
    found = [entry.id for entry in catalogue()]
    assert sorted(set(found)) == found
    assert {"session.unknown", "photo.truncated", "gallery.locked", "encoder.altered"} <= set(found)


def test_one_line():
    """An error is one line, whatever its parts hold."""
    error = SessionClosed("Ma\nths", "was\n closed")
    assert "Ma ths: was closed" == str(error)
    assert line_of(error) == f"error[session.closed] Ma ths: was closed. {SessionClosed.help}"


@pytest.mark.parametrize("end", ["", ".", "..", " .", "?", "?.", "!", "…", ",", ";", "'did you mean it?'", ")"])
def test_one_mark_at_the_end(end):
    """Whatever a detail ends in, exactly one mark stands before the help, for every error of the three packages."""
    for entry in catalogue():
        lines = [
            line_of(_Told(entry.id, entry.help, f"x.jpg: it is so{end}")),
            Problem("x.jpg", entry.id, f"it is so{end}", entry.help).line,
        ]
        for line in lines:
            head, found, _ = line.partition(f" {entry.help}")
            assert found, line
            assert re.search(r"(?<![.,;:?!… ])[.?!…]$", head), line


class _Told(Exception):  # noqa: N818 - stands for any error
    def __init__(self, id_: str, help_: str, shown: str) -> None:
        super().__init__(shown)
        self.id, self.help = id_, help_


def test_help_is_one_sentence_after_another():
    """No help of the three packages doubles a mark of its own."""
    assert [] == [entry.id for entry in catalogue() if re.search(r"[.,;:?!]{2}|[^.?!'`)]$", entry.help)]


@pytest.mark.parametrize(
    ("detail", "line"),
    [("did you mean Ada?", "did you mean Ada? "), ("cut short.", "cut short. "), ("cut short", "cut short. ")],
)
def test_marks(detail, line):
    """A question keeps its mark and gets no full stop; a full stop is not doubled."""
    assert f"error[session.closed] Maths: {line}{SessionClosed.help}" == line_of(SessionClosed("Maths", detail))


def test_foreign_errors_become_internal():
    """An error that is none of ours is reported as internal, with its type."""
    assert not is_ours(ValueError("x"))
    problem = problem_of(ValueError("x"), "a.jpg")
    assert ("internal.failed", "ValueError: x") == (problem.id, problem.detail)


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

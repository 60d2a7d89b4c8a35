"""Upkeep as a service: what is counted, what is found, and what is mended."""

from servers import raw

from attendance.access import Actor

TEACHER = Actor("teacher")


def test_counts(app, draw):
    """Everything of the home is counted."""
    app.enroll(draw("a.png", (1,)), name="Ada", groups=["7b"])
    app.mark("Ada")
    found = app.upkeep.stats()
    assert (1, 1, {"7b": 1}, 1, 1) == (found.people, found.templates, found.groups, found.sessions, found.marks)


def test_sound(app, draw):
    """A sound home has no defect, before and after a repair."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    assert ([], []) == (app.upkeep.verify(), app.upkeep.repair(TEACHER))


def test_a_row_without_its_owner(app, draw):
    """A template without its person is found, with the command that helps, and is gone after the repair."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    with raw(app.home) as run:
        run("DELETE FROM person")
    assert {"attendance gallery verify --repair"} == {each.repair for each in app.upkeep.verify()}
    assert ([], 0) == (app.upkeep.repair(TEACHER), app.upkeep.stats().templates)

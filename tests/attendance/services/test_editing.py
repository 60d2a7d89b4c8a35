"""People changed by programs."""

from datetime import date

import pytest

from attendance.access import Actor
from attendance.service_errors import EditChanged
from attendance.services.people import person_row
from attendance.services.versions import version_of
from gallery.errors import GalleryError, PersonUnknown

ACTOR = Actor("tests")


def test_people_are_meant_by_id_alone(app):
    """A name, a part of an id and what can be none are nobody's id."""
    app.edits.add(ACTOR, "Ada", external_id="a")

    assert "Ada" == app.edits.of("a").name
    for other in ("Ada", "", "A", "b\n", "\ud800", "x" * 300):
        with pytest.raises(PersonUnknown):
            app.edits.of(other)


def test_a_change_is_of_the_state_that_was_seen(app):
    """With the version of another state nothing is changed."""
    seen = version_of(person_row(app.edits.add(ACTOR, "Ada", external_id="a")))
    app.edits.change(ACTOR, "a", expected=seen, name="Ada King")

    for change in (
        lambda: app.edits.change(ACTOR, "a", expected=seen, name="Eve"),
        lambda: app.edits.remove(ACTOR, "a", expected=seen),
    ):
        with pytest.raises(EditChanged):
            change()
    assert "Ada King" == app.edits.of("a").name


def test_all_parts_of_a_change_are_one_step(app):
    """Name, groups and standing change together, or none of them."""
    app.edits.add(ACTOR, "Ada", external_id="a", groups=["7A"])
    with pytest.raises(GalleryError):
        app.edits.change(ACTOR, "a", expected=None, name="Eve", groups=["x\ny"])
    assert "Ada" == app.edits.of("a").name
    changed = app.edits.change(
        ACTOR, "a", expected=None, name="Eve", groups=["7B"], active=False, since=date(2026, 3, 1)
    )

    assert ("Eve", ("7B",), False) == (changed.name, changed.groups, changed.active)


def test_erasing_leaves_nothing_in_the_file(app, home):
    """Removed as the pages and the command line do it, whoever asks."""
    app.edits.add(ACTOR, "Ada Lovelace", external_id="a")
    gone = app.edits.remove(ACTOR, "a")

    assert (True, None) == (gone.erased, app.store.unerased())
    assert b"Lovelace" not in b"".join(each.read_bytes() for each in home.iterdir() if each.is_file())

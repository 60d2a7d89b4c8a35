"""What a site did while it was cut off comes in whole, once, and brings nobody back who is gone."""

import pytest
from site_world import OneSite, state

from gallery.repositories import arrivals, sites


@pytest.fixture
def people(app, draw) -> dict[str, int]:
    """Ada, Bob and Cy are enrolled."""
    return {
        name: app.enroll(draw(f"{name}.png", (face,)), name=name).person.key
        for name, face in (("Ada", 1), ("Bob", 2), ("Cy", 3))
    }


@pytest.fixture
def north(app, people, tmp_path):
    """A computer of the whole home whose slice is filled."""
    site = OneSite(app, tmp_path / "north", None)
    site.fill()
    yield site
    site.close()


def marks(app):
    return [each for session in app.sessions.all() for each in app.marks.of_session(session.id)]


@pytest.mark.usefixtures("people")
def test_a_mark_comes_in_as_it_was_made(app, north, draw, clock):
    """A mark that a site made offline is in the database under its id, of its instant, with its sighting."""
    (made,) = north.app.check(draw("door.png", (1,)))
    clock.forward(hours=1)
    delivered, _ = north.back()
    (mark,) = marks(app)
    assert (made.mark, made.at, made.at, "file") == (mark.id, mark.at, mark.made, mark.how)
    assert made.sighting != mark.sighting
    assert 0 == delivered.refused + delivered.already
    assert 0 == north.slice.waiting()


@pytest.mark.usefixtures("people")
def test_delivered_twice_it_is_there_once(app, north, draw):
    """A site that does not know that all arrived delivers again, and nothing is there twice."""
    list(north.app.check(draw("door.png", (1,), (2,))))
    before = north.slice.state
    first = app.arrivals.deliver(north.slice)
    with north.slice.database.atomic():
        north.slice.database.set_meta("slice", before.to_text())
    again = app.arrivals.deliver(north.slice)
    assert (2, 0) == (len(marks(app)), again.all)
    assert first.kept >= 4

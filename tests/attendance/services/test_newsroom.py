"""News as it is told: by names, in order, and to those alone whom it is for."""

import pytest

from gallery.repositories import news


@pytest.fixture
def written(app, draw, clock):
    """Somebody of 7b is marked at a door of 8c; returns the news of this, camera trouble, and a stranger's."""
    app.enroll(draw("ada.png", (7,)), name="Ada", groups=["7b", "8c"])
    door = app.places.add(app.actor, "Side door", "rtsp://10.0.0.9/live", group="8c")
    person = app.people.all()[0]
    before = app.newsroom.latest()
    with app.store.atomic() as transaction:
        news.add(
            transaction,
            [
                news.New(clock.utc(), news.MARK_MADE, "m-1", person.id, door.place.id),
                news.New(clock.utc(), news.CAMERA_LOST, str(door.place.id), None, door.place.id),
                news.New(clock.utc(), news.FACE_UNKNOWN, "12"),
            ],
        )
    return app.newsroom.after(before)


def test_told_by_name(app, written):
    """A piece of news names the person by id and name, and the place by its name."""
    mark, lost, unknown = app.newsroom.all_told(written)
    assert mark["person"] == {"id": "P-1", "name": "Ada"}
    assert (mark["kind"], mark["subject"], mark["place"]) == ("mark.made", "m-1", "Side door")
    assert (lost["kind"], lost["person"], lost["place"]) == ("camera.lost", None, "Side door")
    assert (unknown["person"], unknown["place"]) == (None, None)
    assert mark["at"] == "2026-03-02T07:58:11.204Z"


@pytest.mark.parametrize(
    ("groups", "kinds"),
    [
        (None, ["mark.made", "camera.lost", "face.unknown"]),
        ({"8c"}, ["mark.made", "camera.lost"]),
        ({"7b"}, ["mark.made"]),
        ({"9a"}, []),
    ],
)
def test_wanted_by_groups(app, written, groups, kinds):
    """A teacher hears of people and places of their groups alone; an admin of all."""
    wanted = app.newsroom.wanted(groups)
    assert kinds == [each.kind for each in written if wanted(each)]

"""Cameras that are watched: each for one session, whoever said it last."""

import pytest

from gallery import Conflict
from gallery.repositories import places, watches
from gallery.servicevalues import Watch


@pytest.fixture
def cameras(store, now) -> list[int]:
    with store.atomic() as step:
        return [places.insert(step, None, name, "camera", at=now).id for name in ("door", "yard")]


def test_the_last_word_counts(store, cameras, now):
    """Said again, a camera is watched for the session said last; watched no more, it is gone."""
    with store.atomic() as step:
        for place, session, by in ((1, None, "a"), (2, "Maths", "b"), (1, "Choir", "c")):
            watches.put(step, cameras[place - 1], session=session, at=now, by=by)
        assert [Watch(1, "Choir", now, "c"), Watch(2, "Maths", now, "b")] == watches.all_watches(step)
        for _ in range(2):
            watches.remove(step, cameras[0])
        assert [Watch(2, "Maths", now, "b")] == watches.all_watches(step)


def test_only_what_is_there_is_watched(store, cameras, now):
    """A place that is not there is refused; one that is removed is watched no more."""
    with pytest.raises(Conflict), store.atomic() as step:
        watches.put(step, 99, session=None, at=now, by="t")
    with store.atomic() as step:
        watches.put(step, cameras[0], session=None, at=now, by="t")
        places.remove(step, cameras[0])
        step.expire_all()
        assert [] == watches.all_watches(step)

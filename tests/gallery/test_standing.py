"""Who belonged when: the log tells it, through every leaving and coming back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Conflict, Gallery, PersonInactive
from gallery.standing import NEVER_LEFT, Standing

DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ada(store) -> Gallery:
    """A gallery in which Ada has been since the first of January."""
    gallery = Gallery(store, "e")
    gallery.add_person("Ada", at=datetime(2026, 1, 1, tzinfo=UTC), by="t", external_id="E-1")
    return gallery


def standing(gallery) -> Standing:
    return gallery.standings().get(gallery.find("Ada").id, NEVER_LEFT)


def test_nobody_left(ada):
    """Somebody who never left belongs at every time."""
    assert {} == ada.standings()
    assert NEVER_LEFT.belongs_at(BEGIN)
    assert NEVER_LEFT.belongs_in(BEGIN, BEGIN + DAY)
    assert NEVER_LEFT.away_since is None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8),
    st.integers(0, 20),
    st.integers(1, 5),
)
def test_equals_day_by_day(changes, first, length):
    """Belonging in a span is belonging at one of its instants, looked at one by one."""
    ordered = tuple((BEGIN + number * DAY, active) for number, active in sorted(dict(changes).items()))
    found = Standing(ordered)
    begin, end = BEGIN + first * DAY, BEGIN + (first + length) * DAY
    hours = [begin + timedelta(hours=hour) for hour in range(24 * length)]
    assert any(map(found.belongs_at, hours)) == found.belongs_in(begin, end)


def test_several_periods(ada):
    """Leaving and coming back are told apart, each since its day."""
    for number, active in ((10, False), (20, True), (30, False)):
        ada.set_active("Ada", active, at=BEGIN + number * DAY, by="t")
    belongs = [standing(ada).belongs_at(BEGIN + number * DAY) for number in (9, 10, 19, 20, 29, 30)]
    assert [True, False, False, True, True, False] == belongs
    assert BEGIN + 30 * DAY == standing(ada).away_since


def test_said_later(ada):
    """A day told later counts for belonging, the moment of telling for searches."""
    ada.set_active("Ada", False, at=BEGIN + 10 * DAY, by="t", since=BEGIN)
    found = standing(ada)
    assert (False, True) == (found.belongs_at(BEGIN + DAY), found.searched_at(BEGIN + DAY))
    assert not found.searched_at(BEGIN + 11 * DAY)


@pytest.mark.parametrize("corrected", [-5, 5])
def test_latest_word(ada, corrected):
    """The same said again with another day moves the day; without one it moves nothing."""
    ada.set_active("Ada", False, at=BEGIN + 10 * DAY, by="t", since=BEGIN)
    ada.set_active("Ada", False, at=BEGIN + 11 * DAY, by="t", since=BEGIN + corrected * DAY)
    ada.set_active("Ada", False, at=BEGIN + 12 * DAY, by="t")
    assert ((BEGIN + corrected * DAY, False),) == standing(ada).spells
    assert ((BEGIN + 10 * DAY, False),) == standing(ada).flags


def test_no_day_to_come(ada):
    """Nobody is set inactive since a time that has not begun."""
    with pytest.raises(Conflict):
        ada.set_active("Ada", False, at=BEGIN, by="t", since=BEGIN + DAY)
    assert ada.find("Ada").active


def test_without_an_event(ada, store):
    """Somebody whom an import brought inactive was never there; whom an older version took in by a photo, is."""
    from sqlalchemy import update

    from gallery.schema import Person

    with store.atomic() as session:
        session.execute(update(Person).values(active=False))
    assert not standing(ada).belongs_at(BEGIN)
    ada.set_active("Ada", False, at=BEGIN, by="t")
    with store.atomic() as session:
        session.execute(update(Person).values(active=True))
    assert standing(ada).belongs_at(BEGIN + DAY)


def test_no_photo_brings_back(ada, enrol, now):
    """A photo known already changes nothing, a new photo or group is refused, and somebody inactive stays so."""
    enrol(ada, "Bob", 1)
    ada.set_active("Bob", False, at=now, by="t")
    assert "unchanged" == enrol(ada, "Bob", 1).outcome
    for more in ({"seed": 2}, {"seed": 1, "groups": ["7b"]}, {"seed": 2, "replace": True}):
        with pytest.raises(PersonInactive, match="Bob was set inactive"):
            enrol(ada, "Bob", **more)
    assert (False, 1, ()) == (ada.find("Bob").active, ada.find("Bob").templates, ada.find("Bob").groups)


def test_holdings(ada, enrol):
    """What a person holds is counted before it is removed."""
    enrol(ada, "Bob", 1)
    enrol(ada, "Bob", 2)
    assert ((2, 0), (0, 0)) == (ada.holdings("Bob"), ada.holdings("E-1"))

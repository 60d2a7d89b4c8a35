"""Sightings: stored once, never touched again; faces are kept sealed, for as long as they may be and no longer."""
# ruff: noqa: PT012  what is refused is a step of several statements

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import KEPT, contents
from sqlalchemy import delete, select, update

from gallery import Database, Gallery, TemplateAltered
from gallery.repositories import aliases, corrections, marks, sightings
from gallery.schema import CorrectionRow, MarkRow, SightingCrop, SightingRow
from gallery.transactions import REKEYING
from gallery.values import ScoredKey, Sighting

START = datetime(2026, 3, 2, tzinfo=UTC)
RULINGS = ("present", "already", "review", "unknown", "refused")


def _seen(at, ruling: str = "review", person: int | None = 1, **more) -> Sighting:
    named = person if ruling in {"present", "already", "review"} else None
    return Sighting(at, "camera", "door", ruling, "e", person=named, **more)


@pytest.fixture
def ada(gallery, enrol) -> int:
    return enrol(gallery, "Ada", 1).person.id


@pytest.fixture
def recorded(store, ada, now) -> Database:
    """A sighting, a mark and a correction."""
    with store.atomic() as step:
        from gallery.repositories import sessions

        session = sessions.insert(step, "x", "UTC", now)
        (number,) = sightings.add(step, [_seen(now, "present", ada)])
        made = marks.add(step, ada, session.id, at=now, entered=now, by="t", method="face", sighting=number)
        corrections.add(step, "void", mark=made.id, at=now, by="t", reason="r")
    return store


SOME = st.none() | st.floats(-2, 2)


@given(
    ruling=st.sampled_from(RULINGS),
    scores=st.tuples(SOME, SOME, SOME, SOME, SOME),
    candidates=st.lists(st.tuples(st.none() | st.integers(1, 9), SOME, SOME), max_size=5),
    source=st.text(KEPT, max_size=30),
    numbers=st.tuples(st.none() | st.integers(0, 10**9), st.none() | st.integers(0, 10**6)),
    reasons=st.lists(st.sampled_from(["close_call", "look_alike"]), max_size=2),
)
@pytest.mark.usefixtures("ada")
def test_what_was_seen_comes_back(store, now, ruling, scores, candidates, source, numbers, reasons):
    """Whatever a sighting says is read as it was stored."""
    named = ("score", "cosine", "threshold", "margin", "target_fpir")
    seen = _seen(
        now,
        ruling,
        box=[1, -2, 3, 4],
        frame=numbers[0],
        track=numbers[1],
        reasons=tuple(reasons),
        candidates=tuple(ScoredKey(*each) for each in candidates),
        quality={"score": 3},
        **dict(zip(named, scores, strict=True)),
    )
    from dataclasses import replace

    seen = replace(seen, source=source)
    with store.atomic() as step:
        (number,) = sightings.add(step, [seen])
        step.expire_all()

        assert replace(seen, id=number) == sightings.by_id(step, number)
        assert {number: replace(seen, id=number)} == sightings.numbered(step, [number, 10**9])


def test_a_picture_of_many_is_few_statements(store, ada, now, statements):
    """However many faces a picture has, they are one statement and their news one; numbers come in their order."""
    with store.atomic() as step:
        statements.clear()
        numbers = sightings.add(step, [_seen(now, RULINGS[n % 5], ada, frame=n) for n in range(40)])
        assert 2 == len(statements)
        found = sightings.numbered(step, numbers)

    assert list(range(40)) == [found[number].frame for number in numbers]
    assert [] == sightings.add(None, [])


def test_the_number_of_a_removed_sighting_is_not_used_again(store, gallery, ada, now):
    """What an event says of a sighting can never be taken for another one."""
    with store.atomic() as step:
        (first,) = sightings.add(step, [_seen(now, person=ada)])
    gallery.remove(ada, at=now, by="t")
    with store.atomic() as step:
        (second,) = sightings.add(step, [_seen(now, "unknown")])

    assert first < second


@pytest.mark.parametrize("table", [SightingRow, MarkRow, CorrectionRow])
def test_records_are_written_once(recorded, table):
    """No row of a record can be changed or deleted, by a statement or through an object, but for a merge's new keys."""
    for statement in (update(table).values(at=START), delete(table)):
        with pytest.raises(RuntimeError, match="append-only"), recorded.atomic() as step:
            step.execute(statement)
    with pytest.raises(RuntimeError, match="append-only"), recorded.atomic() as step:
        step.execute(delete(table), execution_options=REKEYING)
    for change in (lambda row, _: setattr(row, "at", START), lambda row, step: step.delete(row)):
        with pytest.raises(RuntimeError, match="append-only"), recorded.atomic() as step:
            change(step.scalars(select(table)).one(), step)
            step.flush()
    with recorded.reading() as view:
        assert START != view.scalars(select(table)).one().at


# Faces that are kept


def _kept(store: Database, gallery: Gallery, seen: list[Sighting]) -> list[int]:
    with store.atomic() as step:
        numbers = sightings.add(step, seen)
        sightings.keep_crops(step, gallery.sealer, {number: b"what was seen %d" % number for number in numbers})
    return numbers


def test_a_face_opens_for_its_sighting_alone(store, gallery, ada, now):
    """A kept face comes back, and moved to another sighting it is refused; no plain byte of it is in the file."""
    one, other = _kept(store, gallery, [_seen(now, person=ada)] * 2)
    with store.reading() as view:
        assert b"what was seen %d" % one == sightings.open_crop(view, gallery.sealer, one)
        assert sightings.open_crop(view, gallery.sealer, 99) is None
        sealed = view.get(SightingCrop, one).picture
    with store.atomic() as step:
        step.get(SightingCrop, other).picture = sealed
    with store.reading() as view, pytest.raises(TemplateAltered):
        sightings.open_crop(view, gallery.sealer, other)

    assert not any(b"what was seen" in each for each in contents(store.home).values())


def test_faces_outlive_a_new_key(store, gallery, ada, now):
    """After the key was rotated, faces open, and nothing is left of the old seal."""
    (number,) = _kept(store, gallery, [_seen(now, person=ada)])
    with store.reading() as view:
        before = view.get(SightingCrop, number).picture
    gallery.vault.rotate(at=now, by="t")
    with store.reading() as view:
        assert b"what was seen %d" % number == sightings.open_crop(view, gallery.sealer, number)
        assert before != view.get(SightingCrop, number).picture
    assert [] == gallery.verify()


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ruling", "age", "kept"),
    [
        ("review", timedelta(0), True),
        ("review", timedelta(days=7) - SECOND, True),
        ("review", timedelta(days=7), False),
        ("review", timedelta(days=7) + SECOND, False),
        ("unknown", timedelta(days=2) - SECOND, True),
        ("unknown", timedelta(days=2), False),
        ("present", timedelta(0), False),
        ("already", timedelta(0), False),
        ("refused", timedelta(0), False),
    ],
)
def test_how_long_a_face_is_kept(store, gallery, ada, now, ruling, age, kept):
    """To the second: of a review and of a stranger for the days that are set, of other rulings not at all."""
    (number,) = _kept(store, gallery, [_seen(now - age, ruling, ada)])
    with store.atomic() as step:
        gone = sightings.purge_crops(step, now, review_days=7, unknown_days=2)
        left = sightings.crop_ids(step)

    assert (1 - kept, [number] * kept) == (gone, left)


def test_no_days_for_strangers_is_no_face_of_one(store, gallery, ada, now):
    """With no days for strangers their faces go at once, those of the future clock's excepted."""
    _kept(store, gallery, [_seen(now, "unknown", ada)])
    with store.atomic() as step:
        assert 1 == sightings.purge_crops(step, now, review_days=30, unknown_days=0)


@pytest.mark.parametrize("kind", ["confirm", "reassign", "dismiss"])
def test_a_face_goes_when_somebody_has_looked(store, gallery, ada, now, kind):
    """Whatever was said of a review, its face goes, and it waits no more; another's stays."""
    looked, other = _kept(store, gallery, [_seen(now, person=ada)] * 2)
    with store.atomic() as step:
        before = [each.id for each in sightings.waiting(step)]
        person = ada if kind == "reassign" else None
        corrections.add(step, kind, sighting=looked, person=person, at=now, by="t", reason="r")
        gone = sightings.purge_crops(step, now, review_days=30, unknown_days=0)
        after = [each.id for each in sightings.waiting(step)]

        assert ([looked, other], 1, [other], [other]) == (before, gone, after, sightings.crop_ids(step))


def test_what_was_taken_back_waits_again(store, gallery, ada, now):
    """A restored sighting waits, its face stays, and it may be settled once more; the latest word counts."""
    (number,) = _kept(store, gallery, [_seen(now, person=ada)])
    with store.atomic() as step:

        def say(kind: str) -> tuple[list[int], int, list[int]]:
            corrections.add(step, kind, sighting=number, at=now, by="t", reason="")
            waits = [each.id for each in sightings.waiting(step)]
            return waits, sightings.count_waiting(step), [each.id for each in sightings.settled(step, limit=9)]

        assert ([], 0, [number]) == say("confirm")
        assert ([number], 1, []) == say("restore")
        assert 0 == sightings.purge_crops(step, now, review_days=30, unknown_days=0)
        assert ([], 0, [number]) == say("dismiss")
        told = ["sighting.confirm", "sighting.dismiss", "sighting.reopen"]
        assert told == sorted(action for action, _ in corrections.unrecorded(step))
        assert 1 == sightings.purge_crops(step, now, review_days=30, unknown_days=0)


@pytest.mark.parametrize(("age", "kept"), [(timedelta(minutes=9), True), (timedelta(minutes=10), False)])
def test_a_settled_face_may_stay_for_a_while(store, gallery, ada, now, age, kept):
    """To the instant: it stays while it may be taken back, unless it is named as one that goes at once."""
    first, second = _kept(store, gallery, [_seen(now, person=ada)] * 2)
    with store.atomic() as step:
        for number in (first, second):
            corrections.add(step, "confirm", sighting=number, at=now - age, by="t", reason="")
        limits = {"review_days": 30, "unknown_days": 0, "settled": timedelta(minutes=10)}
        sightings.purge_crops(step, now, **limits, now=[second])
        assert [first] * kept == sightings.crop_ids(step)


def test_strangers_of_a_time_are_those_that_are_kept(store, gallery, ada, now):
    """Listed are unknown faces of begin <= at < end that are kept and of which nothing was said, newest first."""
    hour = timedelta(hours=1)
    times = [now - hour, now, now + hour, now + 2 * hour]
    seen = _kept(store, gallery, [_seen(each, "unknown") for each in times])
    with store.atomic() as step:
        sightings.add(step, [_seen(now, "unknown")])  # of which no face is kept
        found = [each.id for each in sightings.unknown(step, now, now + 2 * hour)]
        corrections.add(step, "reassign", sighting=seen[1], person=ada, at=now, by="t", reason="")
        after = [each.id for each in sightings.unknown(step, now, now + 2 * hour)]
    assert ([seen[2], seen[1]], [seen[2]]) == (found, after)


def test_more_faces_than_one_statement_takes(store, gallery, ada, now, monkeypatch):
    """Many faces that are due go together."""
    monkeypatch.setattr("gallery.repositories.batches.A_BATCH", 7)
    _kept(store, gallery, [_seen(now - timedelta(days=31), person=ada)] * 20)
    with store.atomic() as step:
        assert (20, []) == (sightings.purge_crops(step, now, review_days=30, unknown_days=0), sightings.crop_ids(step))


def test_whose_key_it_is(gallery, store, enrol, now):
    """A key is somebody's own, or that of whom they were merged into, or nobody's."""
    ada, twin = enrol(gallery, "Ada", 1).person.id, enrol(gallery, "Twin", 2).person.id
    gallery.merge(twin, ada, at=now, by="t")
    with store.reading() as view:
        assert (ada, ada, None) == tuple(aliases.heir_of(view, key) for key in (ada, twin, 99))
        assert {ada: "Ada", twin: "Ada"} == {
            key: each.name for key, each in aliases.called(view, [ada, twin, 99]).items()
        }


def test_open_unknown_faces_of_a_day_are_counted(store, ada, now):
    """Those of before, those of somebody, and those of which somebody has said what they are do not count."""
    with store.atomic() as step:
        early = _seen(now - timedelta(days=1), "unknown")
        numbers = sightings.add(step, [early, *[_seen(now, "unknown")] * 3, _seen(now, "review", ada)])
        corrections.add(step, "dismiss", sighting=numbers[1], at=now, by="t", reason="")
    with store.reading() as step:
        assert 2 == sightings.count_unknown(step, now - timedelta(hours=1))
        assert [ada] == sightings.waiting_people(step)

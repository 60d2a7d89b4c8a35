"""News: written with what they tell of, paired with whoever wants them, and gone after a while."""

from datetime import timedelta

import pytest

from gallery import Conflict, Gallery, open_database, record
from gallery.repositories import corrections, deliveries, marks, news, places, receivers, sessions, sightings
from gallery.repositories.news import New
from gallery.values import Sighting

HOUR = timedelta(hours=1)


@pytest.fixture
def hook(store, gallery, now):
    """Make a receiver of these kinds."""

    def make(name, *kinds, kind="webhook", active=True) -> int:
        with store.atomic() as step:
            made = receivers.insert(
                step, gallery.sealer, name, kind, address="https://x", secret=None, kinds=kinds, allow_private=False,
                at=now, by="t",
            )  # fmt: skip
            receivers.change(step, gallery.sealer, made.id, active=active)
            return made.id

    return make


@pytest.fixture
def ada(gallery, now) -> int:
    return gallery.add_person("Ada", at=now, by="t").id


def _told(step, after: int = 0) -> list[tuple]:
    return [(each.kind, each.subject, each.person, each.place) for each in news.after(step, after)]


def test_news_come_back_in_order(store, ada, now):
    """Those after a number are told in the order in which they were written, so many at most."""
    with store.atomic() as step:
        last = news.latest(step)
        news.add(step, [New(now + n * HOUR, news.CAMERA_LOST, str(n)) for n in range(5)])
        found = news.after(step, last)
        assert [(str(n), now + n * HOUR) for n in range(5)] == [(each.subject, each.at) for each in found]
        assert found[2:4] == news.after(step, found[1].id, limit=2)
        assert (found[0].id - 1, found[4].id) == (news.oldest(step), news.latest(step))  # the first: Ada is new
        assert [(ada, news.PERSON_CHANGED)] == [(each.person, each.kind) for each in news.of_person(step, ada)]


def test_without_news_there_is_none(store):
    """In an empty home the oldest and the latest are number 0, and nothing comes after it."""
    with store.atomic() as step:
        news.add(step, [])
        assert (0, 0, []) == (news.oldest(step), news.latest(step), news.after(step, 0))


def test_each_receiver_gets_what_it_wants(store, hook, now):
    """Webhooks in use have a delivery of each kind that they want, due at once; brokers and those off have none."""
    marked, both = hook("marks", news.MARK_MADE), hook("both", news.MARK_MADE, news.CAMERA_LOST)
    hook("broker", news.MARK_MADE, kind="mqtt")
    hook("off", news.MARK_MADE, active=False)
    with store.atomic() as step:
        news.add(step, [New(now, kind, kind) for kind in (news.MARK_MADE, news.CAMERA_LOST, news.CAMERA_BACK)])
        due = deliveries.due(step, now)

    assert [(marked, news.MARK_MADE), (both, news.MARK_MADE), (both, news.CAMERA_LOST)] == [
        (each.receiver, each.news.kind) for each in due
    ]
    assert {(now, 0, None, None, "")} == {
        (each.due, each.attempts, each.claimed, each.done, each.outcome) for each in due
    }


@pytest.mark.parametrize(("kinds", "cost"), [((), 1), ((news.CAMERA_LOST,), 2), ((news.MARK_MADE,), 3)])
def test_many_news_are_few_statements(store, hook, now, kinds, cost, statements):
    """However many there are: writing them; where a webhook is in use, what it wants; and what is on its way."""
    for kind in kinds:
        hook(kind, kind)
    with store.atomic() as step:
        statements.clear()
        news.add(step, [New(now, news.MARK_MADE, str(n)) for n in range(300)])
        assert cost == len(statements)
        assert 300 == len(news.after(step, 0, limit=400))
        assert (300 if kinds == (news.MARK_MADE,) else 0) == sum(deliveries.waiting(step).values())


def test_what_is_done_together_is_told_at_once(store, hook, now, statements):
    """Within, nothing is written; at the end all of it is, in the order in which it was told, by three statements."""
    hook("all", *news.KINDS)
    with store.atomic() as step:
        with news.together(step):
            statements.clear()
            for number in range(4):
                with news.together(step):
                    news.add(step, [New(now, news.MARK_MADE, str(number))])
            assert [] == statements
        assert 3 == len(statements)
        assert ["0", "1", "2", "3"] == [each.subject for each in news.after(step, 0)]
        assert {1: 4} == deliveries.waiting(step)


def test_what_failed_together_is_not_told(store, now):
    """Where what was done together fails, none of it is told, and what is done next is told as ever."""
    with store.atomic() as step:
        with pytest.raises(Conflict):
            _failing(step, now)
        news.add(step, [New(now, news.MARK_MADE, "next")])
        assert ["next"] == [each.subject for each in news.after(step, 0)]


def _failing(step, now) -> None:
    with news.together(step):
        news.add(step, [New(now, news.MARK_MADE, "m")])
        raise Conflict("x", "y")


def test_news_taken_back_reach_nobody(store, hook, ada, now):
    """Where the step that did something is taken back, so are its news and what was on its way."""
    hook("all", *news.KINDS)
    with store.reading() as view:
        before = news.latest(view)
    with pytest.raises(Conflict), store.atomic() as step:
        news.add(step, [New(now, news.MARK_MADE, "m", person) for person in (ada, 99)])
    with store.reading() as view:
        assert (before, {}) == (news.latest(view), deliveries.waiting(view))


def test_old_news_go_unless_somebody_waits_for_them(store, hook, now):
    """Those of before an instant are deleted and counted; one that is on its way stays until it is done."""
    hook("marks", news.MARK_MADE)
    with store.atomic() as step:
        news.add(step, [New(now + n * HOUR, news.CAMERA_LOST, str(n)) for n in range(3)])
        news.add(step, [New(now, news.MARK_MADE, "waits"), New(now, news.MARK_MADE, "done")])
        deliveries.sent(step, deliveries.due(step, now)[1].id, now, "200")
        assert 3 == news.purge(step, now + 2 * HOUR)
        assert ["2", "waits"] == [each.subject for each in news.after(step, 0)]
        deliveries.give_up(step, deliveries.due(step, now)[0].id, now, "gone")
        assert 1 == news.purge(step, now + 2 * HOUR)
        assert ([], 5) == (deliveries.of_receiver(step, 1), news.latest(step) + 2)


# What is written with the records


@pytest.fixture
def door(store, now) -> int:
    with store.atomic() as step:
        places.insert(step, None, "yard", "camera", at=now)
        return places.insert(step, None, "door", "camera", at=now).id


@pytest.fixture
def day(store, now) -> int:
    with store.atomic() as step:
        return sessions.insert(step, "Maths", "UTC", now).id


def test_a_mark_is_news_of_its_place(store, ada, day, door, now):
    """A mark that is made is told with its person and the place where they were seen; one in the way is not."""
    seen = Sighting(now, "camera", "x", "present", "e", day, ada, place=door)
    with store.atomic() as step:
        last = news.latest(step)
        for number in (1, 2):  # a sighting whose number is not that of its place
            (sighting,) = sightings.add(step, [seen] * number)[-1:]
        entered = now + HOUR
        about = {"at": now, "entered": entered, "by": "t", "method": "face"}
        made = marks.add(step, ada, day, sighting=sighting, **about)
        assert marks.add(step, ada, day, sighting=sighting, **about) is None
        by_hand = marks.add(step, ada, day, unless="none", **about | {"method": "manual"})
        assert [(news.MARK_MADE, made.id, ada, door), (news.MARK_MADE, by_hand.id, ada, None)] == _told(step, last)
        assert {entered} == {each.at for each in news.after(step, last)}


def test_a_mark_that_counts_no_more_is_news(store, ada, day, door, now):
    """A mark made void, and restored, is told with its person and its place, as of when it was said."""
    seen = Sighting(now, "camera", "x", "present", "e", day, ada, place=door)
    with store.atomic() as step:
        (sighting,) = sightings.add(step, [seen])
        about = {"at": now, "entered": now, "by": "t"}
        mark = marks.add(step, ada, day, sighting=sighting, method="face", **about).id
        hand = marks.add(step, ada, day, unless="none", method="manual", **about).id
        last = news.latest(step)
        for kind, which in (("void", mark), ("restore", mark), ("void", hand)):
            corrections.add(step, kind, mark=which, at=now + HOUR, by="t", reason="r")
        assert [
            (news.MARK_VOIDED, mark, ada, door),
            (news.MARK_RESTORED, mark, ada, door),
            (news.MARK_VOIDED, hand, ada, None),
        ] == _told(step, last)
        assert {now + HOUR} == {each.at for each in news.after(step, last)}


def test_what_somebody_must_look_at_is_news(store, ada, door, now):
    """A review and an unknown face are told, of a picture of many, as of when they were entered; others are not."""
    rulings = ("present", "review", "already", "unknown", "refused", "unknown")
    seen = [
        Sighting(now, "file", "x", each, "e", person=None if each in {"unknown", "refused"} else ada, place=door)
        for each in rulings
    ]
    with store.atomic() as step:
        last = news.latest(step)
        numbers = sightings.add(step, seen, entered=now + HOUR)
        assert [
            (news.REVIEW_WAITING, str(numbers[1]), ada, door),
            (news.FACE_UNKNOWN, str(numbers[3]), None, door),
            (news.FACE_UNKNOWN, str(numbers[5]), None, door),
        ] == _told(step, last)
        assert {now + HOUR} == {each.at for each in news.after(step, last)}


def test_a_review_that_is_settled_is_news(store, gallery, ada, door, now):
    """Told with whom it was given to, else with whom it was taken for; an unknown face of nobody with none."""
    bob = gallery.add_person("Bob", at=now, by="t").id
    seen = [Sighting(now, "file", "x", "review", "e", person=ada, place=door)] * 3
    with store.atomic() as step:
        numbers = sightings.add(step, [*seen, Sighting(now, "file", "x", "unknown", "e")])
        last = news.latest(step)
        for kind, number, person in zip(
            ("confirm", "reassign", "dismiss", "dismiss"), numbers, (None, bob, None, None), strict=True
        ):
            corrections.add(step, kind, sighting=number, person=person, at=now, by="t", reason="r")
        assert [
            (news.REVIEW_SETTLED, str(number), *whose)
            for number, whose in zip(numbers, ((ada, door), (bob, door), (ada, door), (None, None)), strict=True)
        ] == _told(step, last)


def test_whoever_changes_a_person_makes_news(store, gallery, enrol, now):
    """Added, enrolled, with one photo more, renamed, in other groups, inactive: each once; the same again, none."""
    who = {"at": now, "by": "t"}
    ada = gallery.add_person("Ada", **who).id
    changes = [
        lambda: enrol(gallery, "Ada", 1),
        lambda: enrol(gallery, "Ada", 2),
        lambda: gallery.rename(ada, "Ada L.", **who),
        lambda: gallery.set_groups(ada, ["g"], **who),
        lambda: gallery.set_active(ada, False, **who),
    ]
    told = []
    for change in [*changes, lambda: enrol(gallery, "Ada L.", 2), lambda: _noted(store, ada, now)]:
        with store.reading() as view:
            last = news.latest(view)
        change()
        with store.reading() as view:
            told.append(_told(view, last))

    assert [[(news.PERSON_CHANGED, str(ada), ada, None)]] * 5 + [[], []] == told


def _noted(store, person: int, now) -> None:
    """What changes nobody: the log tells of a person, as when their data were handed over."""
    with store.atomic() as step:
        record(step, at=now, by="t", action="person.export", subject=person)


def test_an_archive_makes_news_of_whom_it_changes(store, gallery, enrol, tmp_path, now, homes):
    """Who comes by an archive, or joins a group by it, is told; who is as they were, is not."""
    other = Gallery(open_database(homes.new("other")), "test-1")
    enrol(other, "Ada", 1, external_id="A", groups=["g"])
    other.add_person("Bob", external_id="B", at=now, by="t")
    other.export(tmp_path / "a.zip", at=now)
    other.store.close()
    ada = gallery.add_person("Ada", external_id="A", at=now, by="t").id
    told = []
    for _ in range(2):
        with store.reading() as view:
            last = news.latest(view)
        gallery.import_(tmp_path / "a.zip", at=now, by="t")
        with store.reading() as view:
            told.append([each.person for each in news.after(view, last)])

    assert [[ada, gallery.find("B").id], []] == told


def test_news_go_with_whom_they_are_of(store, gallery, ada, hook, now):
    """Of a person who was removed no news are left, nor what was on its way; there is none of the removal."""
    hook("all", *news.KINDS)
    with store.atomic() as step:
        news.add(step, [New(now, news.MARK_MADE, "m", ada), New(now, news.CAMERA_LOST, "1")])
    gallery.remove(ada, at=now, by="t")
    with store.reading() as view:
        assert [(news.CAMERA_LOST, "1", None, None)] == _told(view)
        assert {1: 1} == deliveries.waiting(view)


def test_marks_without_a_face_tell_at_which_kiosk(store, ada, day, now):
    """So do the news of their being void and counting again; the kiosk is on record, and one that is gone not told."""
    with store.atomic() as step:
        door = places.insert(step, None, "Door", "kiosk", at=now).id
        given = {"at": now, "entered": now, "by": "kiosk Door", "unless": "none"}
        last = news.latest(step)
        made = [
            marks.add(step, ada, day, method="pin", details={"place": told}, **given)
            for told in (door, door + 1, "Door", True)
        ]
        for kind in ("void", "restore"):
            corrections.add(step, kind, at=now, by="t", reason="x", mark=made[0].id)
        corrections.add(step, "void", at=now, by="t", reason="x", mark=made[1].id)
        told = _told(step, last)
        assert [True, False] == [places.is_recorded(step, each) for each in (door, door + 9)]
    first = made[0].id
    assert [door, None, None, None] == [place for kind, _, _, place in told if kind == news.MARK_MADE]
    assert [(news.MARK_VOIDED, first, ada, door), (news.MARK_RESTORED, first, ada, door)] == told[4:6]
    assert (news.MARK_VOIDED, made[1].id, ada, None) == told[6]

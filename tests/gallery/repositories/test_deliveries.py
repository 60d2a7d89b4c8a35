"""Deliveries: in order for each person, claimed by one, tried again, done once."""

import threading
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery import open_database
from gallery.repositories import deliveries, news, receivers
from gallery.repositories.news import New

HOUR = timedelta(hours=1)


@pytest.fixture
def hooks(store, gallery, now) -> list[int]:
    """Two webhooks that want to hear of marks."""
    about = {"secret": None, "kinds": [news.MARK_MADE], "allow_private": False, "at": now, "by": "t"}
    with store.atomic() as step:
        made = [
            receivers.insert(step, gallery.sealer, name, "webhook", address="https://x", **about) for name in ("a", "b")
        ]
    return [each.id for each in made]


@pytest.fixture
def people(gallery, now) -> list[int]:
    return [gallery.add_person(name, at=now, by="t").id for name in ("Ada", "Bob")]


def _marks(step, now, *people: int | None) -> None:
    news.add(step, [New(now, news.MARK_MADE, f"m{n}", person) for n, person in enumerate(people)])


def _due(step, now, receiver: int | None = None, limit: int = 50) -> list[tuple[int | None, str]]:
    found = deliveries.due(step, now, limit=limit)
    return [(each.news.person, each.news.subject) for each in found if receiver in {None, each.receiver}]


def test_each_person_is_told_of_in_order(store, hooks, people, now):
    """Of one person the next is due only when the one before is done; others do not wait for them, nor receivers."""
    ada, bob = people
    with store.atomic() as step:
        _marks(step, now, ada, bob, ada)
        assert [(ada, "m0"), (bob, "m1")] == _due(step, now, hooks[0])
        first = deliveries.due(step, now)[0]
        deliveries.again(step, first.id, due=now + HOUR, outcome="503")
        assert [(bob, "m1")] == _due(step, now, hooks[0])
        assert [(ada, "m0"), (bob, "m1")] == _due(step, now, hooks[1])
        assert [(ada, "m0"), (bob, "m1")] == _due(step, now + HOUR, hooks[0])
        deliveries.sent(step, first.id, now, "200")
        assert [(bob, "m1"), (ada, "m2")] == _due(step, now, hooks[0])


def test_what_is_of_nobody_is_in_the_order_of_its_subject(store, gallery, now):
    """Of a camera, too, that it is back is told after that it was lost; another camera does not wait for it."""
    with store.atomic() as step:
        about = {"secret": None, "kinds": news.KINDS, "allow_private": False, "at": now, "by": "t"}
        receivers.insert(step, gallery.sealer, "a", "webhook", address="https://x", **about)
        told = [(news.CAMERA_LOST, "7"), (news.CAMERA_BACK, "7"), (news.CAMERA_LOST, "8")]
        news.add(step, [New(now, *each) for each in told])
        assert [(None, "7"), (None, "8")] == _due(step, now)
        deliveries.sent(step, deliveries.due(step, now)[0].id, now, "200")
        assert [news.CAMERA_BACK, news.CAMERA_LOST] == [each.news.kind for each in deliveries.due(step, now)]


def test_nothing_is_due_to_who_is_out_of_use(store, gallery, hooks, now):
    """What was on its way to a receiver that was put out of use waits until it is in use again."""
    with store.atomic() as step:
        _marks(step, now, None)
        receivers.change(step, gallery.sealer, hooks[0], active=False)
        assert [hooks[1]] == [each.receiver for each in deliveries.due(step, now)]
        assert dict.fromkeys(hooks, 1) == deliveries.waiting(step)
        receivers.change(step, gallery.sealer, hooks[0], active=True)
        assert hooks == [each.receiver for each in deliveries.due(step, now)]


def test_so_many_at_most_are_handed_out(store, hooks, now):
    """No more than asked for, the oldest first; of one receiver alone where it is named."""
    with store.atomic() as step:
        _marks(step, now, None, None, None)
        assert [(None, "m0"), (None, "m0"), (None, "m1")] == _due(step, now, limit=3)
        found = deliveries.due(step, now, limit=2, receiver=hooks[1])

    assert [(hooks[1], "m0"), (hooks[1], "m1")] == [(each.receiver, each.news.subject) for each in found]


def test_a_claim_counts_as_an_attempt(store, hooks, now):
    """Claimed it is nobody else's until that is long ago; given back it may be claimed at once, done never."""
    with store.atomic() as step:
        _marks(step, now, None)
        number = deliveries.due(step, now)[0].id
        tries = [
            deliveries.claim(step, number, now + n * HOUR, stale_before=now + (n - 2) * HOUR) for n in (0, 1, 2, 3)
        ]
        assert [True, False, False, True] == tries
        found = deliveries.due(step, now)[0]
        assert (2, now + 3 * HOUR) == (found.attempts, found.claimed)
        deliveries.again(step, number, due=now, outcome="timeout")
        assert deliveries.claim(step, number, now, stale_before=now - HOUR)
        deliveries.sent(step, number, now, "200")
        assert not deliveries.claim(step, number, now + 9 * HOUR, stale_before=now + 9 * HOUR)
        last = deliveries.of_receiver(step, hooks[0])[0]

    assert (3, None, now, "200") == (last.attempts, last.claimed, last.done, last.outcome)


@pytest.mark.usefixtures("hooks")
def test_one_of_many_claims_it(home, store, now):
    """Of eight who claim the same at once, one has it, and it counts as one attempt."""
    with store.atomic() as step:
        _marks(step, now, None)
        number = deliveries.due(step, now)[0].id
    barrier, claimed = threading.Barrier(8), []

    def one() -> None:
        with open_database(home) as mine:
            barrier.wait()
            with mine.atomic() as step:
                claimed.append(deliveries.claim(step, number, now, stale_before=now - HOUR))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as view:
        assert 1 == deliveries.due(view, now)[0].attempts

    assert [False] * 7 + [True] == sorted(claimed)


def test_what_is_given_up_is_done(store, hooks, now):
    """One that is given up, and all of a receiver, are not due any more; long outcomes are cut."""
    with store.atomic() as step:
        _marks(step, now, None, None, None)
        deliveries.give_up(step, deliveries.due(step, now)[0].id, now, "x" * 999)
        assert {hooks[0]: 2, hooks[1]: 3} == deliveries.waiting(step)
        deliveries.give_up_all(step, hooks[0], now + HOUR, "410")
        assert {hooks[1]: 3} == deliveries.waiting(step)
        told = deliveries.of_receiver(step, hooks[0])
        assert told[:2] == deliveries.of_receiver(step, hooks[0], limit=2)

    assert [("m2", "410", now + HOUR), ("m1", "410", now + HOUR), ("m0", "x" * 200, now)] == [
        (each.news.subject, each.outcome, each.done) for each in told
    ]


EVENTS = st.lists(st.tuples(st.sampled_from(["mark", "send", "fail"]), st.integers(0, 3)), max_size=40)


@pytest.mark.usefixtures("hooks")
@settings(max_examples=40)
@given(events=EVENTS)
def test_whatever_fails_the_order_stays(store, people, now, events):
    """Marks of several, sent and failed in any order: each receiver hears of a person in the order of the marks."""
    arrived = defaultdict(list)
    clock = now
    with store.atomic() as step:
        for number, (what, which) in enumerate(events):
            clock += timedelta(minutes=1)
            due = deliveries.due(step, clock)
            if what == "mark":
                news.add(step, [New(clock, news.MARK_MADE, f"{number:04d}", [*people, None, None][which])])
            elif due and what == "send":
                each = due[which % len(due)]
                deliveries.sent(step, each.id, clock, "200")
                arrived[each.receiver, each.news.person or each.news.subject].append(each.news.subject)
            elif due:
                deliveries.again(step, due[which % len(due)].id, due=clock + 5 * timedelta(minutes=1), outcome="503")
        step.connection().exec_driver_sql("DELETE FROM news")

    assert [sorted(each) for each in arrived.values()] == list(arrived.values())

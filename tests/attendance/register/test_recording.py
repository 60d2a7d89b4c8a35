"""From decisions to marks: what a picture costs the database, and what other programs do meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from attendance import Attendance
from attendance.errors import SessionClosed
from gallery import Gallery, open_database

MOST_PER_FIRST_MARK, MOST_PER_SECOND_LOOK = 8, 4


@pytest.fixture
def people(app, draw):
    """Six people, and a check that ran already today."""
    for number in range(1, 7):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=f"Person {number}")
    list(app.check(draw("nobody.png"), on_problem=lambda _: None))
    return app


@pytest.fixture
def present(people, pipeline):
    """Decisions for these people, none of them recorded."""
    return lambda *numbers: people.judge(
        [pipeline._face(place, number, 90, 80) for place, number in enumerate(numbers)], source="x"
    )


@pytest.mark.parametrize("session", [None, "Maths"])
def test_statements_of_a_first_mark(people, present, statements, clock, session):
    """A first mark costs at most eight statements, of which two link the log, and to see it again three."""
    people.sessions.open("Maths", at=clock.now)
    (decision,) = present(1)
    statements.clear()
    first = people.record(decision, session)
    cost = len(statements)
    statements.clear()
    again = people.record(decision, session)

    assert ("present", "already") == (first.decision, again.decision)
    assert cost <= MOST_PER_FIRST_MARK
    assert len(statements) <= MOST_PER_SECOND_LOOK


@pytest.mark.parametrize("session", [None, "Maths"])
def test_exchanges_of_a_first_mark(people, present, monkeypatch, clock, session):
    """On a server a mark goes there and back twice, of which the first takes the lock of all who write."""
    if people.gallery.store.engine == "sqlite":
        pytest.skip("a file is not spoken to")
    from psycopg import Cursor

    from gallery.postgres.sending import WriterConnection

    people.sessions.open("Maths", at=clock.now)
    (decision, other), sent, exchange, execute = present(1, 2), [], WriterConnection.exchange, Cursor.execute
    people.record(decision, session)

    def counted(connection, *last):
        if connection.held:
            sent.append(len(connection.held) + len(last))
        return exchange(connection, *last)

    monkeypatch.setattr(WriterConnection, "exchange", counted)
    monkeypatch.setattr(Cursor, "execute", lambda *given, **named: sent.append("alone") or execute(*given, **named))
    assert "present" == people.record(other, session).decision
    assert [4, 5] == sent, "what it asks; then the sighting, the mark, the entry, the news and the commit"


def test_statements_of_a_picture_of_several(people, present, statements):
    """Of a picture with four new people and one marked before, the session and the marks are looked up once."""
    people.record(present(5)[0])
    decisions = present(1, 2, 3, 4, 5)
    statements.clear()
    found = people.record_picture(decisions, how="file")

    assert ["present"] * 4 + ["already"] == [each.decision for each in found]
    assert 1 == sum(each.startswith("INSERT INTO news") for each in statements)
    assert 1 == sum("FROM session" in each and each.startswith("SELECT") for each in statements)
    assert len(statements) <= 4 * MOST_PER_FIRST_MARK - 3 * MOST_PER_SECOND_LOOK


def test_statements_of_a_checked_picture(people, draw, statements):
    """A picture in a run, marked for the first time, costs at most eight statements, and one for its news."""
    counts = []
    for decision in people.check(*(draw(f"c{number}.png", (number, 90), seed=9) for number in (1, 2, 3)), workers=1):
        assert "present" == decision.decision
        counts.append(len(statements))
        statements.clear()

    assert max(counts[1:]) <= MOST_PER_FIRST_MARK + 1


def test_marked_by_another_program_meanwhile(people, present, home, clock, pipeline):
    """Whom another program marks after the look and before the mark is told as marked already, with that mark."""
    (decision,) = present(1)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as other:
        made = other.record(decision).mark
    found = people.record(decision)

    assert ("already", made) == (found.decision, found.mark)
    assert 1 == people.gallery.stats().marks


def test_closed_by_another_program_meanwhile(people, present, clock, home, pipeline):
    """A session that is closed after the look and before the mark takes none, and of the picture nothing is kept."""
    people.sessions.open("Maths", at=clock.now)
    decisions = present(1, 9)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as other:
        other.sessions.close("Maths", at=clock.now)
    with pytest.raises(SessionClosed, match=r"was closed at 2026-03-02T07:58:11\.204Z"):
        people.record_picture(decisions, "Maths")
    assert (0, 0) == (people.gallery.stats().marks, people.gallery.stats().sightings)


def test_strangers_in_a_session_that_was_closed(people, present, clock):
    """A check goes no further in a session that was closed meanwhile, whoever its picture shows."""
    people.sessions.open("Maths", at=clock.now)
    strangers = present(9)
    people.sessions.close("Maths", at=clock.now)
    with pytest.raises(SessionClosed):
        people.record_picture(strangers, "Maths")
    assert 0 == people.gallery.stats().sightings


def test_removed_by_another_program_meanwhile(people, present, home, clock):
    """Who is removed after being judged gets no mark and is told as nobody; the others of the picture are marked."""
    decisions = present(1, 2)
    with open_database(home) as other:
        Gallery(other, people.card.id).remove("P-1", at=clock.now, by="another program")
    gone, there = people.record_picture(decisions, how="file")

    assert ("unknown", None, None) == (gone.decision, gone.person, gone.mark)
    assert "P-1" not in {each.person.id for each in gone.candidates}
    assert (gone.candidates[0].score, 0.0) == (gone.score, gone.margin)
    assert ("present", "P-2") == (there.decision, there.person.id)
    assert (1, []) == (people.gallery.stats().marks, people.gallery.verify())


def test_who_is_marked_waits_for_others(people, present, home):
    """Whom a camera sees again is a sighting, too: it is written as soon as another program has done."""
    (decision,) = present(1)
    made = people.record(decision).mark
    with open_database(home) as other, ThreadPoolExecutor(1) as beside:
        with other.atomic():
            found = beside.submit(people.record, decision)
            assert 1 == people.gallery.stats().sightings
        told = found.result()

    assert ("already", made) == (told.decision, told.mark)
    assert 2 == people.gallery.stats().sightings


def test_several_cameras_mark_once(people, present, home, clock, pipeline):
    """Programs that see the same person at the same moment make one mark: one says present, the others already."""
    (decision,) = present(1)
    gate = Barrier(6)

    def see(number: int) -> str:
        with Attendance.open(home, clock=clock, pipeline=pipeline) as own:
            gate.wait()
            return own.record(replace(decision, track=number), how="camera").decision

    with ThreadPoolExecutor(6) as beside:
        told = sorted(beside.map(see, range(6)))

    assert ["already"] * 5 + ["present"] == told
    assert (1, 6, []) == (people.gallery.stats().marks, people.gallery.stats().sightings, people.gallery.verify())


def test_two_hands_mark_once(people, home, clock, pipeline):
    """Two people who enter somebody by hand at the same moment, after a void mark, make one new mark."""
    people.mark("Person 1")
    people.void("Person 1", reason="wrong")
    gate = Barrier(4)

    def enter(_: int) -> bool:
        with Attendance.open(home, clock=clock, pipeline=pipeline) as own:
            gate.wait()
            return own.enter("Person 1").new

    with ThreadPoolExecutor(4) as beside:
        assert [False] * 3 + [True] == sorted(beside.map(enter, range(4)))
    assert [1, 2] == [
        mark.ordinal for mark in people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)
    ]

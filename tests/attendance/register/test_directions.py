"""In and out: which marks stand in the way of another, asked of values and of the database alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attendance import Attendance
from attendance.errors import MarkDirection
from attendance.register.directions import Coming, direction_of
from attendance.scope import Scope
from gallery.repositories import approvals, corrections
from gallery.repositories import marks as rows

UNLESS = {"void": "any", "waiting": "valid", "valid": "none"}


@pytest.fixture
def ada(app, draw) -> Attendance:
    """Ada is enrolled."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    return app


@pytest.fixture
def seen(ada, pipeline, clock):
    """Ada is seen before a camera that people pass in a direction: what is decided, and the mark's id."""

    def see(direction=None, **later):
        clock.forward(**later)
        (decision,) = ada.judge([pipeline._face(0, 1, 90, 80)], source="door")
        found = ada.desk.record(replace(decision, track=1), Scope(direction=direction), means="camera")
        return found.decision

    return see


def marked(app):
    """Direction and whether it counts, of all marks of today."""
    found = app.marks.of_session(app.sessions.held(None, app.clock.utc()).id)
    return [(mark.direction, mark.valid) for mark in found]


@pytest.mark.parametrize(
    ("text", "direction"), [("in", "in"), (" OUT ", "out"), ("", None), ("  ", None), (None, None)]
)
def test_what_people_type(text, direction):
    """In and out are known in any case, and an empty text is no direction."""
    assert direction == direction_of(text)


@pytest.mark.parametrize("text", ["inn", "both", "in out", "0"])
def test_what_is_no_direction(text):
    """Any other text is refused, by a line that names it."""
    with pytest.raises(MarkDirection, match=f"--direction: '{text}' is neither in nor out"):
        direction_of(text)


def test_a_program_is_told_what_is_no_direction(ada, draw):
    """Whoever calls the product with another direction is refused as on the command line, and nothing is marked."""
    for call in (
        lambda: ada.mark("Ada", direction="up"),
        lambda: ada.check(draw("a.png", (1, 90)), direction="up"),
    ):
        with pytest.raises(MarkDirection):
            call()
    assert 0 == ada.gallery.stats().marks


def test_an_out_after_an_in_is_a_new_mark(seen, ada):
    """Somebody who came and goes is marked both times; the same way again is already."""
    assert ["present", "already", "present", "already"] == [
        seen("in"), seen("in", minutes=5), seen("out", hours=8), seen("out", minutes=5),
    ]  # fmt: skip
    assert [("in", True), ("out", True)] == marked(ada)


def test_in_and_out_by_turns(seen, ada):
    """Each turn is a mark, as often as they go in and out."""
    ways = ["in", "out", "in", "out", "in"]
    assert ["present"] * 5 == [seen(way, minutes=1) for way in ways]
    assert [(way, True) for way in ways] == marked(ada)


def test_no_direction_is_one_of_its_own(seen, ada):
    """A camera without a direction marks once a session, whatever the others have made, and ends no turn."""
    assert ["present", "present", "already", "already", "present", "already"] == [
        seen(each, minutes=1) for each in ("in", None, "in", None, "out", None)
    ]  # fmt: skip
    assert [("in", True), (None, True), ("out", True)] == marked(ada)


@pytest.mark.parametrize("direction", [None, "in"])
def test_the_same_again_after_a_while(seen, direction, home, clock, pipeline):
    """With mark_again_minutes the same direction is marked again when the last such mark is that old, not before."""
    flags = {"guard_people": 0, "mark_again_minutes": 30}
    assert "present" == seen(direction)
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as app:
        (decision,) = app.judge([pipeline._face(0, 1, 90, 80)], source="door")
        found = []
        for minutes in (0, 29, 1, 0, 29, 1):
            clock.forward(minutes=minutes)
            at = replace(decision, at=clock.now, track=1)
            found.append(app.desk.record(at, Scope(direction=direction), means="camera").decision)
        assert ["already", "already", "present", "already", "already", "present"] == found
        assert [(direction, True)] * 3 == marked(app)


def test_a_void_mark_of_the_direction_goes_to_review(seen, ada):
    """Who voids an out says that no camera marks it; an in is another matter."""
    seen("in")
    seen("out", hours=1)
    last = ada.marks.of_session(ada.sessions.held(None, ada.clock.utc()).id)[-1]
    ada.void("Ada", reason="somebody else", mark=last.id)
    assert "review" == seen("out", hours=1)
    assert "already" == seen("in", hours=1)
    assert [("in", True), ("out", False)] == marked(ada)


def test_a_void_mark_before_a_valid_one_of_its_direction_is_past(seen, ada):
    """After a void in, an in by hand and an out, the next in is new again: a person has said that they were there."""
    seen("in")
    ada.void("Ada", reason="a photo")
    ada.mark("Ada", direction="in")
    assert ["present", "present"] == [seen("out", hours=1), seen("in", hours=1)]
    assert [("in", False), ("in", True), ("out", True), ("in", True)] == marked(ada)


def test_by_hand_in_and_out(ada):
    """A mark by hand with the other direction is new, and the same again stays."""
    made = [ada.enter("Ada", at=at, direction=way) for at, way in (
        ("07:00", "in"), ("07:05", "in"), ("07:30", "out"), ("07:31", "out"), ("07:40", "in"),
    )]  # fmt: skip
    assert [True, False, True, False, True] == [each.new for each in made]
    assert [made[0].mark.id, made[2].mark.id] == [made[1].mark.id, made[3].mark.id]
    assert "out" == made[2].mark.evidence["direction"]


def test_a_lunch_that_is_entered_afterwards(seen, ada, clock):
    """Between an in and an out that cameras saw, a person enters that somebody was out: by time, not by entering."""
    clock.forward(hours=-1)
    seen("in")
    seen("out", hours=8)
    assert [True, True, False] == [
        ada.enter("Ada", at=at, direction=way).new for at, way in (("11:00", "out"), ("11:30", "in"), ("11:45", "in"))
    ]  # fmt: skip
    assert ["in", "out", "in", "out"] == [way for way, _ in marked(ada)]


def test_a_recording_checked_twice_marks_once(ada, draw, clock):
    """Of recordings of a day gone by, whose time is not known, each direction is marked once, in whatever turns."""
    yesterday = f"{clock.now - timedelta(days=1):%Y-%m-%d}"
    found = [
        decision.decision
        for way in ("in", "out", "in", "out")
        for decision in ada.check(draw(f"{way}.png", (1, 90)), session=yesterday, direction=way)
    ]
    assert ["present", "present", "already", "already"] == found


def test_two_programs_mark_a_direction_once(ada, home, clock, pipeline):
    """Programs that see the same person going out at the same moment make one mark of it."""
    ada.mark("Ada", direction="in")
    clock.forward(minutes=1)
    (decision,) = ada.judge([pipeline._face(0, 1, 90, 80)], source="x")
    gate = Barrier(6)

    def see(number: int) -> str:
        with Attendance.open(home, clock=clock, pipeline=pipeline) as own:
            gate.wait()
            return own.desk.record(replace(decision, track=number), Scope(direction="out"), means="camera").decision

    with ThreadPoolExecutor(6) as beside:
        assert ["already"] * 5 + ["present"] == sorted(beside.map(see, range(6)))
    assert [("in", True), ("out", True)] == marked(ada)


def test_a_review_is_marked_in_the_direction_in_which_it_was_seen(ada, draw):
    """Who confirms a review makes a mark of the direction that the check had, and the evidence names it once."""
    (found,) = ada.check(draw("door.png", (1, 20)), direction="out")
    assert "review" == found.decision
    settled = ada.reviews.confirm(ada.actor, found.sighting)
    assert (True, "out") == (settled.new, settled.mark.direction)
    (shown,) = ada.session_book.marks()
    assert ("out", "out") == (shown.to_dict()["direction"], shown.mark.evidence["direction"])
    assert "direction" not in shown.mark.evidence["quality"]


def test_without_a_direction_nothing_tells_of_one(ada, draw):
    """Marks without a direction are shown as they always were."""
    list(ada.check(draw("door.png", (1, 90))))
    (shown,) = ada.session_book.marks()
    assert "direction" not in shown.to_dict(evidence=True)
    assert "direction" not in shown.mark.evidence


# --- the rule, asked of values and of the database -------------------------------------------------------------

WAYS = st.sampled_from([None, "in", "out"])
STATES = st.sampled_from(["valid", "void", "restored", "waiting", "approved", "refused"])
MARKS = st.lists(st.tuples(st.integers(0, 6), WAYS, STATES, st.booleans()), max_size=5)


def naive(marks, at, way, known, again, heeds):
    """The rule written once more, number by number: the position of the mark in the way, or None."""
    counts = {"valid", "restored", "approved"} | ({"waiting"} if heeds == "waiting" else set())
    standing = [n for n, (_, _, state, _) in enumerate(marks) if state in counts]
    same = [n for n in standing if marks[n][1] == way]
    turns = [n for n in standing if marks[n][1] and marks[n][3] and marks[n][0] <= at]
    turned = bool(known and way and turns) and marks[max(turns, key=lambda n: (marks[n][0], n))][1] != way
    old = known and again > 0 and all(marks[n][3] and marks[n][0] <= at - again for n in same)
    if same and not turned and not old:
        return True
    last = max(same, default=-1)
    return heeds == "void" and any(
        state == "void" and marks[n][1] == way and n > last for n, (_, _, state, _) in enumerate(marks)
    )


@given(
    MARKS,
    st.integers(0, 7),
    WAYS,
    st.booleans(),
    st.sampled_from([0, 2]),
    st.sampled_from(["void", "waiting", "valid"]),
)
@example([(0, "in", "valid", True), (3, "out", "valid", True)], 3, "in", True, 0, "void")
@example([(0, None, "valid", True)], 2, None, True, 2, "void")
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_and_database_agree(ada, marks, at, way, known, again, heeds):
    """Whatever marks there are, the statement that writes refuses exactly where one of them stands in the way."""
    app, start = ada, ada.clock.now
    session = app.sessions.of_day(start)
    person = app.gallery.find("A").id
    with pytest.raises(UndoneError), app.store.atomic() as step:  # noqa: PT012 - the whole example is undone
        for minute, direction, state, time_known in marks:
            put(step, app, person, session, start + timedelta(minutes=minute), direction, state, time_known)
        moment, span = start + timedelta(minutes=at), timedelta(minutes=again)
        found = Coming(moment, known, way, span, heeds).stopped_by(rows.of(step, person, session.id))
        new = rows.add(
            step, person, session.id, at=moment, entered=start, by="t", method="face", time_known=known,
            direction=way, unless=UNLESS[heeds], again=span,
        )  # fmt: skip
        wanted = naive(marks, at, way, known, again, heeds)
        assert (wanted, heeds == "valid" or not wanted) == (found is not None, new is not None)
        raise UndoneError


class UndoneError(Exception):
    """Nothing of an example stays."""


def put(step, app, person, session, at, direction, state, time_known):
    """A mark of this state."""
    waits = {"awaits": "approval"} if state in {"waiting", "approved", "refused"} else {}
    note = {"note": '"awaits": "approval"'}
    made = rows.add(
        step, person, session.id, at=at, entered=app.clock.now, by="t", method="manual", details=note | waits,
        time_known=time_known, direction=direction, unless="none",
    )  # fmt: skip
    said = SimpleNamespace(at=app.clock.now, by="u", reason="r")
    if state in {"void", "restored"}:
        corrections.add(step, "void", mark=made.id, **vars(said))
    if state == "restored":
        corrections.add(step, "restore", mark=made.id, **vars(said))
    if state in {"approved", "refused"}:
        approvals.add(step, granted=state == "approved", mark=made.id, **vars(said))

"""Statements that go with the next one: in their order, all or nothing, and refused as if each had been waited for."""
# ruff: noqa: PT012  what is refused is a step of several statements

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import BigInteger, Boolean, Float, Numeric, Text, bindparam, func, insert, select

from gallery import Conflict, TextInvalid, sending
from gallery.columns import Instant, JsonText
from gallery.repositories import chain, chaincheck, events, news, receivers, secrets
from gallery.repositories.marks import is_void
from gallery.schema import CorrectionRow, EventRow, MarkRow, Meta, Person, SessionRow
from gallery.servicetables import DeliveryRow, NewsRow

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PUT = insert(Meta.__table__).inline()
PUT_MARK = insert(MarkRow.__table__).inline()
GIVE = insert(Meta.__table__).returning(Meta.__table__.c.key, Meta.__table__.c.value)
ASK = select(Meta.__table__.c.value).where(Meta.__table__.c.key == bindparam("asked"))


def a(key, value="1"):
    return {"key": key, "value": value}


def _mark(mark, number, ordinal=1):
    given = {"at": AT, "entered": AT, "by": "t", "method": "manual", "time_known": True, "details": {}}
    return {"id": mark, "person_id": number, "session_id": number, "ordinal": ordinal, **given}


def test_what_is_put_is_there_for_the_next_question(store):
    """Whatever the session asks next, of the models too, sees it; questions are answered in their order."""
    with store.atomic() as step:
        sending.put(step, PUT, a("x"))
        assert 1 == step.scalar(select(func.count()).where(Meta.key == "x"))
        before = sending.ask(step, ASK, {"asked": "y"})
        sending.put(step, PUT, a("y", "2"))
        after = sending.ask(step, ASK, {"asked": "y"})
        assert [("z", "3")] == list(map(tuple, sending.ask(step, GIVE, a("z", "3"))))
        assert ([], [("2",)]) == (list(before), list(map(tuple, after)))
        sending.put(step, PUT, a("last"))

    assert ["1", "2", "3", "1"] == [store.meta(key) for key in ("x", "y", "z", "last")]


def test_a_question_asked_with_the_beginning_is_told_once(store):
    """It is answered as of the beginning, to who asks for the same; a file is asked when it is needed."""
    store.set_meta("x", "1")
    with store.atomic((ASK, {"asked": "x"}), (ASK, {"asked": "none"})) as step:
        store.set_meta("none", "1")
        found = [sending.told(step, ASK, {"asked": each}) for each in ("other", "none", "x", "x")]

    told = [None if each is None else list(map(tuple, each)) for each in found]
    assert told == ([None] * 4 if store.engine == "sqlite" else [None, [], [("1",)], None])


def test_rows_of_models_keep_their_place_among_what_is_put(store):
    """What is put may refer to rows that the session was only given, and rows given later may refer to what was put."""
    with store.atomic() as step:
        step.add(Person(id=7, external_id="7", name="x", note="", created=AT, active=True))
        step.add(SessionRow(id=7, name="x", kind="named", opens=AT, zone="UTC"))
        sending.put(step, PUT_MARK, _mark("m", 7))
        step.add(CorrectionRow(kind="void", mark_id="m", at=AT, by="t", reason="r"))
        sending.put(step, PUT_MARK, _mark("n", 7, 2))
        step.add(CorrectionRow(kind="void", mark_id="n", at=AT, by="t", reason="r"))

    with store.reading() as view:
        assert ["m", "n"] == list(view.scalars(select(CorrectionRow.mark_id).order_by(CorrectionRow.id)))


def test_large_readings_see_what_is_put(store):
    """A question whose rows come some at a time is asked after what was put before it."""
    with store.atomic() as step:
        sending.put(step, PUT, a("x"))
        query = select(Meta.value).where(Meta.key == "x").execution_options(yield_per=10)
        assert ["1"] == list(step.scalars(query))


def test_what_a_part_of_a_step_put_goes_with_it(store):
    """A part that fails takes back what it put, sent or not, and nothing from before it."""
    with store.atomic() as step:
        sending.put(step, PUT, a("before"))
        for ask in (False, True):
            with pytest.raises(LookupError), store.atomic():
                sending.put(step, PUT, a("inside"))
                assert not ask or store.meta("inside")
                raise LookupError
        assert (None, "1") == (store.meta("inside"), store.meta("before"))
    assert (None, "1") == (store.meta("inside"), store.meta("before"))


def test_a_step_that_fails_leaves_nothing_behind(store):
    """What it put is not there, and does not come with the next step."""
    with pytest.raises(LookupError), store.atomic() as step:
        sending.put(step, PUT, a("x"))
        raise LookupError
    with store.atomic():
        store.set_meta("y", "1")

    assert (None, "1") == (store.meta("x"), store.meta("y"))


@pytest.mark.parametrize("inside", [False, True])
def test_what_the_database_refuses_is_no_commit(store, inside):
    """A put that is refused undoes the step, or the part of it that it is in, and comes out as any conflict."""
    store.set_meta("x", "1")
    if inside:
        with store.atomic():
            store.set_meta("y", "1")
            with pytest.raises(Conflict), store.atomic() as part:
                sending.put(part, PUT, a("x"))
            store.set_meta("z", "1")
        assert ["1", "1"] == [store.meta("y"), store.meta("z")]
    else:
        with pytest.raises(Conflict), store.atomic() as step:
            sending.put(step, PUT, a("y"))
            sending.put(step, PUT, a("x"))
        assert store.meta("y") is None
    assert "1" == store.meta("x")


VALUES = {
    "text": ("\u00e4 'quoted' \\ %s $1 \U0001f600", Text),
    "no text": ("", Text),
    "none": (None, Text),
    "whole": (-(2**62), BigInteger),
    "number": (0.1 + 0.2, Float),
    "tiny": (5e-324, Float),
    "yes": (True, Boolean),
    "no": (False, Boolean),
    "instant": (datetime(2026, 3, 2, 8, 0, 0, 1, tzinfo=ZoneInfo("Asia/Kolkata")), Instant),
    "document": ({"a": [1, None, "\u00e4"], "b": 0.25}, JsonText),
    "exact": (Decimal("1.25"), Numeric(10, 2)),
}


@pytest.mark.parametrize("what", VALUES)
def test_values_come_back_as_they_were_sent(store, what):
    """Of every kind of value, what is sent is what is read, as columns of that type keep it."""
    value, kind = VALUES[what]
    query = select(bindparam("given", type_=kind).label("same"))
    with store.atomic((query, {"given": value})) as step:
        ahead = sending.told(step, query, {"given": value})
        assert (ahead is None) == (store.engine == "sqlite")
        ((found,),) = step.execute(query, {"given": value}).all() if ahead is None else ahead

    assert (value, type(value)) == (found, type(found))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_cannot_be_kept_is_refused_at_once(store, text):
    """It is refused where it is put, whatever else the step does."""
    with store.atomic() as step, pytest.raises(TextInvalid):
        sending.put(step, PUT, a("x", text))


def test_entries_of_one_step_are_linked_to_each_other(store, gallery):
    """Several entries that nobody waited for follow each other in the log, which verifies."""
    with store.atomic() as step:
        for number in range(5):
            events.record(step, at=AT, by="t", action="test", subject=number)
    with store.atomic() as step, pytest.raises(LookupError), store.atomic():
        events.record(step, at=AT, by="t", action="test", subject="gone")
        raise LookupError
    with store.atomic() as step:
        events.record(step, at=AT, by="t", action="test", subject=5)

    with store.reading() as view:
        found = view.execute(select(EventRow.subject, EventRow.seq).where(EventRow.action == "test")).all()
        assert list(map(str, range(6))) == [subject for subject, _ in sorted(found, key=lambda row: row.seq)]
        assert () == chaincheck.verify(view, secrets.stored(view, gallery.sealer, chain.PURPOSE)).findings


def test_a_webhook_of_the_same_step_is_sent_its_news(store, gallery):
    """News of a step that takes a webhook into use go to it, also where the step had news before."""
    with store.atomic() as step:
        news.add(step, [news.New(AT, news.CAMERA_LOST, "1")])
        receivers.insert(
            step, gallery.sealer, "hook", "webhook", address="https://x.example/", secret=b"s",
            kinds=[news.CAMERA_LOST], allow_private=False, at=AT, by="t",
        )  # fmt: skip
        news.add(step, [news.New(AT, news.CAMERA_LOST, "2")])
        told = select(NewsRow.subject).join(DeliveryRow, DeliveryRow.news_id == NewsRow.id)
        assert ["2"] == list(step.scalars(told))
    with store.atomic() as step:
        news.add(step, [news.New(AT, news.CAMERA_LOST, "3")])
        assert ["2", "3"] == sorted(step.scalars(told))


def test_a_statement_that_is_remembered_has_no_list(store):
    """One that is put together anew for each length of a list is refused, not done with the wrong one."""
    query = select(MarkRow.__table__.c.id).where(MarkRow.__table__.c.id.in_(bindparam("some", expanding=True)))
    if store.engine == "sqlite":
        pytest.skip("a file is asked by SQLAlchemy alone")
    with store.atomic() as step, pytest.raises(TypeError, match="a list"):
        sending.ask(step, query, {"some": ["a"]})
    assert "IN" not in str(is_void())

"""The tables: the same from the models and from the history, on SQLite and on PostgreSQL."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gallery import Conflict
from gallery.columns import Instant, JsonText
from gallery.migrations.running import alembic_config, run_migrations
from gallery.schema import (
    METADATA,
    REVISIONS,
    ApprovalRow,
    CalendarEntryRow,
    CorrectionRow,
    CoverageRow,
    EventRow,
    ExcuseRow,
    ForeignId,
    Group,
    LookalikeRow,
    MarkRow,
    MembershipChange,
    Person,
    PlaceRow,
    RuleRow,
    RuleVersionRow,
    SessionRow,
    SightingRow,
    WithdrawalRow,
)

TABLES = {
    "account",
    "account_group",
    "alias",
    "answer",
    "approval",
    "arrival",
    "attempt",
    "backup",
    "calendar_entry",
    "consent",
    "consent_form",
    "consent_text",
    "correction",
    "coverage",
    "credential",
    "crop",
    "delivery",
    "erasure",
    "event",
    "excuse",
    "foreign_id",
    "group",
    "hold",
    "job",
    "lease",
    "lookalike",
    "mark",
    "membership",
    "membership_change",
    "meta",
    "month",
    "news",
    "person",
    "person_site",
    "place",
    "receiver",
    "rule",
    "rule_version",
    "second_factor",
    "secret",
    "session",
    "sighting",
    "sighting_crop",
    "sign_in",
    "site",
    "template",
    "template_change",
    "token",
    "watch",
    "withdrawal",
    "worker",
}


def _migrated():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        run_migrations(connection)
    return engine


def _definitions(engine) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    engine.dispose()
    return {name: _normal(sql) for name, sql in rows if name != "alembic_version"}


def _normal(sql: str) -> str:
    """One definition without layout, its parts in a fixed order; a table that was rebuilt has its name in quotes."""
    sql = re.sub(r'^CREATE TABLE "(\w+)"', lambda found: f"CREATE TABLE {found[1]}", sql)
    head, _, body = re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"\s+", " ", sql)).partition("(")
    return f"{head.strip()}({sorted(body.removesuffix(')').split(','))})"


def test_the_history_leads_to_the_models():
    """Running every migration gives what the models say, as Alembic compares them."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = _migrated()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, METADATA)
    engine.dispose()

    assert [] == differences


def test_the_history_leads_to_the_same_definitions():
    """Tables, checks, keys and indexes are written alike whether migrated or made from the models."""
    fresh = create_engine("sqlite://")
    METADATA.create_all(fresh)

    assert _definitions(fresh) == _definitions(_migrated())


def test_the_known_revisions_are_the_history():
    """The list that a start compares with, without Alembic, is Alembic's own history."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(alembic_config())

    assert tuple(step.revision for step in reversed(list(script.walk_revisions()))) == REVISIONS


def test_every_table_is_known():
    """The models hold the documented tables and no others."""
    assert set(METADATA.tables) == TABLES


@pytest.mark.parametrize("table", sorted(TABLES))
def test_postgresql_takes_every_table(table):
    """Each table and index compiles for PostgreSQL, instants with a zone and blobs as bytea."""
    found = METADATA.tables[table]
    sql = str(CreateTable(found).compile(dialect=postgresql.dialect()))
    for index in found.indexes:
        CreateIndex(index).compile(dialect=postgresql.dialect())

    assert not re.search(r"DATETIME|BLOB|AUTOINCREMENT", sql)
    assert sql.count("TIMESTAMP WITH TIME ZONE") == sum(isinstance(c.type, Instant) for c in found.columns)


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_comes_back_in_utc(moment):
    """Whatever zone an instant was given in, the same instant comes back in UTC."""
    kept = Instant().process_bind_param(moment, None) if _in_range(moment) else moment

    assert moment.astimezone(UTC) == Instant().process_result_value(kept.replace(tzinfo=kept.tzinfo), None)


def _in_range(moment: datetime) -> bool:
    return timedelta(days=1) < moment.replace(tzinfo=None) - datetime.min < timedelta(days=3_652_000)  # noqa: DTZ901


def test_an_instant_survives_the_database(store):
    """An instant of a zone far from UTC is read back as the same instant, in UTC."""
    given_at = datetime(2026, 3, 29, 2, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))
    with store.atomic() as session:
        session.add(Person(external_id="x", name="x", created=given_at))
    with store.reading() as session:
        found = session.scalar(select(Person.created))

    assert (given_at, UTC) == (found, found.tzinfo)


def test_a_naive_time_is_refused(store):
    """A time without a zone is refused before anything is written."""
    with pytest.raises(ValueError, match="aware"), store.atomic() as session:
        session.add(Person(external_id="x", name="x", created=datetime(2026, 1, 1)))  # noqa: DTZ001

    with store.reading() as session:
        assert session.scalars(select(Person)).all() == []


@pytest.mark.parametrize("value", [float("nan"), {"score": float("inf")}])
def test_json_refuses_what_is_no_json(value):
    """NaN and infinity are refused, as no JSON reader would take them."""
    with pytest.raises(ValueError, match="JSON"):
        JsonText().process_bind_param(value, None)


def test_json_keeps_every_script_readable():
    """Text in evidence stays readable text, whatever the script."""
    assert JsonText().process_bind_param({"name": "عمر 🙂"}, None) == '{"name": "عمر 🙂"}'


def _mark(now, **more) -> MarkRow:
    """A mark by hand of the person and session 1."""
    given = {"person_id": 1, "session_id": 1, "ordinal": 1, "method": "manual", "time_known": True, "details": {}}
    return MarkRow(at=now, entered=now, by="t", **(given | more))


def _sighting(now, **more) -> SightingRow:
    """A sighting of a stranger."""
    given = {"means": "file", "source": "x", "ruling": "unknown", "retention": "unknown", "pipeline_id": "e"}
    return SightingRow(at=now, reasons=[], candidates=[], quality={}, **(given | more))


def _correction(now, **more) -> CorrectionRow:
    """Somebody voids the mark "m"."""
    return CorrectionRow(at=now, by="t", reason="r", **({"kind": "void", "mark_id": "m"} | more))


def _calendar(now, **more) -> CalendarEntryRow:
    """A day that is closed."""
    given = {"kind": "closed", "first_day": "2026-03-02", "last_day": "2026-03-02", "name": "x", "source": "x"}
    return CalendarEntryRow(entered=now, by="t", **(given | more))


def _excuse(now, **more) -> ExcuseRow:
    """A day's excuse of person 1."""
    given = {"person_id": 1, "begins": now, "ends": now + timedelta(1), "reason": "r", "awaits": False}
    return ExcuseRow(entered=now, by="t", **(given | more))


def _coverage(now, **more) -> CoverageRow:
    """Somebody has looked."""
    given = {"kind": "hand", "source": "desk", "begins": now, "ends": now, "reason": ""}
    return CoverageRow(entered=now, by="t", **(given | more))


@pytest.fixture
def marked(store, now) -> int:
    """Somebody who is marked in a day's session; the session's id."""
    with store.atomic() as session:
        person = Person(external_id="p", name="p", created=now)
        day = SessionRow(name="2026-03-02", kind="day", day="2026-03-02", opens=now, zone="Europe/Berlin")
        session.add_all([person, day])
        session.flush()
        session.add(_mark(now, person_id=person.id, session_id=day.id))
        return day.id


def test_a_second_first_mark_in_a_session_is_refused(store, marked, now):
    """The database itself refuses two marks of one person in one session that count as the same."""
    with pytest.raises(Conflict), store.atomic() as session:
        session.add(_mark(now, session_id=marked))
    with store.atomic() as session:
        session.add(_mark(now, session_id=marked, ordinal=2))


@pytest.mark.parametrize(
    "row",
    [
        lambda now: SessionRow(name="again", kind="day", day="2026-03-02", opens=now, zone="Europe/Berlin"),
        lambda now: SessionRow(name="a day without a date", kind="day", opens=now, zone="UTC"),
        lambda now: SessionRow(name="maths", kind="named", day="2026-03-03", opens=now, zone="UTC"),
        lambda now: SessionRow(name="what", kind="other", opens=now, zone="UTC"),
        lambda now: _mark(now, person_id=2, method="guess"),
        lambda now: _mark(now, person_id=2, direction="up"),
        lambda now: _mark(now, person_id=2, ordinal=0),
        lambda now: _mark(now, person_id=2, sighting_id=99),
        lambda now: _mark(now, person_id=99),
        lambda now: _sighting(now, means="manual"),
        lambda now: _sighting(now, ruling="perhaps"),
        lambda now: _sighting(now, retention="for ever"),
        lambda now: _sighting(now, person_id=1),
        lambda now: _sighting(now, place_id=99),
        lambda now: _correction(now, kind="forget"),
        lambda now: _correction(now, mark_id=None),
        lambda now: _correction(now, sighting_id=1),
        lambda now: _correction(now, person_id=1),
        lambda now: _correction(now, mark_id="nobody's"),
        lambda now: PlaceRow(name="door", kind="window", created=now),
        lambda now: PlaceRow(name="door", kind="kiosk", direction="up", created=now),
        lambda now: MembershipChange(person_id=99, group_id=1, member=True, from_day="2026-03-02", entered=now, by="t"),
        lambda _now: ForeignId(system="register", value="17", person_id=99),
        lambda now: RuleRow(name="x", group_id=1, person_id=1, created=now),
        lambda now: RuleRow(name="x", group_id=99, created=now),
        lambda now: RuleVersionRow(rule_id=99, from_day="2026-03-02", entered=now, by="t", reason=""),
        lambda now: _calendar(now, kind="holiday"),
        lambda now: _calendar(now, last_day="2026-03-01"),
        lambda now: _calendar(now, group_id=99),
        lambda now: _excuse(now, ends=now),
        lambda now: _excuse(now, person_id=99),
        lambda now: WithdrawalRow(at=now, by="t", reason=""),
        lambda now: WithdrawalRow(excuse_id=1, calendar_entry_id=1, at=now, by="t", reason=""),
        lambda now: ApprovalRow(granted=True, at=now, by="t", reason=""),
        lambda now: ApprovalRow(mark_id="m", excuse_id=1, granted=True, at=now, by="t", reason=""),
        lambda now: _coverage(now, kind="guess"),
        lambda now: _coverage(now, ends=now - timedelta(1)),
        lambda now: _coverage(now, place_id=99),
        lambda now: LookalikeRow(first_id=2, second_id=1, score=0.3, created=now),
        lambda now: Person(external_id="p", name="same id", created=now),
    ],
)
@pytest.mark.usefixtures("marked")
def test_the_database_refuses_nonsense(store, now, row):
    """Doubled days, unknown kinds, records of nobody or of two, spans in the wrong order: refused."""
    with store.atomic() as session:
        session.add_all([Person(external_id="q", name="q", created=now), _sighting(now), _mark(now, id="m", ordinal=7)])
        session.add_all([Group(id=1, name="g"), _calendar(now), _excuse(now), _coverage(now)])
    with pytest.raises(Conflict), store.atomic() as session:
        session.add(row(now))


@pytest.mark.usefixtures("marked")
def test_the_same_day_in_two_zones_is_two_sessions(store, now):
    """A default session is one a day and zone; named sessions may share a name."""
    with store.atomic() as session:
        session.add(SessionRow(name="2026-03-02", kind="day", day="2026-03-02", opens=now, zone="Asia/Tokyo"))
        session.add_all([SessionRow(name="maths", kind="named", opens=now, zone="UTC") for _ in range(2)])
    with store.reading() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 4


@pytest.mark.parametrize("model", [Person, SessionRow])
def test_an_id_is_never_used_twice(store, now, model):
    """After the newest row is removed, the next one still gets a new id."""

    def add() -> int:
        rows = {
            Person: lambda: Person(external_id="x", name="x", created=now),
            SessionRow: lambda: SessionRow(name="x", kind="named", opens=now, zone="UTC"),
        }
        with store.atomic() as session:
            row = rows[model]()
            session.add(row)
            session.flush()
            return row.id

    first = add()
    with store.atomic() as session:
        session.delete(session.get(model, first))

    assert add() == first + 1


def test_group_needs_no_care(store):
    """The table called group, a word of SQL, is quoted everywhere."""
    with store.atomic() as session:
        session.add(Group(name="select"))
    with store.reading() as session:
        assert session.scalars(select(Group.name)).all() == ["select"]


def test_the_event_table_has_its_columns():
    """Events carry sequence, time, actor, action, subject, details and links, and nothing that names a person."""
    columns = ["seq", "at", "by", "action", "subject", "details", "prev", "link"]
    assert columns == [column.key for column in inspect(EventRow).columns]

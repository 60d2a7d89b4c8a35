"""Records that are written once: a mark by face rests on a sighting, what was void is so by a correction.

Templates name the pipeline that made them, crops their form; places and aliases are new. Whatever is old moves in
batches, so that a home of any size needs little memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE, Instant, JsonText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BATCH = 500
_SIGHTED = ("source", "frame", "track", "box", "score", "cosine", "threshold", "margin", "target_fpir", "gallery_size")
"""What a sighting takes from the evidence of a mark as it is."""
_TAKEN = {*_SIGHTED, "candidates", "quality", "encoder", "entered_at", "time"}


def upgrade() -> None:
    """Make the new tables, and fill them from the old ones."""
    for name in ("crop", "template", "mark"):
        op.execute(f"CREATE TABLE {name}_0001 AS SELECT * FROM {name}")  # noqa: S608 - names of this file # nosec B608
    used = _template_ids()
    for name in ("crop", "template", "mark"):
        op.drop_table(name)
    _create_templates()
    _create_people_and_places()
    _create_sightings()
    _create_marks()
    _copy_templates(used)
    op.create_index("ix_mark_0001", "mark_0001", ["at", "id"])
    _copy_marks(op.get_bind())
    for name in ("crop", "template", "mark"):
        op.drop_table(f"{name}_0001")


def _create_templates() -> None:
    op.create_table(
        "template",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("pipeline_id", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_template_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint(
            "person_id",
            "pipeline_id",
            "source_sha256",
            name=op.f("uq_template_person_id_pipeline_id_source_sha256"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_template_pipeline_id_person_id"), "template", ["pipeline_id", "person_id"], unique=False)
    op.create_table(
        "crop",
        sa.Column("template_id", WHOLE, nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("form IN ('aligned', 'chip')", name=op.f("ck_crop_form")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_crop_template_id_template"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", name=op.f("pk_crop")),
    )


def _create_people_and_places() -> None:
    op.create_table(
        "alias",
        sa.Column("key", WHOLE, autoincrement=False, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_alias_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alias")),
    )
    op.create_index(op.f("ix_alias_person_id"), "alias", ["person_id"], unique=False)
    op.create_table(
        "place",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("group_id", WHOLE, nullable=True),
        sa.Column("target_fpir", sa.Double(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('camera', 'kiosk')", name=op.f("ck_place_kind")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_place_group_id_group"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("name", name=op.f("uq_place_name")),
        sqlite_autoincrement=True,
    )


def _create_sightings() -> None:
    op.create_table(
        "sighting",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_id", WHOLE, nullable=True),
        sa.Column("means", sa.String(length=8), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("frame", WHOLE, nullable=True),
        sa.Column("track", WHOLE, nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("session_id", WHOLE, nullable=True),
        sa.Column("ruling", sa.String(length=8), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("cosine", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("target_fpir", sa.Double(), nullable=True),
        sa.Column("gallery_size", WHOLE, nullable=True),
        sa.Column("candidates", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("pipeline_id", sa.String(length=200), nullable=False),
        sa.Column("retention", sa.String(length=8), nullable=False),
        sa.CheckConstraint("means IN ('camera', 'file')", name=op.f("ck_sighting_means")),
        sa.CheckConstraint(
            "person_id IS NULL OR ruling NOT IN ('unknown', 'refused')", name=op.f("ck_sighting_person")
        ),
        sa.CheckConstraint("retention IN ('mark', 'review', 'unknown', 'refused')", name=op.f("ck_sighting_retention")),
        sa.CheckConstraint(
            "ruling IN ('present', 'already', 'review', 'unknown', 'refused')", name=op.f("ck_sighting_ruling")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sighting_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_sighting_place_id_place")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_sighting_session_id_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sqlite_autoincrement=True,
    )
    for column in ("person_id", "place_id", "ruling", "session_id"):
        op.create_index(op.f(f"ix_sighting_{column}"), "sighting", [column], unique=False)
    op.create_table(
        "sighting_crop",
        sa.Column("sighting_id", WHOLE, nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sighting_id"], ["sighting.id"], name=op.f("fk_sighting_crop_sighting_id_sighting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sighting_id", name=op.f("pk_sighting_crop")),
    )


def _create_marks() -> None:
    op.create_table(
        "mark",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("ordinal", WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_known", sa.Boolean(), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=True),
        sa.Column("sighting_id", WHOLE, nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_mark_direction")),
        sa.CheckConstraint("method IN ('face', 'manual', 'pin', 'qr', 'badge', 'device')", name=op.f("ck_mark_method")),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_mark_ordinal")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mark_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_mark_session_id_session"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sighting_id"], ["sighting.id"], name=op.f("fk_mark_sighting_id_sighting"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        sa.UniqueConstraint("person_id", "session_id", "ordinal", name=op.f("uq_mark_person_id_session_id_ordinal")),
    )
    op.create_index(op.f("ix_mark_session_id"), "mark", ["session_id"], unique=False)
    op.create_index(op.f("ix_mark_sighting_id"), "mark", ["sighting_id"], unique=False)
    op.create_table(
        "correction",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mark_id", sa.String(length=32), nullable=True),
        sa.Column("sighting_id", WHOLE, nullable=True),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('void', 'restore', 'confirm', 'reassign', 'dismiss', 'excuse')", name=op.f("ck_correction_kind")
        ),
        sa.CheckConstraint("person_id IS NULL OR kind = 'reassign'", name=op.f("ck_correction_person")),
        sa.CheckConstraint("(mark_id IS NULL) <> (sighting_id IS NULL)", name=op.f("ck_correction_subject")),
        sa.ForeignKeyConstraint(["mark_id"], ["mark.id"], name=op.f("fk_correction_mark_id_mark"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_correction_person_id_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["sighting_id"], ["sighting.id"], name=op.f("fk_correction_sighting_id_sighting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_autoincrement=True,
    )
    for column in ("mark_id", "person_id", "sighting_id"):
        op.create_index(op.f(f"ix_correction_{column}"), "correction", [column], unique=False)


# Templates


def _template_ids() -> int | None:
    """The highest id that SQLite has ever given to a template: it must not be given again."""
    if op.get_bind().dialect.name != "sqlite":
        return None
    found: int | None = op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'template'"))
    return found


def _copy_templates(used: int | None) -> None:
    op.execute(
        "INSERT INTO template (id, person_id, pipeline_id, vector, quality, source, source_sha256, created) "
        "SELECT id, person_id, encoder_id, vector, quality, source, source_sha256, created "
        "FROM template_0001 ORDER BY id"
    )
    op.execute(
        "INSERT INTO crop (template_id, form, picture) "
        "SELECT template_id, 'aligned', picture FROM crop_0001 ORDER BY template_id"
    )
    if used is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'template'")
        op.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('template', :used)").bindparams(used=used))


# Marks

_OLD = sa.table(
    "mark_0001",
    sa.column("id", sa.String),
    sa.column("person_id", sa.Integer),
    sa.column("session_id", sa.Integer),
    sa.column("at", Instant),
    sa.column("how", sa.String),
    sa.column("evidence", JsonText),
    sa.column("voided_at", Instant),
    sa.column("void_reason", sa.Text),
    sa.column("voided_by", sa.Text),
)
_SIGHTING = sa.table(
    "sighting",
    *(sa.column(name) for name in ("id", "means", "session_id", "ruling", "person_id", "pipeline_id", "retention")),
    *(sa.column(name) for name in _SIGHTED if name != "box"),
    sa.column("at", Instant),
    *(sa.column(name, JsonText) for name in ("box", "reasons", "candidates", "quality")),
)
_MARK = sa.table(
    "mark",
    *(sa.column(name) for name in ("id", "person_id", "session_id", "ordinal", "by", "method", "sighting_id")),
    sa.column("time_known", sa.Boolean),
    sa.column("at", Instant),
    sa.column("entered", Instant),
    sa.column("details", JsonText),
)
_CORRECTION = sa.table(
    "correction",
    *(sa.column(name) for name in ("kind", "mark_id", "by", "reason")),
    sa.column("at", Instant),
)
_PERSON = sa.table("person", sa.column("id"), sa.column("external_id"), sa.column("name"))
_EVENT = sa.table("event", *(sa.column(name) for name in ("seq", "by", "action", "subject")))


def _copy_marks(connection: sa.Connection) -> None:
    """Each mark by face becomes a sighting and a mark, one by hand a mark, what was void a correction beside it."""
    people, number = _keys(connection), 0
    for rows in _batches(connection):
        makers = _makers(connection, [row.id for row in rows])
        sightings, marks = [], []
        for row in rows:
            evidence: dict[str, Any] = row.evidence or {}
            sighting = None
            if row.how != "manual":
                number += 1
                sighting = number
                sightings.append({"id": number, **_sighting(row, evidence, people)})
            marks.append(_mark(row, evidence, sighting, makers.get(row.id, "unknown")))
        _insert(connection, _SIGHTING, sightings)
        _insert(connection, _MARK, marks)
        _insert(connection, _CORRECTION, [_voided(row) for row in rows if row.voided_at is not None])


def _batches(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    """The old marks in order of time, a bounded number at once."""
    query = sa.select(_OLD).order_by(_OLD.c.at, _OLD.c.id).limit(_BATCH)
    rows = connection.execute(query).all()
    while rows:
        yield rows
        last = rows[-1]
        after = sa.or_(_OLD.c.at > last.at, sa.and_(_OLD.c.at == last.at, _OLD.c.id > last.id))
        rows = connection.execute(query.where(after)).all()


def _insert(connection: sa.Connection, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _keys(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Who has an external id, or alone a name."""
    named: dict[str, list[int]] = {}
    found: dict[tuple[str, str], int] = {}
    for row in connection.execute(sa.select(_PERSON)):
        found["id", row.external_id] = row.id
        named.setdefault(row.name, []).append(row.id)
    return found | {("name", name): keys[0] for name, keys in named.items() if len(keys) == 1}


def _makers(connection: sa.Connection, marks: list[str]) -> dict[str, str]:
    """Who has made each mark, as the log tells; of one that was made again by hand who did that."""
    told = sa.select(_EVENT.c.subject, _EVENT.c.by).where(
        _EVENT.c.action.in_(("mark.add", "mark.restore")), _EVENT.c.subject.in_(marks)
    )
    return {row.subject: row.by for row in connection.execute(told.order_by(_EVENT.c.seq))}


def _sighting(row: Any, evidence: Mapping[str, Any], people: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    return {
        "at": _entered(row, evidence),
        "means": row.how,
        **{name: evidence.get(name) for name in _SIGHTED},
        "source": evidence.get("source") or "",
        "session_id": row.session_id,
        "ruling": "present",
        "reasons": [],
        "person_id": row.person_id,
        "candidates": [_candidate(each, people) for each in evidence.get("candidates") or ()],
        "quality": evidence.get("quality") or {},
        "pipeline_id": evidence.get("encoder") or "",
        "retention": "mark",
    }


def _candidate(each: Mapping[str, Any], people: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """By key; null for somebody who is not enrolled any more."""
    called = ("name", str(each.get("name"))) if each.get("id") is None else ("id", str(each["id"]))
    return {"key": people.get(called), "score": each.get("score"), "cosine": each.get("cosine")}


def _mark(row: Any, evidence: Mapping[str, Any], sighting: int | None, maker: str) -> dict[str, Any]:
    taken = {"by", "entered_at", "time"} if sighting is None else _TAKEN
    return {
        "id": row.id,
        "person_id": row.person_id,
        "session_id": row.session_id,
        "ordinal": 1,
        "at": row.at,
        "time_known": evidence.get("time") != "unknown",
        "entered": _entered(row, evidence),
        "by": evidence.get("by", maker) if sighting is None else maker,
        "method": "manual" if sighting is None else "face",
        "sighting_id": sighting,
        "details": {name: value for name, value in evidence.items() if name not in taken},
    }


def _entered(row: Any, evidence: Mapping[str, Any]) -> datetime:
    """When the mark was made: what the evidence tells where that is not the time of the mark."""
    told = evidence.get("entered_at")
    return row.at if told is None else datetime.fromisoformat(told)


def _voided(row: Any) -> dict[str, Any]:
    return {"kind": "void", "mark_id": row.id, "at": row.voided_at, "by": row.voided_by, "reason": row.void_reason}

"""The first schema: people, templates, groups, sessions, marks, events."""

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "event",
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "group",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group")),
        sa.UniqueConstraint("name", name=op.f("uq_group_name")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "person",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("external_id", name=op.f("uq_person_external_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_person_name"), "person", ["name"], unique=False)
    op.create_table(
        "lookalike",
        sa.Column("first_id", WHOLE, nullable=False),
        sa.Column("second_id", WHOLE, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_lookalike_order")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["person.id"], name=op.f("fk_lookalike_first_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["person.id"], name=op.f("fk_lookalike_second_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_lookalike")),
    )
    op.create_index(op.f("ix_lookalike_second_id"), "lookalike", ["second_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("group_id", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group.id"], name=op.f("fk_membership_group_id_group"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "group_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_group_id"), "membership", ["group_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=True),
        sa.Column("group_id", WHOLE, nullable=True),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.CheckConstraint("(kind = 'day') = (day IS NOT NULL)", name=op.f("ck_session_day")),
        sa.CheckConstraint("kind IN ('day', 'named')", name=op.f("ck_session_kind")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group.id"], name=op.f("fk_session_group_id_group"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("day", "zone", name=op.f("uq_session_day_zone")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_session_name"), "session", ["name"], unique=False)
    op.create_table(
        "template",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("encoder_id", sa.String(length=200), nullable=False),
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
            "encoder_id",
            "source_sha256",
            name=op.f("uq_template_person_id_encoder_id_source_sha256"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_template_encoder_id_person_id"), "template", ["encoder_id", "person_id"], unique=False)
    op.create_table(
        "crop",
        sa.Column("template_id", WHOLE, nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_crop_template_id_template"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", name=op.f("pk_crop")),
    )
    op.create_table(
        "mark",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("how IN ('camera', 'file', 'manual')", name=op.f("ck_mark_how")),
        sa.CheckConstraint(
            "(voided_at IS NULL) = (void_reason IS NULL) AND (voided_at IS NULL) = (voided_by IS NULL)",
            name=op.f("ck_mark_void"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_mark_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_mark_session_id_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        sa.UniqueConstraint("person_id", "session_id", name=op.f("uq_mark_person_id_session_id")),
    )
    op.create_index(op.f("ix_mark_session_id"), "mark", ["session_id"], unique=False)

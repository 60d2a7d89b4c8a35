"""What people are expected for, and what was said of it: rules, calendar, excuses, approvals, coverage, closed months.

Everything is new but a place's direction and an index of marks by time: what homes hold stays as it is.
"""

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables."""
    op.execute(  # as one clause: SQLite then keeps the definition that a new home has, and need not rebuild the table
        "ALTER TABLE place ADD COLUMN direction VARCHAR(8) "
        "CONSTRAINT ck_place_direction CHECK (direction IN ('in', 'out'))"
    )
    op.create_index(op.f("ix_mark_at"), "mark", ["at"], unique=False)
    op.create_table(
        "membership_change",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("group_id", WHOLE, nullable=False),
        sa.Column("member", sa.Boolean(), nullable=False),
        sa.Column("from_day", sa.String(length=10), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_change_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group.id"], name=op.f("fk_membership_change_group_id_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_membership_change_group_id"), "membership_change", ["group_id"], unique=False)
    op.create_index(op.f("ix_membership_change_person_id"), "membership_change", ["person_id"], unique=False)
    op.create_table(
        "foreign_id",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_foreign_id_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("system", "value", name=op.f("pk_foreign_id")),
    )
    op.create_index(op.f("ix_foreign_id_person_id"), "foreign_id", ["person_id"], unique=False)
    op.create_table(
        "rule",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("group_id", WHOLE, nullable=True),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("group_id IS NULL OR person_id IS NULL", name=op.f("ck_rule_whom")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_rule_group_id_group")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_rule_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_rule_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rule_group_id"), "rule", ["group_id"], unique=False)
    op.create_index(op.f("ix_rule_person_id"), "rule", ["person_id"], unique=False)
    op.create_table(
        "rule_version",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("rule_id", WHOLE, nullable=False),
        sa.Column("from_day", sa.String(length=10), nullable=False),
        sa.Column("spec", sa.Text(), nullable=True),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["rule.id"], name=op.f("fk_rule_version_rule_id_rule"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rule_version_rule_id"), "rule_version", ["rule_id"], unique=False)
    op.create_table(
        "calendar_entry",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("group_id", WHOLE, nullable=True),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('closed', 'open', 'term')", name=op.f("ck_calendar_entry_kind")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_calendar_entry_order")),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_calendar_entry_group_id_group")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_calendar_entry_group_id"), "calendar_entry", ["group_id"], unique=False)
    op.create_table(
        "excuse",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=True),
        sa.Column("awaits", sa.Boolean(), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("begins < ends", name=op.f("ck_excuse_order")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_excuse_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excuse")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_excuse_person_id"), "excuse", ["person_id"], unique=False)
    op.create_table(
        "withdrawal",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("excuse_id", WHOLE, nullable=True),
        sa.Column("calendar_entry_id", WHOLE, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(excuse_id IS NULL) <> (calendar_entry_id IS NULL)", name=op.f("ck_withdrawal_subject")),
        sa.ForeignKeyConstraint(
            ["excuse_id"], ["excuse.id"], name=op.f("fk_withdrawal_excuse_id_excuse"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["calendar_entry_id"],
            ["calendar_entry.id"],
            name=op.f("fk_withdrawal_calendar_entry_id_calendar_entry"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("excuse_id", name=op.f("uq_withdrawal_excuse_id")),
        sa.UniqueConstraint("calendar_entry_id", name=op.f("uq_withdrawal_calendar_entry_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "approval",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("mark_id", sa.String(length=32), nullable=True),
        sa.Column("excuse_id", WHOLE, nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(mark_id IS NULL) <> (excuse_id IS NULL)", name=op.f("ck_approval_subject")),
        sa.ForeignKeyConstraint(["mark_id"], ["mark.id"], name=op.f("fk_approval_mark_id_mark"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["excuse_id"], ["excuse.id"], name=op.f("fk_approval_excuse_id_excuse"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("mark_id", name=op.f("uq_approval_mark_id")),
        sa.UniqueConstraint("excuse_id", name=op.f("uq_approval_excuse_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "month",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_month_month"), "month", ["month"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("place_id", WHOLE, nullable=True),
        sa.Column("group_id", WHOLE, nullable=True),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('camera', 'file', 'device', 'hand')", name=op.f("ck_coverage_kind")),
        sa.CheckConstraint("begins <= ends", name=op.f("ck_coverage_order")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_coverage_place_id_place")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group.id"], name=op.f("fk_coverage_group_id_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_coverage_begins"), "coverage", ["begins"], unique=False)
    op.create_index(op.f("ix_coverage_ends"), "coverage", ["ends"], unique=False)
    op.create_index(op.f("ix_coverage_group_id"), "coverage", ["group_id"], unique=False)
    op.create_index(op.f("ix_coverage_place_id"), "coverage", ["place_id"], unique=False)

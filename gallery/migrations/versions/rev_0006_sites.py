"""Sites, who belongs to them, leases, processes at work, late arrivals, and what an index has to follow.

What homes hold stays as it is. The sites that places, calendar entries and rules name already become known ones.
"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables, the new columns, and the sites that are named."""
    op.create_table(
        "arrival",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('kept', 'already', 'refused')", name=op.f("ck_arrival_outcome")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_arrival")),
    )
    op.create_index(op.f("ix_arrival_at"), "arrival", ["at"], unique=False)
    op.create_index(op.f("ix_arrival_site"), "arrival", ["site"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("taken", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("epoch >= 1", name=op.f("ck_lease_epoch")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "site",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site")),
    )
    op.create_table(
        "template_change",
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_template_change")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=True),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "person_site",
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_site_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site"], ["site.name"], name=op.f("fk_person_site_site_site")),
        sa.PrimaryKeyConstraint("person_id", "site", name=op.f("pk_person_site")),
    )
    op.create_index(op.f("ix_person_site_site"), "person_site", ["site"], unique=False)
    for table in ("coverage", "mark", "session", "sighting"):
        op.add_column(table, sa.Column("site", sa.String(length=200), nullable=True))
    _name_known_sites()


def _name_known_sites() -> None:
    connection = op.get_bind()
    told = connection.execute(
        sa.text(
            "SELECT site FROM place WHERE site IS NOT NULL UNION SELECT site FROM calendar_entry WHERE site IS NOT NULL"
        )
    ).scalars()
    names = {str(name) for name in told}
    for spec in connection.execute(sa.text("SELECT spec FROM rule_version WHERE spec IS NOT NULL")).scalars():
        site = json.loads(spec).get("site")
        if isinstance(site, str):
            names.add(site)
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("name", sa.Text()),
        sa.column("created", sa.DateTime(timezone=True)),
        sa.column("by", sa.Text()),
        sa.column("active", sa.Boolean()),
    ]
    rows = [
        {"name": name, "created": datetime.now(UTC), "by": "upgrade", "active": True}
        for name in sorted(names)
        if len(name) <= 200  # noqa: PLR2004  the column's
    ]
    if rows:
        op.bulk_insert(sa.table("site", *columns), rows)

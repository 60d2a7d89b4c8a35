"""Consent, holds, erasures, known backups, second factors; entries of the log get links; accounts may be auditors.

What homes hold stays as it is: entries of before get no link, and the first one after them vouches for them all.
"""

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables, then the new columns; the one changed table is rebuilt."""
    op.create_table(
        "backup",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bytes", WHOLE, nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("verified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consent_text",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_text")),
        sa.UniqueConstraint("version", "language", name=op.f("uq_consent_text_version_language")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "erasure",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_key", WHOLE, nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('person', 'face', 'photo', 'unknown')", name=op.f("ck_erasure_what")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("person_key", "what", name=op.f("uq_erasure_person_key_what")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consent",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("text_id", WHOLE, nullable=True),
        sa.Column("given_by", sa.String(length=8), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("basis IN ('consent', 'contract', 'law')", name=op.f("ck_consent_basis")),
        sa.CheckConstraint("given_by IN ('self', 'guardian')", name=op.f("ck_consent_given_by")),
        sa.CheckConstraint("method IN ('page', 'paper', 'spoken')", name=op.f("ck_consent_method")),
        sa.CheckConstraint("purpose IN ('face', 'photo', 'unknown')", name=op.f("ck_consent_purpose")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_consent_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["text_id"], ["consent_text.id"], name=op.f("fk_consent_text_id_consent_text")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_person_id"), "consent", ["person_id"], unique=False)
    op.create_table(
        "consent_form",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text_id", WHOLE, nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=8), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_consent_form_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["text_id"], ["consent_text.id"], name=op.f("fk_consent_form_text_id_consent_text")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_form")),
        sa.UniqueConstraint("digest", name=op.f("uq_consent_form_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_form_person_id"), "consent_form", ["person_id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("lifted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_hold_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hold_person_id"), "hold", ["person_id"], unique=False)
    op.create_table(
        "second_factor",
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", WHOLE, nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.add_column("event", sa.Column("prev", sa.String(length=66), nullable=True))
    op.add_column("event", sa.Column("link", sa.String(length=66), nullable=True))

    op.add_column("sign_in", sa.Column("browser", sa.String(length=200), nullable=True))
    with op.batch_alter_table("account", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(op.f("ck_account_role"), type_="check")
        table.create_check_constraint(op.f("ck_account_role"), "role IN ('admin', 'teacher', 'auditor')")

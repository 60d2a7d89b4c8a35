"""What the service keeps: accounts, tokens, credentials, attempts, answers, receivers, news, deliveries, watches, jobs.

Every table is new: what homes hold stays as it is.
"""

import sqlalchemy as sa
from alembic import op

from gallery.columns import WHOLE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables."""
    op.create_table(
        "account",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'teacher')", name=op.f("ck_account_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "attempt",
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("failures", WHOLE, nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_attempt")),
    )
    op.create_table(
        "job",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", WHOLE, nullable=False),
        sa.Column("total", WHOLE, nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed', 'interrupted')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "receiver",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('webhook', 'mqtt')", name=op.f("ck_receiver_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receiver")),
        sa.UniqueConstraint("name", name=op.f("uq_receiver_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "secret",
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_secret")),
    )
    op.create_table(
        "account_group",
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("group_id", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_group_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group.id"], name=op.f("fk_account_group_group_id_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "group_id", name=op.f("pk_account_group")),
    )
    op.create_index(op.f("ix_account_group_group_id"), "account_group", ["group_id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("person_id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("handle", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('pin', 'qr', 'badge')", name=op.f("ck_credential_kind")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_credential_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("kind", "handle", name=op.f("uq_credential_kind_handle")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_credential_person_id"), "credential", ["person_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", WHOLE, nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"], unique=False)
    op.create_table(
        "news",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("place_id", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_news_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_news_place_id_place"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_news_at"), "news", ["at"], unique=False)
    op.create_index(op.f("ix_news_person_id"), "news", ["person_id"], unique=False)
    op.create_index(op.f("ix_news_place_id"), "news", ["place_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("place_id", WHOLE, nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("counter", WHOLE, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('api', 'kiosk', 'feed', 'setup')", name=op.f("ck_token_kind")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_token_place_id_place"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_token_place_id"), "token", ["place_id"], unique=False)
    op.create_table(
        "watch",
        sa.Column("place_id", WHOLE, nullable=False),
        sa.Column("session", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_watch_place_id_place"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("place_id", name=op.f("pk_watch")),
    )
    op.create_table(
        "answer",
        sa.Column("token_id", WHOLE, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("status", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", WHOLE, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_answer_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["token_id"], ["token.id"], name=op.f("fk_answer_token_id_token"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_answer")),
    )
    op.create_index(op.f("ix_answer_at"), "answer", ["at"], unique=False)
    op.create_index(op.f("ix_answer_person_id"), "answer", ["person_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("receiver_id", WHOLE, nullable=False),
        sa.Column("news_id", WHOLE, nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name=op.f("fk_delivery_news_id_news"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["receiver.id"], name=op.f("fk_delivery_receiver_id_receiver"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("receiver_id", "news_id", name=op.f("uq_delivery_receiver_id_news_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_done_due"), "delivery", ["done", "due"], unique=False)
    op.create_index(op.f("ix_delivery_news_id"), "delivery", ["news_id"], unique=False)

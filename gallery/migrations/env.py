"""Alembic's entry: runs the steps on the connection that `gallery.migrations.running` is given."""

from alembic import context

from gallery.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a table by rebuilding it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

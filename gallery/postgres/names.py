"""Names of tables and columns in statements that no model writes."""

from sqlalchemy.dialects import postgresql

_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]


def quoted(name: str) -> str:
    """A name as a statement takes it, in quotes where it needs them."""
    return str(_PREPARER.quote(name))

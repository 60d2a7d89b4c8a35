"""How far the ids of a table have gone, as its sequence tells; none is ever used again."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

_SEQUENCES: Final = text(
    "SELECT t.relname, CAST(s.oid AS regclass), pg_sequence_last_value(s.oid) FROM pg_class s "
    "JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') "
    "JOIN pg_class t ON t.oid = d.refobjid "
    "WHERE s.relkind = 'S' AND s.relnamespace = CAST(current_schema() AS regnamespace)"
)
_SET: Final = text("SELECT setval(CAST(:sequence AS regclass), :last, :used)")


def counters(connection: Connection) -> dict[str, int]:
    """The highest id ever given out, by table; a table that has given none is left out."""
    found = {str(table): last for table, _, last in connection.execute(_SEQUENCES) if last is not None}
    return dict(sorted(found.items()))


def set_counters(connection: Connection, new: Mapping[str, int]) -> None:
    """Have the tables go on from these ids, and those not named from the first one."""
    for table, sequence, _ in connection.execute(_SEQUENCES).all():
        last = new.get(str(table), 0)
        connection.execute(_SET, {"sequence": str(sequence), "last": max(last, 1), "used": last > 0})

"""Whether vectors lie unsealed on the server, for it to search them, and whether it may."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.services.doctor_finding import Finding
from gallery.repositories import vectors
from gallery.search.plans import ON_SERVER
from refusal import counted

if TYPE_CHECKING:
    from attendance.settings import Settings
    from gallery import Database

DROP = "attendance gallery vectors drop"
BACK = "attendance config set search_plan auto"


def vector_findings(store: "Database", settings: "Settings") -> Iterator[Finding]:
    """What is to be known of the vectors on the server; nothing where none lie there and none are wanted."""
    with store.reading() as session:
        wanted, there = settings.search_plan == ON_SERVER, vectors.is_there(session)
        told = vectors.version(session) if store.engine == "postgresql" else None
        count = vectors.count(session) if there else 0
        shut = wanted and vectors.fits(told) and not vectors.may_be_made(session)
    if wanted and not vectors.fits(told):
        has = f"pgvector is {told or 'missing'}" if store.engine == "postgresql" else "the home is a file, on no server"
        yield Finding("vectors", f"search_plan is pgvector, but {has}", "gallery.no_pgvector", BACK, 3)
    if shut:
        found = "search_plan is pgvector, but the extension may not be made by this account"
        yield Finding("vectors", found, "gallery.no_pgvector", "its owner runs CREATE EXTENSION vector", 3)
    if there:
        lie = counted(count, "vector lies", "vectors lie")
        known = f"{lie} on the server unsealed: whoever owns the database or reads a copy can read what lies there"
        if wanted:
            yield Finding("vectors", f"{known}; search_plan pgvector wants it so (pgvector {told})")
        else:
            yield Finding("vectors", known, "vectors.left", DROP, 1)

"""Proven erasure where the database is on a server: its tables are looked through as files are, and receipts say so."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import text

from attendance import Attendance
from attendance.services import receipts as papers
from gallery import open_database
from gallery.postgres import erasing

GONE = "Zoë Needle"


def enrolled(app: Attendance, name: str, ref: str, seed: int) -> None:
    """Somebody with a template like those of real faces, a face, and a mark."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=512).astype(np.float32)
    app.gallery.enroll(
        name, values / np.linalg.norm(values), 0.2, quality={"score": 80}, source=f"{ref}.png", at=app.clock.utc(),
        source_sha256=chance.bytes(32).hex(), external_id=ref, crop=chance.bytes(3000), by="t",
    )  # fmt: skip
    app.mark(ref)


@pytest.fixture
def served(tmp_path, postgres, clock, pipeline) -> Iterator[Attendance]:
    """A home on a server, with somebody who is to be erased, and somebody who stays."""
    from servers import Homes

    with (
        closing(Homes(tmp_path, postgres)) as places,
        Attendance.open(places.new("home"), clock=clock, pipeline=pipeline) as app,
    ):
        enrolled(app, GONE, "Needle-1", 1)
        enrolled(app, "Somebody Else", "Stays-1", 2)
        yield app


def test_a_receipt_tells_of_tables(served, tmp_path):
    """Nothing of them is left in any table; the receipt names the tables, and what no erasure reaches."""
    done = served.erasing.erase(served.actor, "Needle-1", tmp_path / "receipt.json")
    told, lines = done.receipt, list(done.lines())
    tables = {each["path"] for each in told["files"] if each["path"].startswith(papers.TABLE)}

    assert (True, [], True, True) == (done.clean, told["hits"], told["erased"], told["compacted"])
    assert {"table public.person", "table public.template", "table public.event", "table pg_stats"} <= tables
    assert all(each["sha256"] and each["bytes"] for each in told["files"] if each["path"] in tables)
    assert "postgresql" == told["engine"]
    assert any("beyond reach" in each and "pg_wal" in each for each in lines)
    assert any(f"{len(tables)} tables" in each for each in lines)
    papers.refuse_altered("receipt", papers.read(tmp_path / "receipt.json"))


def test_a_trace_in_a_table_is_told(served, tmp_path):
    """What somebody has written of them elsewhere is found in its table, and explained."""
    with served.store.atomic() as session:
        session.execute(text("UPDATE person SET note = :note WHERE external_id = 'Stays-1'"), {"note": f"by {GONE}"})
    done = served.erasing.erase(served.actor, "Needle-1", tmp_path / "receipt.json")

    assert not done.clean
    assert {"table public.person"} == {each["path"] for each in done.receipt["hits"]}
    assert all("table" in each["advice"] for each in done.receipt["hits"])
    assert {"person.note"} == {each["where"] for each in done.receipt["explained"]}


def test_where_somebody_reads_from_before_it_is_told(served, tmp_path, monkeypatch):
    """While another program reads the tables from before, the receipt says that they still hold it."""
    monkeypatch.setattr(erasing.vacuum, "__kwdefaults__", {"wait_s": 0.05})
    with open_database(served.store.home, read_only=True) as other, other.reading() as view:
        view.scalar(text("SELECT count(*) FROM person"))
        done = served.erasing.erase(served.actor, "Needle-1", tmp_path / "receipt.json")

    assert (False, False) == (done.clean, done.receipt["compacted"])
    assert any("tables still hold it" in each for each in done.lines())


def test_slices_of_sites_are_told_of(served, tmp_path):
    """The receipt names the sites whose computers remove the same when they are next in contact."""
    from gallery.slices.slice import Slice

    served.sites.add(served.actor, "North")
    with closing(Slice.begin(served.home)) as slice_, served.store.reading() as transaction:
        slice_.fill(transaction, "North", at=served.clock.utc())
    done = served.erasing.erase(served.actor, "Needle-1", tmp_path / "receipt.json")
    assert [True] == ["North" in each for each in done.lines() if "slice of the gallery" in each]
    (hit,) = {each["path"]: each for each in done.receipt["hits"]}.values()
    assert ("offline/attendance.db", True) == (hit["path"], "contact" in hit["advice"])

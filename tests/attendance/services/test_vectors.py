"""Vectors on a server as the product meets them: the plan that searches them, what doctor says, and their end."""

import sys

import pytest
import servers
from sqlalchemy import text

from attendance import Attendance
from attendance.services.doctor_index import index_findings
from attendance.services.doctor_vectors import vector_findings
from attendance.settings import Settings
from gallery import open_database
from gallery.errors import PgvectorMissing
from gallery.repositories import vectors
from gallery.search.onserver import ServerIndex

PLAN = {"search_plan": "pgvector", "guard_people": 0}


@pytest.fixture
def served(postgres, tmp_path, clock, pipeline):
    """Open a home on a server with these settings; its vectors are searched there."""
    homes = servers.Homes(tmp_path, postgres)
    folder, opened = homes.new("served", filled=True), []

    def again(**flags) -> Attendance:
        opened.append(Attendance.open(folder, clock=clock, pipeline=pipeline, flags={**PLAN, **flags}))
        return opened[-1]

    with open_database(folder) as store, store.reading() as session:
        if not vectors.fits(vectors.version(session)):
            pytest.skip("this server has no pgvector of 0.8.4 or newer")
    yield again
    for each in opened:
        each.close()
    homes.close()


def found(app: Attendance) -> list[tuple[str | None, int]]:
    return [(each.id, each.exit_code) for each in vector_findings(app.store, app.settings)]


def test_people_are_found_by_the_server(served, draw):
    """Enrolled, recognised and removed as in memory, with nothing in memory."""
    app = served()
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    (seen,) = app.check(draw("again.png", (1,), seed=3))
    assert ("present", "Ada") == (seen.decision, seen.person.name)
    assert isinstance(app.judging._index, ServerIndex)
    app.people.remove(app.actor, "Ada")
    (gone,) = app.check(draw("gone.png", (1,), seed=4))
    assert ("unknown", 1) == (gone.decision, app.upkeep.vectors())


def test_doctor_says_that_vectors_are_open(served, draw):
    """Wanted so it is told without blame; left over after the plan was changed it is a finding with its repair."""
    app = served()
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.policy()
    (told,) = vector_findings(app.store, app.settings)
    assert ("vectors", None, True) == (told.check, told.id, "1 vector lies on the server unsealed" in told.detail)
    assert [("vectors.left", 1)] == found(served(search_plan="auto"))


def told_of_index(app: Attendance) -> list[str]:
    return [each.detail for each in index_findings(app.gallery, "pgvector", app.clock, full=False)]


def test_doctor_measures_the_search_on_the_server(served, draw, monkeypatch):
    """The index line is of the server's own search, as checks ask it, and puts nothing there."""
    app = served()
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    app.upkeep.drop_vectors(app.actor)
    [told] = told_of_index(app)
    assert told.startswith("plan pgvector: no vector lies on the server yet; the next check puts in what is missing")
    assert app.upkeep.vectors() is None
    app.policy()
    asked = []
    nearest = vectors.nearest
    monkeypatch.setattr(vectors, "nearest", lambda *given: asked.append(1) or nearest(*given))
    [told] = told_of_index(app)
    assert (2, True) == (len(asked), told.startswith("plan pgvector: 2 of the gallery's own templates looked for"))
    with app.store.atomic() as session:
        session.execute(text("DELETE FROM attendance_vector WHERE template_id = 1"))
    [told] = told_of_index(app)
    assert told.startswith("plan pgvector: 1 template has no vector on the server yet")
    assert 1 == app.upkeep.vectors()


def test_doctor_asks_a_slow_server_for_as_long_as_somebody_waits(served, draw, clock, monkeypatch):
    """What takes long ends after some seconds with what was measured by then, unless everything is asked for."""
    app = served()
    for number, name in enumerate(("Ada", "Bob", "Cy"), 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name)
    app.policy()
    nearest = vectors.nearest
    monkeypatch.setattr(vectors, "nearest", lambda *given: clock.forward(seconds=6) or nearest(*given))
    [told] = told_of_index(app)
    assert told.startswith("plan pgvector: 2 of the gallery's own templates looked for")
    [told] = (each.detail for each in index_findings(app.gallery, "pgvector", clock, full=True))
    assert told.startswith("plan pgvector: 3 of the gallery's own templates looked for")


def test_dropped_they_are_gone(served, draw):
    """After dropping nothing lies on the server, and the next check in memory finds everybody."""
    app = served()
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.policy()
    assert 1 == app.upkeep.drop_vectors(app.actor)
    later = served(search_plan="auto")
    assert (None, []) == (later.upkeep.vectors(), found(later))
    (seen,) = later.check(draw("again.png", (1,), seed=3))
    assert "Ada" == seen.person.name


def test_what_asks_a_server_is_loaded_for_that_alone(app, monkeypatch):
    """A home that is searched in memory starts without what only pgvector needs."""
    monkeypatch.delitem(sys.modules, "gallery.search.onserver")
    app.policy()
    assert "gallery.search.onserver" not in sys.modules


def test_a_home_in_a_file_refuses_the_plan(home, clock, pipeline):
    """Nobody is judged by another plan than the one asked for: one line says what to do."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=PLAN) as app:
        with pytest.raises(PgvectorMissing):
            app.policy()
        assert ["gallery.no_pgvector"] == [each.id for each in vector_findings(app.store, app.settings)]
        assert [] == list(vector_findings(app.store, Settings()))
        assert [] == told_of_index(app)


def test_doctor_says_that_the_extension_may_not_be_made(served, monkeypatch):
    """Where pgvector is there but this account may not put it into the database, doctor finds what checks meet."""
    app = served()
    monkeypatch.setattr(vectors, "may_be_made", lambda _: False)
    assert [("gallery.no_pgvector", 3)] == found(app)


def test_who_may_make_the_extension(served):
    """Whoever administers the server may, an account of the database may not, and anybody may where it is made."""
    app = served()
    with app.store.atomic() as session:
        session.execute(text("CREATE ROLE plain_account"))
        session.execute(text("SET LOCAL ROLE plain_account"))
        plain = vectors.may_be_made(session)
        session.execute(text("RESET ROLE"))
        admin = vectors.may_be_made(session)
        session.execute(text("CREATE EXTENSION vector"))
        session.execute(text("SET LOCAL ROLE plain_account"))
        made = vectors.may_be_made(session)
        session.execute(text("RESET ROLE"))
        session.execute(text("DROP ROLE plain_account"))
    assert (False, True, True) == (plain, admin, made)

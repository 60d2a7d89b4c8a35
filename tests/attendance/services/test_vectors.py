"""Vectors on a server as the product meets them: the plan that searches them, what doctor says, and their end."""

import pytest
import servers

from attendance import Attendance
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
    assert ("vectors", None, True) == (told.check, told.id, "1 vectors lie on the server unsealed" in told.detail)
    assert [("vectors.left", 1)] == found(served(search_plan="auto"))


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


def test_a_home_in_a_file_refuses_the_plan(home, clock, pipeline):
    """Nobody is judged by another plan than the one asked for: one line says what to do."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=PLAN) as app:
        with pytest.raises(PgvectorMissing):
            app.policy()
        assert ["gallery.no_pgvector"] == [each.id for each in vector_findings(app.store, app.settings)]
        assert [] == list(vector_findings(app.store, Settings()))

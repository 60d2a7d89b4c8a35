"""Long work: done one after the other beside everything else, told as it goes, named when it breaks off."""

import io
import stat
import threading

import pytest

from attendance.access import Actor, Visitor
from attendance.errors import SourceMissing
from attendance.service_errors import JobUnknown, ServiceBusy
from attendance.services import jobs as module
from attendance.services.jobs import Jobs, without_folders
from gallery.locations import parsed, point_at
from gallery.repositories import jobs as rows

ADA, BOB = Actor("Ada", door="web"), Actor("Bob", door="web")


@pytest.fixture
def jobs(app):
    """The jobs of a home, closed in the end."""
    yield app.jobs
    app.jobs.close()


def visitor(actor: Actor, role: str) -> Visitor:
    return Visitor(actor, role)


def test_done(jobs):
    """What a job makes and counts is there when it has ended; its folder is for the owner's eyes alone."""

    def work(progress) -> dict:
        progress.file("result.csv").write_text("a,b\n")
        progress.step(2, 4)
        progress.advance(2)
        return {"rows": 1}

    made = jobs.begin(ADA, "report", work)
    found = jobs.wait(made.id)
    assert ("done", 4, 4, {"rows": 1}, "Ada") == (found.state, found.done, found.total, found.told, found.by)
    assert [("result.csv", 4)] == [(each.name, each.size) for each in jobs.files(made.id)]
    assert "a,b\n" == jobs.file(made.id, "result.csv").read_text()
    assert 0o700 == stat.S_IMODE(jobs.file(made.id, "result.csv").parent.stat().st_mode)


def test_one_after_the_other(jobs):
    """The second job begins when the first has ended; how far the first is can be asked meanwhile."""
    go, order = threading.Event(), []

    def first(progress) -> dict:
        progress.step(3, 10)
        go.wait(30)
        order.append("first")
        return {}

    one = jobs.begin(ADA, "a", first)
    two = jobs.begin(ADA, "b", lambda _: order.append("second") or {})
    while jobs.numbered(one.id).done != 3:
        pass
    assert ("running", "running") == (jobs.numbered(one.id).state, jobs.numbered(two.id).state)
    go.set()
    jobs.wait(two.id)
    assert ["first", "second"] == order


def test_failed(jobs):
    """A job that is refused tells the error's id in its row, and its words in the folder alone; the next is done."""

    def broken(_progress) -> dict:
        raise SourceMissing("Ada Lovelace.zip", "there is no such file")

    made = jobs.begin(ADA, "a", broken)
    odd = jobs.begin(ADA, "b", lambda _: 1 / 0)
    assert 1 == jobs.wait(jobs.begin(ADA, "c", lambda _: {"n": 1}).id).told["n"]
    found = jobs.wait(made.id)
    assert ("failed", {"error": SourceMissing.id}) == (found.state, found.told)
    assert "Ada Lovelace.zip" in jobs.problem(made.id)
    assert {"error": "internal.failed"} == jobs.numbered(odd.id).told
    assert [] == jobs.files(made.id)


def test_stopped(app):
    """When the service stops, work that asks how to go on breaks off, and it and what waited are interrupted."""
    jobs, begun = Jobs(app.store, app.clock), threading.Event()

    def endless(progress) -> dict:
        begun.set()
        while True:
            progress.advance()

    one, two = jobs.begin(ADA, "a", endless), jobs.begin(ADA, "b", lambda _: {})
    begun.wait(30)
    jobs.close()
    assert ["interrupted", "interrupted"] == [jobs.numbered(each.id).state for each in (one, two)]
    with pytest.raises(ServiceBusy):
        jobs.begin(ADA, "c", lambda _: {})


def test_named_after_a_kill(app, clock):
    """A job whose process was killed is shown as interrupted at once it is missed, and written so at the next start."""
    with app.store.atomic() as transaction:
        made = rows.begin(transaction, "import", by="Ada", at=clock.utc())
    assert "running" == app.jobs.numbered(made.id).state
    clock.forward(minutes=1)
    assert ["interrupted"] == [each.state for each in app.jobs.all()]
    app.jobs.tidy()
    with app.store.reading() as transaction:
        assert "interrupted" == rows.numbered(transaction, made.id).state


def test_results_go_after_a_day(app, jobs, clock):
    """Results are there for a day, and gone at the first start after it; so is a folder that belongs to no job."""
    made = jobs.begin(ADA, "a", lambda progress: {"n": progress.file("x.txt").write_text("x")})
    jobs.wait(made.id)
    stray = app.home / "jobs" / "99"
    stray.mkdir()
    clock.forward(hours=23)
    app.jobs.tidy()
    assert ["x.txt"] == [each.name for each in jobs.files(made.id)]
    assert not stray.exists()
    clock.forward(hours=2)
    app.jobs.tidy()
    assert [] == jobs.files(made.id)
    with pytest.raises(JobUnknown):
        jobs.file(made.id, "x.txt")


def test_what_was_never_decided_about_goes(app, clock):
    """A file that somebody sent and forgot is deleted by the service, whether or not anybody comes back."""
    kept = app.uploads.keep(ADA, "list.csv", io.BytesIO(b"a"))
    app.jobs.start()
    assert kept.path.exists()
    clock.forward(minutes=61)
    app.jobs.tidy()
    app.jobs.close()
    assert not kept.path.exists()


@pytest.mark.parametrize("name", ["../../config.toml", "/etc/passwd", "..", "", "problem.txt", "x.txt\0"])
def test_only_its_own_files(jobs, name):
    """Nothing but a file that the job has made can be asked for."""
    made = jobs.begin(ADA, "a", lambda progress: {"n": progress.file("../../x.txt").write_text("x")})
    jobs.wait(made.id)
    assert ["x.txt"] == [each.name for each in jobs.files(made.id)]
    with pytest.raises(JobUnknown):
        jobs.file(made.id, name)


def test_whose(jobs):
    """A teacher sees what they have begun, an admin everything; what is another's is as if it were not."""
    made = jobs.begin(ADA, "a", lambda _: {})
    jobs.wait(made.id)
    assert made.id == jobs.seen_by(visitor(ADA, "teacher"), made.id).id
    assert [made.id] == [each.id for each in jobs.of(visitor(BOB, "admin"))]
    assert [] == jobs.of(visitor(BOB, "teacher"))
    for number in (made.id, 0, -1, 1 << 70):
        with pytest.raises(JobUnknown):
            jobs.seen_by(visitor(BOB, "teacher"), number)


def test_not_too_many(jobs, monkeypatch):
    """Beyond a number of jobs that wait another one is refused, and nothing of it is written."""
    monkeypatch.setattr(module, "MOST_OPEN", 1)
    go = threading.Event()
    jobs.begin(ADA, "a", lambda _: {"n": int(go.wait(30))})
    with pytest.raises(ServiceBusy):
        jobs.begin(ADA, "b", lambda _: {})
    go.set()
    assert ["a"] == [each.kind for each in jobs.all()]


def test_where_the_database_is_stays_here(tmp_path):
    """What is told of an error names neither folders of the home nor the address of its server."""
    home = tmp_path / "home"
    point_at(home, parsed("postgresql://school:secret@10.0.0.7/attendance"))
    told = f"postgresql://school@10.0.0.7/attendance: the disk is full, see {home}/key in {home}"
    assert "database: the disk is full, see key in the home" == without_folders(told, home)
    (home / "database").write_text("nonsense")
    assert "See key" == without_folders(f"See {home}/key", home)

"""Jobs as pages: whoever began one sees it and what it has made, others see nothing of it."""

import pytest

from attendance.access import Actor


@pytest.fixture
def done(app):
    """A job of a teacher that has made a file of an odd name."""
    made = app.jobs.begin(
        Actor("teacher 7b", door="web"), "report", lambda p: {"rows": p.file("<b>ü.csv").write_text("a\n")}
    )
    app.jobs.wait(made.id)
    yield made.id
    app.jobs.close()


def test_seen_by_whoever_began_it(desk, done):
    """Its list and its page show how it ended and link to its file, whose name is nothing but a name."""
    teacher = desk("teacher", "7b")
    assert f'href="/jobs/{done}"' in teacher.get("/jobs")
    page = teacher.get(f"/jobs/{done}")
    assert "&lt;b&gt;ü.csv" in page
    assert "<b>ü" not in page
    found = teacher.ask(f"/jobs/{done}/files/%3Cb%3E%C3%BC.csv")
    assert ("a\n", "text/csv; charset=utf-8", "no-store") == (
        found.text, found.headers["content-type"], found.headers["cache-control"],
    )  # fmt: skip
    assert "attachment; filename=\"b_.csv\"; filename*=UTF-8''b%C3%BC.csv" == found.headers["content-disposition"]


def test_admin_sees_all_others_nothing(desk, done):
    """An admin sees everybody's; for another teacher it is as if there were none."""
    assert f'href="/jobs/{done}"' in desk().get("/jobs")
    other = desk("teacher", "8a")
    assert f'href="/jobs/{done}"' not in other.get("/jobs")
    for path in (f"/jobs/{done}", "/jobs/99", f"/jobs/{done}/files/x.csv"):
        assert "job.unknown" in other.get(path, 404)
    assert "config.toml" not in desk().get(f"/jobs/{done}/files/..%2F..%2Fconfig.toml", 404)


def test_progress_for_scripts(desk, done):
    """A script is told state and progress as JSON."""
    told = desk().client.get(f"/jobs/{done}", headers={"accept": "application/json"})
    assert {"number": done, "state": "done", "done": 0, "total": None} == told.json()


def test_failed_says_why(desk, app):
    """A job that failed says why, in words."""
    made = app.jobs.begin(Actor("admin", door="web"), "marks", lambda _: 1 / 0)
    app.jobs.wait(made.id)
    assert "ZeroDivisionError" in desk().get(f"/jobs/{made.id}")
    app.jobs.close()


@pytest.mark.usefixtures("school")
def test_what_was_made_for_other_groups_goes_with_them(desk, app, clock):
    """Whoever has lost a group, or is another one of the same name, sees no result of before; an admin does."""
    teacher = desk("teacher", "7b", "8a")
    (account,) = [each for each in app.accounts.all() if each.role == "teacher"]
    made = app.jobs.wait(app.jobs.begin(Actor(account.name), "report", lambda _: {}).id).id
    clock.forward(minutes=1)
    app.accounts.change(Actor("tests"), account.id, name=account.name)
    teacher.get(f"/jobs/{made}")
    app.accounts.change(Actor("tests"), account.id, groups=["7b"])
    teacher.get(f"/jobs/{made}", 404)
    assert f'href="/jobs/{made}"' not in teacher.get("/jobs")
    desk().get(f"/jobs/{made}")
    app.jobs.close()


@pytest.mark.usefixtures("school")
def test_another_role_and_other_groups_hold_at_once(desk, app):
    """Not from the next sign-in on: the next request is answered by what the account is then."""
    browser = desk("teacher", "7b")
    (account,) = [each for each in app.accounts.all() if each.role == "teacher"]
    bob = app.people.find("B").id
    browser.get(f"/people/{bob}", 404)
    app.accounts.change(Actor("tests"), account.id, groups=["7b", "8a"])
    browser.get(f"/people/{bob}")
    app.accounts.change(Actor("tests"), account.id, groups=[])
    browser.get(f"/people/{bob}", 404)
    desk()
    app.accounts.change(Actor("tests"), account.id, role="admin")
    browser.get("/settings")
    app.accounts.change(Actor("tests"), account.id, role="teacher")
    browser.get("/settings", 403)

"""The office's pages in a real browser: readable for all, at every width, and usable without scripts."""

import random

import pytest
from browser_world import accessible, fits

PAGES = (
    *("/timetable", "/timetable/1", "/timetable/new", "/timetable/1/change", "/timetable/1/move", "/timetable/import"),
    *("/calendar", "/calendar/holidays?country=DE&from_year=2026&to_year=2026", "/excuses", "/sessions", "/sessions/1"),
    *("/approvals", "/coverage", "/months", "/months/2026-02", "/reports", "/reports?from=2026-02-16"),
    *("/reports?kind=totals&from=2026-02-16", "/reports/proof?person=A&day=2026-03-02", "/jobs", "/jobs/1"),
    *("/settings", "/settings/set/margin", "/settings/accounts", "/settings/accounts/1", "/settings/tokens"),
    *("/settings/places", "/settings/places/1", "/settings/backups", "/settings/retention?try=1", "/settings/state"),
    *("/imports", "/audit"),
)

DRAWN = 14


@pytest.fixture
def office(school):
    """A home with something on every page."""
    from datetime import date

    from attendance.services.calendars import Days

    for person in ("A", "O", "B"):
        school.enter(person, session="2026-03-02", at="2026-03-02T07:58:00+00:00", note="seen")
    school.calendars.add(school.actor, Days("closed", date(2026, 3, 9), date(2026, 3, 13), "Spring break"))
    school.excuses.add(school.actor, "O", "2026-03-04", "2026-03-05", reason="competition")
    school.places.add(school.actor, "Gate", "rtsp://10.0.0.5/1")
    school.tokens.add(school.actor, "Register", ["reports:read"])
    school.jobs.wait(school.jobs.begin(school.actor, "report", lambda p: {"n": p.file("a.csv").write_text("a")}).id)
    (school.home.parent / "nas").mkdir()
    school.backups.run(school.actor, school.home.parent / "nas")
    yield school
    school.jobs.close()


@pytest.mark.slow
@pytest.mark.usefixtures("office")
def test_every_page_keeps_to_what_pages_must(new_tab):
    """No page of the office breaks WCAG 2.2 AA as far as axe knows, or sticks out at any width.

    The timetable, the audit and `DRAWN` others, which differ from run to run. Among all pages of the site each of them
    is looked at, too, with less on it.
    """
    tab = new_tab()
    for path in (PAGES[0], *random.sample(PAGES[1:-1], DRAWN), PAGES[-1]):
        assert 200 == tab.goto(path).status
        accessible(tab)
        fits(tab)


def test_excuse_without_scripts(office, new_tab):
    """Somebody is excused, and the excuse withdrawn, with JavaScript off."""
    tab = new_tab("teacher", ("7b",), script=False)
    tab.goto("/timetable")
    tab.get_by_role("link", name="Excuses").click()
    form = tab.locator("form", has=tab.get_by_role("button", name="Excuse"))
    form.get_by_label("Person").fill("A")
    form.get_by_label("First day").fill("2026-03-06")
    form.get_by_label("Why").fill("dentist")
    form.get_by_role("button", name="Excuse").click()
    assert "Excuse 2: Ada (A), 2026-03-06 is entered." == tab.get_by_role("status").inner_text()
    tab.get_by_role("link", name="Withdraw that of Ada").click()
    tab.get_by_label("Why").fill("came")
    tab.get_by_role("button", name="Withdraw it").click()
    assert "withdrawn" == office.excuses.find(2).state


def test_session_without_scripts(office, new_tab):
    """A session is opened and closed with JavaScript off."""
    tab = new_tab(script=False)
    tab.goto("/sessions")
    tab.get_by_label("Name").fill("Excursion")
    tab.get_by_label("Group").select_option("7b")
    tab.get_by_role("button", name="Open a session").click()
    tab.get_by_role("button", name="Close it").click()
    assert "Excursion is closed." == tab.get_by_role("status").inner_text()
    assert office.session_book.find("Excursion").session.closes is not None


@pytest.mark.usefixtures("office")
def test_report_download_without_scripts(new_tab, tmp_path):
    """A report is filtered and downloaded with JavaScript off."""
    tab = new_tab(script=False)
    tab.goto("/reports")
    tab.get_by_label("Group").select_option("7b")
    tab.get_by_role("button", name="Show").click()
    with tab.expect_download() as begun:
        tab.get_by_role("link", name="Workbook (.xlsx)").click()
    assert "attendance 2026-03-02 7b.xlsx" == begun.value.suggested_filename
    begun.value.save_as(tmp_path / "report.xlsx")
    assert (tmp_path / "report.xlsx").read_bytes().startswith(b"PK")


def test_rule_without_scripts(office, new_tab):
    """A rule is changed with a look at what would differ, with JavaScript off."""
    tab = new_tab(script=False)
    tab.goto("/timetable")
    tab.get_by_role("link", name="Lesson 7b").click()
    tab.get_by_role("link", name="Change").click()
    tab.get_by_label("Ends").first.fill("08:50")
    tab.get_by_role("button", name="See what would change").click()
    assert "08:00-08:50" in tab.inner_text("main")
    tab.get_by_role("button", name="Do it").click()
    assert "08:00-08:50" in office.timetables.find("Lesson 7b").says


def test_job_shows_how_far_it_is(office, new_tab):
    """A job's page follows its progress by itself, and shows its files in the end."""
    import threading

    go = threading.Event()

    def work(progress) -> dict:
        progress.step(3, 7)
        go.wait(20)
        return {"n": progress.file("result.csv").write_text("a")}

    made = office.jobs.begin(office.actor, "report", work)
    tab = new_tab()
    tab.goto(f"/jobs/{made.id}")
    tab.get_by_text("3 of 7 done").wait_for()
    go.set()
    tab.get_by_role("link", name="result.csv").wait_for()

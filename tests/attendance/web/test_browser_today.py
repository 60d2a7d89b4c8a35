"""The day in a real browser."""

from datetime import date

import pytest
from browser_world import accessible, fits, until

from attendance.access import Actor
from attendance.timetable.ruleparts import Parts

ME = Actor("Grace")


@pytest.fixture
def school(app, clock):
    for name, group in (("Ada Lovelace", "7a"), ("Bob", "7a"), ("Cleo", "7b")):
        app.gallery.add_person(name, groups=[group], at=clock.now, by="tests")
    parts = Parts(weekly="MO", begins="07:30", ends="09:00", late_grace=5)
    app.timetables.add(ME, "Maths", parts, group="7a", first=date(2026, 3, 2))
    clock.forward(minutes=2)
    app.coverings.add(ME, begins="07:25", ends="07:59", reason="at the door")
    return app


def test_a_click_marks_without_a_new_page(school, tab) -> None:
    """The board is fresh at once, the focus stays in it, and it says what was done."""
    tab.goto("/")
    tab.evaluate("() => { window.same = true; }")
    tab.get_by_role("button", name="Mark Ada Lovelace in").click()
    tab.get_by_text("Ada Lovelace is marked in at 08:00").wait_for()
    assert tab.evaluate("() => window.same")
    assert 1 == len(school.day_marks.latest(school.people.find("Ada Lovelace").id))


def test_news_make_the_board_fresh(school, tab) -> None:
    """A mark made elsewhere is seen without touching the page."""
    tab.goto("/?group=7a")
    until(lambda: tab.locator("[data-live].on").count())
    school.by_hand.enter(ME, "Bob", at="07:31")
    tab.get_by_role("row", name="Bob").get_by_text("07:31").first.wait_for()


def test_news_between_the_page_and_its_stream_are_not_missed(school, tab) -> None:
    """A mark made after the board was written, and before its stream is open, is seen as well."""

    def mark_first(route) -> None:
        school.by_hand.enter(ME, "Bob", at="07:31")
        route.continue_()

    tab.route("**/events*", mark_first, times=1)
    tab.goto("/?group=7a")
    tab.get_by_role("row", name="Bob").get_by_text("07:31").first.wait_for()


def test_without_a_script_somebody_is_marked_and_the_mark_is_void(school, new_tab) -> None:
    """Mark, see it, void it with a reason, all by forms."""
    tab = new_tab(script=False)
    tab.goto("/?group=7a")
    tab.get_by_role("button", name="Mark Bob in").click()
    tab.get_by_text("Bob is marked in at 08:00").wait_for()
    tab.get_by_role("link", name="Bob, mark in 08:00: void or correct").click()
    tab.locator("#void-reason").fill("It was somebody else")
    tab.get_by_role("button", name="Void this mark").click()
    tab.get_by_text("The mark of Bob is void").wait_for()
    (mark,) = school.day_marks.latest(school.people.find("Bob").id)
    assert "It was somebody else" == mark.mark.void_reason


def test_a_refresh_needs_no_script(school, new_tab) -> None:
    """A link shows the day as it is by then."""
    tab = new_tab(script=False)
    tab.goto("/?group=7a")
    school.by_hand.enter(ME, "Bob", at="07:31")
    tab.get_by_role("link", name="Refresh").click()
    tab.get_by_role("row", name="Bob").get_by_text("07:31").first.wait_for()


def test_the_pages_of_the_day_are_accessible_and_fit(school, tab) -> None:
    """Axe finds nothing, in the light and in the dark, and no page needs scrolling to the side."""
    mark = school.by_hand.enter(ME, "Bob").mark.id
    school.session_book.open(ME, "Museum", group="7a")
    for path in ("/", "/?group=7a", f"/marks/{mark}"):
        tab.goto(path)
        accessible(tab)
        fits(tab)

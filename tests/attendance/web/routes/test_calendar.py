"""The calendar's pages: entered, proposed with a choice, withdrawn; of everybody's days admins alone."""

from datetime import date

ICS = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//x//EN\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20260101T000000Z\r
DTSTART;VALUE=DATE:20260410\r
SUMMARY:<b>Fair</b>\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2\r
DTSTAMP:20260101T000000Z\r
DTSTART;VALUE=DATE:20260417\r
SUMMARY:Trip\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_close_and_withdraw(desk, school, words):
    """Days are closed, decide, and are withdrawn with a reason; what is refused keeps what was typed."""
    admin = desk()
    said = admin.said("/calendar", kind="closed", first="2026-03-05", last="2026-03-06", name="<i>Fair</i>")
    assert "<i>Fair</i>: 2026-03-05..2026-03-06 is stored." == said
    page = admin.get("/calendar")
    assert "&lt;i&gt;Fair&lt;/i&gt;" in page
    assert "Thu 2026-03-05 to Fri 2026-03-06 closed" in words(page)
    [entry] = school.calendars.entries()
    assert "a reason is missing" in admin.error(f"/calendar/{entry.id}/withdraw")
    admin.said(f"/calendar/{entry.id}/withdraw", reason="moved")
    assert [] == school.calendars.entries()
    assert "moved" in admin.get("/calendar", all="1")
    for wrong in ({"first": "x"}, {"first": ""}, {"last": "2020-01-01"}, {"kind": "odd"}, {"name": ""}):
        admin.post("/calendar", 422, **{"kind": "closed", "first": "2026-03-05", "name": "x", **wrong})


def test_holidays_by_choice(desk, school):
    """Holidays are proposed, and those alone are stored that were ticked."""
    admin = desk()
    page = admin.get("/calendar/holidays", country="DE", subdivision="BY", from_year="2026", to_year="2026")
    assert 'value="new 2026-01-06"' in page
    asked = {"country": "DE", "subdivision": "BY", "from_year": "2026", "to_year": "2026"}
    said = admin.said("/calendar/holidays", **asked, take=["new 2026-01-06", "new 2026-12-25"])
    assert said.startswith("Stored: 2 new, 0 withdrawn")
    assert [date(2026, 1, 6), date(2026, 12, 25)] == [each.first for each in school.calendars.entries()]
    for wrong in ({"country": "XX"}, {"country": "DE", "from_year": "9999"}, {"country": "DE", "from_year": "x"}):
        admin.get("/calendar/holidays", 422, **wrong)


def test_import_by_choice(desk, school):
    """A calendar file is shown first, and what was ticked is stored of it."""
    admin = desk()
    page = admin.post("/calendar/import", 200, files={"file": ("off.ics", ICS, "text/calendar")}).text
    assert "&lt;b&gt;Fair&lt;/b&gt;" in page
    key = page.split('name="key" value="')[1][:32]
    admin.said("/calendar/import", key=key, step="apply", take=["new 2026-04-17"])
    assert ["Trip"] == [each.name for each in school.calendars.entries()]


def test_teacher(desk, school):
    """A teacher closes days of their groups, and sees nothing of other groups'."""
    from attendance.services.calendars import Days

    for group in ("8a", None):
        told = Days("closed", date(2026, 3, 9), date(2026, 3, 9), f"of {group}")
        school.calendars.add(school.actor, told, group=group)
    teacher, (others, alls) = desk("teacher", "7b"), [each.id for each in school.calendars.entries()]
    page = teacher.get("/calendar")
    assert ("of None" in page, "of 8a" in page) == (True, False)
    teacher.post("/calendar", 403, kind="closed", first="2026-03-05", name="x")
    teacher.post("/calendar", 404, kind="closed", first="2026-03-05", name="x", group="8a")
    teacher.said("/calendar", kind="closed", first="2026-03-05", name="x", group="7b")
    teacher.get(f"/calendar/{others}/withdraw", 404)
    teacher.get(f"/calendar/{alls}/withdraw", 403)
    for path in ("/calendar/holidays",):
        teacher.get(path, 403)
    teacher.post("/calendar/import", 403, files={"file": ("a.ics", ICS, "text/calendar")})

"""The timetable's pages: each change is shown by what it would do first; teachers reach their groups alone."""

from datetime import date

import pytest

from attendance.timetable.ruleparts import Parts

NEW = {
    "name": "Art", "whom": "group", "group": "7b", "days": "weekly", "weekdays": ["TU"], "begins": "10:00",
    "ends": "11:00", "zone": "UTC", "pairing": "once", "late_grace": "5", "early_grace": "5", "opens_before": "30",
    "closes_after": "30", "half_day": "0", "absent_below": "0",
}  # fmt: skip


def number(app, name: str) -> int:
    return app.timetables.find(name).stored.id


def same(app, name: str) -> dict:
    """What the form of a change sends where nothing was touched."""
    found = app.timetables.find(name)
    return {**NEW, "weekdays": ["MO", "TU", "WE", "TH", "FR"], "begins": "08:00", "ends": "08:45",
            "version": found.state}  # fmt: skip


def test_list_and_rule(desk, school, words):
    """The list tells what each rule says and when it is next, a rule's page its versions and coming occurrences."""
    page = words(desk().get("/timetable"))
    assert "Lesson 7b group 7b Mondays to Fridays 08:00-08:45 (UTC)" in page
    assert "2026-03-02 08:00-08:45" in page
    page = words(desk().get(f"/timetable/{number(school, 'Lesson 7b')}"))
    assert "Tue 2026-03-03 08:00-08:45" in page


def test_new_rule_is_shown_then_added(desk, school, words):
    """What a new rule would bring is shown, and nothing is written before it is said so."""
    admin = desk()
    page = words(admin.post("/timetable/new", 200, **NEW).text)
    assert "Nothing was changed yet." in page
    assert "Tue 2026-03-03 Art nothing 10:00-11:00" in page
    assert ["Lesson 7b", "Lesson 8a"] == sorted(each.stored.name for each in school.timetables.all())
    said = admin.said("/timetable/new", **NEW, step="apply")
    assert said.startswith("Art: from 2026-03-02: Tuesdays 10:00-11:00 (UTC)")
    assert "7b" == school.timetables.find("Art").stored.group


@pytest.mark.usefixtures("school")
def test_refused_keeps_what_was_typed(desk):
    """A form that cannot be comes back with what was typed, and says why."""
    answer = desk().post("/timetable/new", 422, **{**NEW, "begins": "25:00", "reason": "<i>why</i>"})
    assert "rule.invalid" not in answer.text
    assert "is no time of day" in answer.text
    assert 'value="&lt;i&gt;why&lt;/i&gt;"' in answer.text
    assert "there is a rule of this name already" in desk().error("/timetable/new", 409, **{**NEW, "name": "Lesson 7b"})


def test_change_is_previewed_exactly(desk, school, words):
    """The preview of a change lists what differs once it is done: the same statuses and times."""
    school.enter("A", session="2026-03-02", at="2026-03-02T07:58:00+00:00")
    school.clock.forward(hours=2)
    here, sent = f"/timetable/{number(school, 'Lesson 7b')}/change", same(school, "Lesson 7b")
    page = words(desk().post(here, 200, **{**sent, "begins": "07:30", "first": "2026-03-02"}).text)
    assert "1 status of days gone by would differ" in page
    assert "Ada A Mon 2026-03-02 Lesson 7b present late" in page
    said = desk().said(here, **{**sent, "begins": "07:30", "first": "2026-03-02", "step": "apply"})
    assert "07:30-08:45" in said
    report = school.status_reports.report(_asked(school))
    assert "late" in {str(each.status) for each in report.rows}


def _asked(school):
    from attendance.services.statusreports import AskedStatuses

    return AskedStatuses(school.timetables.today, None, "7b")


def test_nothing_changed_is_told(desk, school):
    """Sending the form as it came changes nothing, and says so."""
    here = f"/timetable/{number(school, 'Lesson 7b')}/change"
    assert "nothing was changed in the form" in desk().error(here, **same(school, "Lesson 7b"))


def test_two_at_once(desk, school):
    """A change of a state that somebody else has changed meanwhile is refused."""
    here, sent = f"/timetable/{number(school, 'Lesson 7b')}/change", same(school, "Lesson 7b")
    school.timetables.change(school.actor, "Lesson 7b", Parts(ends="08:50"))
    assert "changed" in desk().error(here, 412, **{**sent, "begins": "08:10", "step": "apply"})
    assert "08:10" not in school.timetables.find("Lesson 7b").says


@pytest.mark.parametrize(
    ("how", "sent", "told"),
    [
        ("skip", {"day": "2026-03-03"}, "08:00-08:45 nothing"),
        ("move", {"day": "2026-03-03", "to": "2026-03-07"}, "Sat 2026-03-07"),
        ("extra", {"day": "2026-03-08", "begins": "09:00", "ends": "10:00"}, "nothing 09:00-10:00"),
        ("end", {"day": "2026-03-03"}, "Tue 2026-03-03 Lesson 7b 08:00-08:45 nothing"),
    ],
)
def test_single_days(desk, school, words, how, sent, told):
    """Skipping, moving, adding and ending are shown first, then done."""
    here = f"/timetable/{number(school, 'Lesson 7b')}/{how}"
    assert 'name="day"' in desk().get(here)
    assert told in words(desk().post(here, 200, **sent).text)
    assert 1 == len(school.timetables.find("Lesson 7b").stored.versions)
    desk().said(here, **sent, step="apply", version=school.timetables.find("Lesson 7b").state)
    assert len(school.timetables.find("Lesson 7b").stored.versions) > 1


def test_teacher_reaches_own_groups(desk, school):
    """A teacher changes rules of their groups, sees those for all, and knows nothing of others."""
    school.timetables.add(school.actor, "Assembly", Parts(on="2026-03-05", begins="09:00", ends="10:00"))
    teacher, others = desk("teacher", "7b"), number(school, "Lesson 8a")
    page = teacher.get("/timetable")
    assert ("Lesson 7b" in page, "Assembly" in page, "Lesson 8a" in page) == (True, True, False)
    for path in (f"/timetable/{others}", f"/timetable/{others}/change", "/timetable/999"):
        assert "rule.unknown" in teacher.get(path, 404)
    assert "rule.unknown" in teacher.post(f"/timetable/{others}/skip", 404, day="2026-03-03").text
    teacher.get(f"/timetable/{number(school, 'Assembly')}")
    teacher.get(f"/timetable/{number(school, 'Assembly')}/change", 403)
    seen = school.timetables.find("Lesson 7b").state
    teacher.said(f"/timetable/{number(school, 'Lesson 7b')}/skip", day="2026-03-03", step="apply", version=seen)
    assert date(2026, 3, 3) not in {each.day for each in school.timetables.find("Lesson 7b", coming=3).next}
    for whom in ({"whom": ""}, {"whom": "group", "group": "8a"}, {"whom": "person", "person": "Bob"}):
        teacher.post("/timetable/new", {"": 403}.get(whom["whom"], 404), **{**NEW, **whom})
    teacher.get("/timetable/import", 403)


def test_import(desk, school, words):
    """A table of rules is shown first, then taken in; the file is forgotten afterwards."""
    table = b"name,group,weekly,begins,ends,first\n=Music,7b,TH,13:00,14:00,2026-03-05\n"
    page = desk().post("/timetable/import", 200, files={"file": ("../rules.csv", table, "text/csv")}).text
    assert "new" in words(page)
    key = page.split('name="key" value="')[1][:32]
    assert desk().said("/timetable/import", key=key, step="apply").startswith("Taken in: 1")
    assert "=Music" in {each.stored.name for each in school.timetables.all()}
    assert "send it again" in desk().error("/timetable/import", key=key, step="apply")


@pytest.mark.usefixtures("school")
@pytest.mark.parametrize(("name", "data"), [("a.exe", b"x"), ("a.ics", b"\x00\xff"), ("a.csv", b"\xff\xfe\x00")])
def test_bad_files(desk, name, data):
    """A file that is none of these is refused by what it is."""
    desk().post("/timetable/import", 422, files={"file": (name, data, "application/octet-stream")})


def test_odd_names_are_names(desk, school, odd):
    """A rule of a person with an odd name shows it as text alone."""
    parts = Parts(weekly="SA", begins="10:00", ends="11:00")
    made = school.timetables.add(school.actor, odd, parts, person="O")
    for path in ("/timetable", f"/timetable/{made.rule.stored.id}", f"/timetable/{made.rule.stored.id}/change"):
        page = desk().get(path)
        assert "<b>Ada</b>" not in page
        assert "&lt;b&gt;Ada&lt;/b&gt;" in page

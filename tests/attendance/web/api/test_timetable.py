"""The timetable, the calendar and excuses by the API."""

import pytest

PARTS = {"weekly": "MO,WE", "begins": "08:00", "ends": "08:45", "breaks": ["08:20-08:25"]}


@pytest.fixture
def maths(api):
    """A rule for a group."""
    api.post("/people", json={"name": "Ada", "id": "a", "groups": ["7A"]})
    return api.post("/timetable/rules", json={"name": "Maths", "parts": PARTS, "group": "7A", "first": "2026-03-02"})


def test_a_rule_is_added_and_read(api, maths):
    """A rule is told in words and in parts, with its versions and when it is next."""
    found = api.get("/timetable/rules/Maths")
    told = found.json()

    assert (201, True) == (maths.status_code, maths.json()["new"])
    assert maths.headers["ETag"] == found.headers["ETag"]
    assert ("7A", "2026-03-02", ["FREQ=WEEKLY;BYDAY=MO,WE"]) == (
        told["group"],
        told["since"],
        [each["rule"]["recurs"] for each in told["versions"]],
    )
    assert ["2026-03-02", "2026-03-04"] == [each["day"] for each in told["next"]][:2]
    assert ["Maths"] == [each["name"] for each in api.get("/timetable/rules").json()["items"]]


@pytest.mark.usefixtures("maths")
def test_a_rule_is_changed_from_the_state_that_was_read(api):
    """A change needs the present ETag, holds from a day on, and leaves the days before."""
    old = api.tag("/timetable/rules/Maths")
    told = {"parts": {"ends": "09:00"}, "first": "2026-03-09", "reason": "longer"}
    without = api.patch("/timetable/rules/Maths", json=told)
    changed = api.patch("/timetable/rules/Maths", json=told, headers=old)
    late = api.patch("/timetable/rules/Maths", json=told, headers=old)

    assert [428, 200, 412] == [without.status_code, changed.status_code, late.status_code]
    assert changed.headers["ETag"] == api.get("/timetable/rules/Maths").headers["ETag"]
    assert [("2026-03-02", "08:45"), ("2026-03-09", "09:00")] == [
        (each["from"], each["rule"]["ends"][:5]) for each in api.get("/timetable/rules/Maths").json()["versions"]
    ]


def test_a_rule_is_left_out_and_ended(api, maths):
    """A day is left out; from a day on the rule is none, and what it said stays."""
    skipped = api.post("/timetable/rules/Maths/skip", json={"day": "2026-03-04"})
    stale = api.delete("/timetable/rules/Maths?from=2026-03-16", headers={"If-Match": maths.headers["ETag"]})
    ended = api.delete("/timetable/rules/Maths?from=2026-03-16&reason=over")

    assert [200, 412, 200] == [skipped.status_code, stale.status_code, ended.status_code]
    assert ["2026-03-02", "2026-03-09", "2026-03-11"] == [
        each["day"] for each in api.get("/timetable/rules/Maths").json()["next"]
    ]
    assert "2026-03-15" == api.get("/timetable/rules/Maths").json()["until"]
    assert 422 == api.delete("/timetable/rules/Maths").status_code


@pytest.mark.usefixtures("maths")
@pytest.mark.parametrize(
    ("told", "status", "id_"),
    [
        ({"name": "Maths", "parts": PARTS}, 409, "rule.exists"),
        ({"name": "X", "parts": {"weekly": "MO"}}, 422, "rule.invalid"),
        ({"name": "X", "parts": {**PARTS, "weekly": "XX"}}, 422, "rule.recurrence"),
        ({"name": "X", "parts": {**PARTS, "zone": "Mars/Base"}}, 422, "session.zone"),
        ({"name": "X", "parts": PARTS, "group": "9Z"}, 404, "group.unknown"),
        ({"name": "X", "parts": PARTS, "person": "nobody"}, 404, "gallery.person_unknown"),
        ({"name": "X", "parts": {**PARTS, "colour": "red"}}, 422, "request.invalid"),
        ({"name": "X", "parts": {**PARTS, "late_grace": -1}}, 422, "request.invalid"),
        ({"name": "X", "parts": {**PARTS, "auto_close": "9" * 16}}, 422, "rule.invalid"),
        ({"name": "X", "parts": PARTS, "first": "0001-01-01"}, 422, "rule.invalid"),
        ({"name": "X", "parts": PARTS, "first": 0}, 422, "request.invalid"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(api, told, status, id_):
    """What the command line refuses, the API refuses by the same id."""
    refused = api.post("/timetable/rules", json=told)

    assert (status, id_) == (refused.status_code, refused.json()["id"])
    assert 404 == api.get("/timetable/rules/X").status_code


def test_days_are_closed_and_taken_back(api):
    """An entry decides on its days until it is taken back, and stays on record."""
    made = api.post(
        "/calendar/entries", json={"kind": "closed", "first": "2026-03-02", "last": "2026-03-06", "name": "Ski"}
    )
    decided = api.get("/calendar/days?from=2026-03-01&to=2026-03-10").json()["items"]
    number = made.json()["number"]
    gone = api.post(f"/calendar/entries/{number}/withdraw", json={"reason": "no snow"})
    again = api.post(f"/calendar/entries/{number}/withdraw", json={"reason": "no snow"})

    assert (201, "closed", "token HR") == (made.status_code, made.json()["state"], made.json()["by"])
    assert [("2026-03-02", "2026-03-06", "Ski")] == [(each["first"], each["last"], each["name"]) for each in decided]
    assert (200, "no snow") == (gone.status_code, gone.json()["withdrawn"])
    assert (404, "calendar.unknown") == (again.status_code, again.json()["id"])
    assert [] == api.get("/calendar/days?from=2026-03-01&to=2026-03-10").json()["items"]
    assert ["no snow"] == [each["withdrawn"] for each in api.get("/calendar/entries").json()["items"]]


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("from=2026-03-02&to=2026-03-01", "calendar.days"),
        ("from=1900-01-01&to=9999-12-31", "request.invalid"),
        ("from=tomorrow", "request.invalid"),
        ("first=2026-03-02", "request.invalid"),
    ],
)
def test_days_are_asked_for_in_order_and_measure(api, query, id_):
    """A span is from a day to a later one, not of thousands of years."""
    refused = api.get(f"/calendar/days?{query}")

    assert (422, id_) == (refused.status_code, refused.json()["id"])


@pytest.mark.usefixtures("maths")
def test_somebody_is_excused(api):
    """An excuse counts until it is taken back, and stays on record."""
    told = {"person": "a", "begins": "2026-03-02", "ends": "2026-03-03", "reason": "ill"}
    made = api.post("/excuses", json=told)
    number = made.json()["number"]

    assert (201, "counts", "2026-03-02T00:00:00.000Z", "2026-03-04T00:00:00.000Z") == (
        made.status_code,
        *(made.json()[key] for key in ("state", "begins", "ends")),
    )
    assert made.json() == api.get(f"/excuses/{number}").json()
    assert [number] == [each["number"] for each in api.get("/excuses?person=a&from=2026-03-03").json()["items"]]
    assert [] == api.get("/excuses?from=2026-03-04").json()["items"]
    assert "withdrawn" == api.post(f"/excuses/{number}/withdraw", json={"reason": "was there"}).json()["state"]
    assert (409, "excuse.settled") == (
        api.post(f"/excuses/{number}/withdraw", json={"reason": "x"}).status_code,
        api.post(f"/excuses/{number}/withdraw", json={"reason": "x"}).json()["id"],
    )
    assert ([], [number]) == (
        api.get("/excuses").json()["items"],
        [each["number"] for each in api.get("/excuses?withdrawn=true").json()["items"]],
    )


@pytest.mark.usefixtures("maths")
@pytest.mark.parametrize(
    ("told", "status", "id_"),
    [
        ({"person": "x"}, 404, "gallery.person_unknown"),
        ({"begins": "2026-03-05"}, 422, "excuse.span"),
        ({"begins": "soon"}, 422, "excuse.span"),
        ({"ends": "9999-12-31"}, 422, "excuse.span"),
        ({"reason": ""}, 422, "request.invalid"),
        ({"reason": "   "}, 422, "excuse.span"),
    ],
)
def test_an_excuse_that_cannot_be_is_refused(api, told, status, id_):
    """An excuse is of somebody who is there, from a time to a later one, with a reason."""
    refused = api.post(
        "/excuses", json={"person": "a", "begins": "2026-03-02", "ends": "2026-03-03", "reason": "ill"} | told
    )

    assert (status, id_) == (refused.status_code, refused.json()["id"])

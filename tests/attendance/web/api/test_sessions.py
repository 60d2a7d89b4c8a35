"""Sessions and groups by the API."""


def test_a_session_is_opened_and_closed(api):
    """A session is told as it is; it is opened once, and closed once."""
    api.post("/people", json={"name": "Ada", "id": "a", "groups": ["7A"]})
    made = api.post("/sessions", json={"name": "Excursion / A", "group": "7A"})
    again = api.post("/sessions", json={"name": "Excursion / A"})
    closed = api.post("/sessions/Excursion%20%2F%20A/close")
    twice = api.post("/sessions/Excursion%20%2F%20A/close")

    assert (201, "Excursion / A", "named", "7A", None, 0) == (
        made.status_code,
        *(made.json()[key] for key in ("name", "kind", "group", "closes", "marks")),
    )
    assert (409, "session.exists") == (again.status_code, again.json()["id"])
    assert (200, "2026-03-02T07:58:11.204Z") == (closed.status_code, closed.json()["closes"])
    assert (409, "session.closed") == (twice.status_code, twice.json()["id"])
    assert closed.json() == api.get("/sessions/Excursion%20%2F%20A").json()


def test_sessions_are_listed_by_days(app, api):
    """A list is of a span of days, in the order in which sessions were begun."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    api.post("/marks", json={"person": "a"})
    app.clock.forward(days=1)
    api.post("/sessions", json={"name": "Later"})

    def names(query: str) -> list[str]:
        return [each["name"] for each in api.get(f"/sessions?{query}").json()["items"]]

    assert ["2026-03-02", "Later"] == names("")
    assert ["Later"] == names("from=2026-03-03")
    assert ["2026-03-02"] == names("to=2026-03-02")
    assert 422 == api.get("/sessions?from=2026-3-3").status_code
    assert 422 == api.get("/sessions?from=0").status_code


def test_marks_of_a_session_are_listed(api):
    """The marks of one session come a page at a time, void ones too."""
    for name in "abc":
        api.post("/people", json={"name": name, "id": name})
        api.post("/marks", json={"person": name})
    first = api.get("/sessions/2026-03-02/marks?limit=2").json()
    rest = api.get(f"/sessions/2026-03-02/marks?limit=2&cursor={first['next']}").json()

    assert ["a", "b", "c"] == sorted(each["person"]["id"] for each in [*first["items"], *rest["items"]])
    assert None is rest["next"]
    assert (404, "session.unknown") == (
        api.get("/sessions/Nope/marks").status_code,
        api.get("/sessions/Nope/marks").json()["id"],
    )


def test_groups_are_listed(api):
    """Each group is told with how many active people belong to it."""
    api.post("/people", json={"name": "Ada", "id": "a", "groups": ["7A", "Choir"]})
    api.post("/people", json={"name": "Alan", "id": "b", "groups": ["7A"]})
    api.patch("/people/b", json={"active": False}, headers=api.tag("/people/b"))

    assert [{"name": "7A", "people": 1}, {"name": "Choir", "people": 1}] == api.get("/groups").json()["items"]

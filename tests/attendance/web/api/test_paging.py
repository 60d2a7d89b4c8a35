"""Lists a page at a time."""

import pytest


@pytest.fixture
def many(api):
    """Twelve people."""
    for number in range(12):
        api.post("/people", json={"name": f"Name {number:02}", "id": f"S-{number:02}"})
    return api


def pages(api, path: str) -> list[list[str]]:
    found, cursor = [], ""
    while cursor is not None:
        told = api.get(f"{path}{cursor and '&cursor=' + cursor}").json()
        found.append([each["id"] for each in told["items"]])
        cursor = told["next"]
    return found


def test_pages_together_are_the_list(many):
    """Each comes once, in one order, however many come on a page."""
    expected = [f"S-{number:02}" for number in range(12)]

    assert [expected[:5], expected[5:10], expected[10:]] == pages(many, "/people?limit=5")
    assert [expected] == pages(many, "/people?limit=12")
    assert [[each] for each in expected] == pages(many, "/people?limit=1")


def test_what_comes_and_goes_shifts_nothing(many):
    """Between two pages people are added, renamed and erased: of the others each comes once."""
    first = many.get("/people?limit=5").json()
    many.delete("/people/S-01")
    many.patch("/people/S-11", json={"name": "Aaa"}, headers=many.tag("/people/S-11"))
    many.post("/people", json={"name": "Aab", "id": "new"})
    rest = many.get(f"/people?limit=200&cursor={first['next']}").json()

    assert [*[f"S-{number:02}" for number in range(5, 12)], "new"] == [each["id"] for each in rest["items"]]


def test_a_cursor_is_good_for_its_list_alone(many):
    """A cursor of another list, of other filters, or changed by a letter is refused by its id."""
    cursor = many.get("/people?limit=5").json()["next"]
    other = "B" if cursor[-3] != "B" else "C"
    wrong = [
        f"/people?name=Name&cursor={cursor}",
        f"/people?active=true&cursor={cursor}",
        f"/sessions?cursor={cursor}",
        f"/groups?cursor={cursor}",
        f"/people?cursor={cursor[:-3]}{other}{cursor[-2:]}",
        f"/people?cursor={cursor[:-1]}",
        "/people?cursor=",
        "/people?cursor=%00",
        "/people?cursor=é",
    ]

    assert [(422, "page.cursor")] * len(wrong) == [
        (found.status_code, found.json()["id"]) for found in map(many.get, wrong)
    ]


def test_a_cursor_holds_after_a_restart(many, site):
    """The key of cursors is the home's, not the process's."""
    from attendance.services.cursors import Cursors

    cursor = many.get("/people?limit=5").json()["next"]
    site.app.__dict__["cursors"] = Cursors(site.app.gallery)

    assert 7 == len(many.get(f"/people?cursor={cursor}").json()["items"])


def test_a_cursor_tells_no_name(many):
    """What an address shows of a person is no name."""
    import base64

    cursor = many.get("/people?limit=5").json()["next"]

    assert b"Name" not in base64.urlsafe_b64decode(cursor + "==")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "9" * 400])
def test_a_page_has_one_to_two_hundred(many, limit):
    """Another number is refused by its name."""
    refused = many.get(f"/people?limit={limit}")

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])
    assert "limit" in refused.json()["detail"]


def test_an_unknown_parameter_is_refused_by_its_name(many):
    """A parameter that would be passed over is told, and so is one that only others have."""
    refused = [many.get("/people?grup=7A"), many.get("/groups?name=x"), many.delete("/people/S-01?force=1")]

    assert [422] * 3 == [each.status_code for each in refused]
    assert ["grup", "name", "force"] == [
        next(name for name in ("grup", "name", "force") if f"{name}:" in each.json()["detail"]) for each in refused
    ]
    assert 200 == many.get("/people/S-01").status_code

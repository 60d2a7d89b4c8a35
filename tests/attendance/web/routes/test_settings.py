"""Settings on pages: shown with origin and meaning, validated, changed once; places; the state of the home."""

import pytest

from attendance.settings import SETTINGS, read_file


def test_all_are_shown(desk):
    """Every setting has its value, origin and meaning."""
    page = desk().get("/settings")
    for name, row in SETTINGS.items():
        assert f"/settings/set/{name}" in page
        assert row.help.split("'")[0].split("<")[0][:30] in page
    desk().get("/settings/set/nothing", 404)


def test_change(desk, app, words):
    """A setting is stored in the home's file, with an entry in the log; what cannot be is refused."""
    state = app.configuration.named("margin").state
    assert "margin is 0.1 now" in desk().said("/settings/set/margin", value="0.1", version=state)
    assert {"margin": 0.1}.items() <= read_file(app.home).items()
    assert "after a restart" in words(desk().get("/settings"))
    assert ["admin"] == [each.by for each in app.audit.page(_of("setting"))]
    assert "must be a number from 0 to 2" in desk().error("/settings/set/margin", value="9")
    assert "changed" in desk().error("/settings/set/margin", 412, value="0.2", version=state)
    desk().said("/settings/set/site_name", value="<b>School</b>")
    assert "<b>School" not in desk().get("/settings")


def _of(action: str):
    from attendance.services.audit import AuditWanted

    return AuditWanted(action)


@pytest.mark.parametrize("path", ["/settings", "/settings/set/margin", "/settings/accounts", "/settings/tokens",
                                  "/settings/places", "/settings/state", "/imports", "/audit", "/audit.csv",
                                  "/exports/csv"])  # fmt: skip
def test_admins_alone(desk, path):
    """Teachers are refused, and whoever is not signed in is sent to sign in."""
    assert "access.refused" in desk("teacher", "7b").get(path, 403)


def test_places(desk, school):
    """A place is added, changed, put out of use, into it again, and removed; passwords of addresses stay hidden."""
    admin = desk()
    sent = {"name": "<b>Gate</b>", "kind": "camera", "address": "rtsp://user:geheim@10.0.0.5/1", "group": "7b"}
    admin.said("/settings/places", **sent)
    page = admin.get("/settings/places")
    assert ("geheim" in page, "<b>Gate" in page, "rtsp://" in page) == (False, False, True)
    number = school.places.find("<b>Gate</b>").place.id
    assert "geheim" not in admin.get(f"/settings/places/{number}")
    admin.said(f"/settings/places/{number}", step="change", site="North", direction="in")
    found = school.places.find("<b>Gate</b>")
    assert ("North", "in", None) == (found.place.site, found.place.direction, found.place.group)
    assert found.address.startswith("rtsp://")
    for step, words_ in (("retire", "out of use"), ("restore", "in use"), ("remove", "removed")):
        assert words_ in admin.said(f"/settings/places/{number}", step=step)
    admin.get(f"/settings/places/{number}", 404)
    for wrong in ({"name": ""}, {"kind": "x"}, {"address": "nonsense://"}, {"target_fpir": "9"}, {"direction": "up"}):
        admin.post("/settings/places", 422, **{**sent, **wrong})


@pytest.mark.usefixtures("school")
def test_state(desk, words):
    """The state tells how much there is, and when asked what doctor finds."""
    page = words(desk().get("/settings/state"))
    assert "3 active people of 3" in page
    assert "What was found" not in page
    assert "What was found" in words(desk().get("/settings/state", examine="1"))


@pytest.mark.usefixtures("school")
def test_state_tells_how_the_gallery_is_searched(desk, words, app):
    """Once it is measured, the state tells the plan and what it loses; before, nothing is said of it."""
    before = words(desk().get("/settings/state"))
    app.searching.measured = app.judging.measure()
    after = words(desk().get("/settings/state"))

    assert "index loss" not in before
    assert "It is searched by plan exact: 3 of the gallery's own templates looked for, index loss 0.00%" in after


@pytest.mark.usefixtures("school")
def test_state_tells_what_is_set_aside_at_a_site(desk, words, app):
    """How many records a site's computer could not deliver stands beside its service; of none nothing is said."""
    app.workers.tell()
    before = words(desk().get("/settings/state"))
    app.workers.tells["aside"] = lambda: 2
    app.workers.tell()
    after = words(desk().get("/settings/state"))

    assert (True, False) == ("well" in before, "set aside" in before)
    assert "2 set aside" in after

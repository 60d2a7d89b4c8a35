"""For whoever supervises the service: it lives, it is ready or says why not, and its numbers are for few."""

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.web import readiness
from attendance.web.build import build
from attendance.web.site import Site
from gallery.errors import GalleryUnreachable
from gallery.steps import COMPATIBLE

ME = Actor("tests")


def _asking(site: Site, host: str = "127.0.0.1") -> TestClient:
    """A program of a computer with this address."""
    return TestClient(build(site), base_url=site.public, client=(host, 50_000), follow_redirects=False)


def _numbers(text: str) -> dict[tuple[str, ...], float]:
    """By name and values of labels what each sample tells."""
    found = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {(each.name, *each.labels.values()): each.value for each in found}


@pytest.fixture
def here(site) -> TestClient:
    return _asking(site)


def test_it_lives_whatever_the_database_does(here, app, monkeypatch):
    """Alive as long as it answers, and not ready while its database is away: the reason is a code and no address."""
    monkeypatch.setattr(app.store, "meta", _away)
    alive, ready = here.get("/health"), here.get("/ready")

    assert (200, "alive\n") == (alive.status_code, alive.text)
    assert (503, "not ready: gallery.unreachable\n") == (ready.status_code, ready.text)


def _away(_key: str) -> str:
    raise GalleryUnreachable("postgresql://secret.example.org/school", "the server is away")


def test_it_is_ready_when_it_can_judge(here, app, monkeypatch):
    """With detector and encoder; before they are loaded it says that they load."""
    assert (200, "ready\n") == ((found := here.get("/ready")).status_code, found.text)
    monkeypatch.setattr(app, "_pipeline", None)
    assert (503, "not ready: pipeline.loading\n") == ((found := here.get("/ready")).status_code, found.text)


def test_it_is_not_ready_while_pictures_are_judged_late(here, app, monkeypatch):
    """Whoever is judged ten seconds late has gone by; a camera that nobody wants does not count."""
    app.cameras.add(ME, "Door", "rtsp://192.0.2.7/1")
    late = replace(app.cameras.of("Door"), wanted=True)
    slow = replace(late, reading=replace(late.reading, lag_s=readiness.LAG_S + 1))
    monkeypatch.setattr(app.cameras, "all", lambda: [slow])
    assert "not ready: lag\n" == here.get("/ready").text
    monkeypatch.setattr(app.cameras, "all", lambda: [replace(slow, wanted=False)])
    assert "ready\n" == here.get("/ready").text


def test_a_program_that_was_left_behind_is_not_ready(here, app):
    """Once an upgrade elsewhere says that this version may not go on, the others are asked instead."""
    app.store.set_meta(COMPATIBLE, "9999")
    assert (503, "not ready: gallery.newer\n") == ((found := here.get("/ready")).status_code, found.text)


def test_numbers_tell_what_was_done(here, app, draw):
    """Faces and decisions by ruling, frames of cameras, what waits, the index, and how quick the database is."""
    app.enroll(draw("ada.png", (7,)), name="Ada")
    for _ in app.check(draw("class.png", (7,), (8, 60))):
        pass
    app.cameras.add(ME, "Door", "rtsp://192.0.2.7/1")
    answer = here.get("/metrics")
    found = _numbers(answer.text)

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert (2.0, 1.0) == (found["attendance_faces_total",], found["attendance_decisions_total", "present"])
    assert (1.0, 1.0) == (found["attendance_ready",], found["attendance_index_people",])
    assert found["attendance_record_seconds_count",] >= 1
    assert 0 <= found["attendance_database_answer_seconds",] < 60
    number = str(app.cameras.of("Door").number)
    assert (0.0, 0.0) == (found["attendance_camera_frames_total", number], found["attendance_camera_online", number])
    assert {"photos", "webhooks", "reviews"} == {name[1] for name in found if name[0] == "attendance_waiting"}


def test_numbers_name_nobody(here, app, draw):
    """Neither people nor places or groups."""
    app.enroll(draw("ada.png", (7,)), name="Ada Lovelace", groups=["7b"])
    app.cameras.add(ME, "Door of Ada", "rtsp://192.0.2.7/1")
    assert None is re.search(r"ada|door|7b", here.get("/metrics").text, re.IGNORECASE)


def test_numbers_are_told_while_the_database_is_away(here, app, monkeypatch):
    """What the process knows by itself is there, and that it is not ready."""
    monkeypatch.setattr(app.store, "meta", _away)
    monkeypatch.setattr(app.store, "reading", lambda: _away(""))
    found = _numbers(here.get("/metrics").text)
    assert (0.0, 0.0) == (found["attendance_ready",], found["attendance_faces_total",])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1"])
def test_this_computer_may_read_numbers(site, host):
    """Whoever is at it could look into the process anyway."""
    assert 200 == _asking(site, host).get("/metrics").status_code


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_is_elsewhere(site, header):
    """A proxy on this computer lends nobody its address, whether the service knows of it or not."""
    assert (
        401 == _asking(site).get("/metrics", headers={header: "198.51.100.9", "accept": "application/json"}).status_code
    )
    site.proxied = True
    assert 401 == _asking(site).get("/metrics", headers={"accept": "application/json"}).status_code


def test_others_need_a_token_of_that_scope(site, app):
    """From another computer: nobody without one, no program with another scope, and no kiosk."""
    asking = _asking(site, "198.51.100.9")
    good = app.tokens.add(ME, "prometheus", ["metrics"]).secret
    other = app.tokens.add(ME, "payroll", ["marks:read"]).secret
    app.places.add(ME, "Reception", kind="kiosk")
    kiosk = app.tokens.add_kiosk(ME, "Reception").secret

    def status(secret: str | None) -> int:
        told = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        return asking.get("/metrics", headers={"accept": "application/json", **told}).status_code

    assert [200, 403, 403, 401, 401] == [status(each) for each in (good, other, kiosk, "att_none", None)]


def test_people_read_them_by_their_role(signed_in):
    """Admins and auditors do, teachers do not."""
    found = {role: signed_in(role).get("/metrics").status_code for role in ("admin", "auditor", "teacher")}
    assert {"admin": 200, "auditor": 200, "teacher": 403} == found

"""A full disk: every door gives one clear answer, nothing is half done, and all goes on once there is space."""

from types import SimpleNamespace

import pytest
from kiosk_world import Page, Shots
from servers import disk_full
from sqlalchemy import func, select, table
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.web.build import build
from attendance.web.cookies import SESSION

CLERK = Actor("tests")
WRITES = ("INSERT", "UPDATE", "DELETE")
WORDS = {"sqlite": "disk is full", "postgresql": "No space left on device"}
"""How each engine says it."""
COUNTED = ("person", "template", "mark", "sighting", "news", "event", "credential")


@pytest.fixture
def full(listen, engine):
    """Fill the disk and empty it: ``full.is_so = True``; a database that is only read goes on."""
    state = SimpleNamespace(is_so=False)

    def refuse(_connection, _cursor, statement, parameters, *_told):
        if state.is_so and statement.lstrip().upper().startswith(WRITES):
            raise OperationalError(statement, parameters, disk_full(engine))

    listen("before_cursor_execute", refuse)
    yield state
    state.is_so = False


def counts(app) -> dict[str, int]:
    with app.store.reading() as view:
        return {each: view.scalar(select(func.count()).select_from(table(each))) for each in COUNTED}


def test_pages_api_and_kiosk_say_so_and_do_nothing_by_halves(app, site, signed_in, draw, full):
    """It is 507 with the error's id; where files lie is told nobody."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.places.add(CLERK, "Hall", kind="kiosk")
    made = app.tokens.add_kiosk(CLERK, "Hall")
    page = Page(app, made.token, app.clock)
    page.ask()
    hall = Shots(TestClient(build(site), base_url=site.public, cookies={"kiosk": made.secret}), page)
    bearer = {"Authorization": f"Bearer {app.tokens.add(CLERK, 'bus', ['decide', 'people:write']).secret}"}
    admin, photo = signed_in(), draw("door.png", (1,), seed=9).read_bytes()
    hall.begin()
    before, full.is_so = counts(app), True
    jpeg = {"Content-Type": "image/jpeg"}
    answers = [
        admin.form("/people/add", name="Bob"),
        admin.form("/sessions", name="Trip"),
        admin.form("/today/marks", **{"in": "1"}),
        admin.form("/people/1/ways/pin"),
        admin.post("/sign-in", data={"name": "nobody", "password": "wrong"}),
        admin.post("/api/v1/decisions", content=photo, headers={**bearer, **jpeg}),
        admin.post("/api/v1/people", json={"name": "Bob"}, headers=bearer),
        hall.send(photo),
    ]
    assert [507] * len(answers) == [each.status_code for each in answers]
    assert [] == [each.text for each in answers if WORDS[app.store.engine] not in each.text]
    assert [] == [each.text for each in answers if str(app.home) in each.text or app.store.where in each.text]
    assert before == counts(app)
    assert [200] * 4 == [admin.get(path).status_code for path in ("/", "/people", "/people/1", "/review")]
    full.is_so = False
    assert 303 == admin.form("/people/add", name="Bob").status_code
    app.kiosks.close()


def test_whoever_signs_out_is_out_of_this_browser(signed_in, full):
    """Though that it is over cannot be written."""
    admin = signed_in()
    full.is_so = True
    answer = admin.form("/sign-out")
    assert (303, "/sign-in") == (answer.status_code, answer.headers["location"])
    assert f'{SESSION}="";' in answer.headers["set-cookie"]

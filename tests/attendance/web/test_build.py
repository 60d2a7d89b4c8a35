"""The application is whole before anybody asks it."""

from fastapi.testclient import TestClient

from attendance.web.build import _READY, build


def test_no_route_is_made_ready_while_somebody_waits(site, monkeypatch):
    """All routes are ready once the application is built, so that many first requests at once do not race."""
    _READY.clear()  # what another test has built may have been asked already
    made = build(site)

    def late(*_: object, **__: object) -> None:
        raise RuntimeError("a route is made ready by a request")

    monkeypatch.setattr("fastapi.routing.get_dependant", late)
    client = TestClient(made, base_url="http://127.0.0.1:8400")
    found = [client.get(path).status_code for path in ("/sign-in", "/api/v1/people")]
    assert [200, 401] == found

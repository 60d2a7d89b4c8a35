"""What every answer carries, and what comes to no route."""

import pytest

from attendance.web.build import build
from attendance.web.site import Site


def test_every_answer_forbids_what_is_from_elsewhere(client):
    """Pages, files, errors and what is refused at the door alike."""
    for path in ("/sign-in", "/nothing", "/static/app.css", "/account"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert ("nosniff", "DENY") == (headers["x-content-type-options"], headers["x-frame-options"])
    refused = client.get("/sign-in", headers={"Host": "evil.example"})
    assert "content-security-policy" in refused.headers


def test_only_files_are_kept_by_browsers(client):
    """Under an address of their content for ever, else asked for anew; pages are not kept at all."""
    kept = [client.get(path).headers["cache-control"] for path in ("/static/app.css?v=1", "/static/app.js", "/sign-in")]
    assert ["public, max-age=31536000, immutable", "no-cache", "no-store"] == kept


def test_a_file_that_is_not_there_is_not_remembered(client):
    """Whoever asks this version for a file of the next one gets it as soon as that is served."""
    missing = [client.get(path) for path in ("/static/next.js?v=2", "/static/next.js", "/static/%00?v=1")]
    assert [(404, "no-store")] * 3 == [(each.status_code, each.headers["cache-control"]) for each in missing]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8400", "localhost", "LOCALHOST:80", "[::1]:8400", "192.168.7.9", "desk.local"]
)
def test_the_service_answers_under_its_names_and_bare_addresses(app, host):
    """Nobody can have an address lead elsewhere."""
    from starlette.testclient import TestClient

    browser = TestClient(build(Site(app, hosts=("localhost", "desk.local"))), base_url="http://127.0.0.1:8400")
    assert 200 == browser.get("/alive", headers={"Host": host}).status_code


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8400", "[::1"])
def test_another_name_is_refused(client, host):
    """A page of another site whose name leads here gets nothing."""
    answer = client.get("/alive", headers={"Host": host})
    assert host == "[::1" or 400 == answer.status_code


@pytest.mark.parametrize(
    "path",
    [
        "/static/../site.py",
        "/static/%2e%2e/site.py",
        "/static/..%2fsite.py",
        "/static/%00",
        "/static/app.css%00",
        "/static//etc/passwd",
        "/static/" + "a" * 5000,
        "/" + "a" * 50_000,
        "/%ff%fe",
        "/static/templates/base.html",
        "/static/C:%5Cwindows",
    ],
)
def test_no_path_leads_out_of_the_files(client, path):
    """And none makes the service fail."""
    assert 404 == client.get(path).status_code


def test_a_page_that_there_is_not_has_the_ways_on_of_whoever_asks(client, signed_in):
    """They need not go back; a stranger is told nothing of what there is."""
    known, stranger = signed_in().get("/nothing"), client.get("/nothing")
    assert (404, 404) == (known.status_code, stranger.status_code)
    assert [True, False] == ['href="/people"' in each.text for each in (known, stranger)]


def test_a_failure_is_answered_without_what_it_says(site, client, monkeypatch, caplog):
    """As it may hold a name; the log tells where it happened."""

    def broken(*_):
        raise RuntimeError("Ada Lovelace is in here")

    monkeypatch.setattr(site.app.accounts, "all", broken)
    answer = client.get("/sign-in")
    assert 500 == answer.status_code
    assert "internal.failed" in answer.text
    assert "/sign-in failed: RuntimeError in test_headers.py" in caplog.text
    assert "Lovelace" not in answer.text + caplog.text

"""attendance serve: what it is told, and what it says."""

import json
import logging
from datetime import UTC, datetime

import pytest
import site_world
from similarity_world import exported

from attendance import Attendance
from attendance.access import Actor
from attendance.cli import run, serve
from attendance.web import addresses, server
from attendance.web.alone import alone
from enroll.errors import EncoderMissing


@pytest.fixture
def served(monkeypatch, command, capsys):
    """Run the command as far as the first answer; what it served, and how."""

    def serve(*arguments, at=None):
        seen = {}

        def answer(site, bound, tls=None, *, proxied=False, ready=bool, deadline=None):
            seen.update(site=site, tls=tls, proxied=proxied, port=bound.getsockname()[1], deadline=deadline)
            ready()
            return 0

        monkeypatch.setattr(server, "serve", answer)
        if at is None:
            return *command("serve", "--port", 0, *arguments), seen
        code = run(["serve", "--port", "0", *arguments, "--home", str(at)])
        return code, *capsys.readouterr(), seen

    return serve


def test_the_first_start_prints_one_address_with_a_setup_link(served, app):
    """Which makes the first account; on standard output is nothing else."""
    code, out, _err, seen = served()
    [address] = out.splitlines()
    start, _, secret = address.partition("?token=")
    assert (0, f"http://127.0.0.1:{seen['port']}/setup") == (code, start)
    assert app.accounts.may_set_up(secret)


def test_each_start_prints_another_link_until_there_is_an_account(served, app):
    """Then the address alone."""
    first, second = served()[1], served()[1]
    assert first.partition("?")[2] != second.partition("?")[2]
    assert not app.accounts.may_set_up(first.strip().partition("?token=")[2])
    app.accounts.add(Actor("tests"), "Ada", "correct horse battery", "admin")
    _code, out, _err, seen = served()
    assert f"http://127.0.0.1:{seen['port']}\n" == out


def test_other_computers_need_tls_or_a_word(served):
    """Before anything is made."""
    code, out, err, seen = served("--host", "0.0.0.0")  # noqa: S104
    assert (2, "", {}) == (code, out, seen)
    assert "serve.insecure" in err
    assert 0 == served("--host", "0.0.0.0", "--insecure")[0]  # noqa: S104


def test_a_certificate_is_made_where_it_is_asked_for(served, home):
    """And its fingerprint told."""
    _code, out, err, seen = served("--host", "0.0.0.0", "--tls-self-signed")  # noqa: S104
    assert out.startswith("https://")
    assert (home / "tls" / "certificate.pem", home / "tls" / "key.pem") == seen["tls"]
    assert "its SHA-256 is" in err
    assert seen["site"].secure


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tls-cert", "a.pem"],
        ["--tls-key", "a.pem"],
        ["--tls-cert", "missing.pem", "--tls-key", "missing.pem"],
        ["--tls-self-signed", "--tls-cert", "a.pem", "--tls-key", "a.pem"],
    ],
)
def test_certificates_that_cannot_be_used_are_refused(served, arguments):
    """With their own error."""
    code, _out, err, seen = served(*arguments)
    assert (2, {}) == (code, seen)
    assert "serve.certificate" in err


def test_behind_a_proxy_the_public_address_counts(served):
    """Links, cookies and names go by it, and who asks is told by the proxy."""
    _code, out, _err, seen = served("--public-url", "https://Attendance.example/")
    assert out.startswith("https://attendance.example/setup?token=")
    assert (True, True) == (seen["proxied"], seen["site"].secure)
    assert "attendance.example" in seen["site"].names
    assert not served()[3]["proxied"]
    assert 2 == served("--public-url", "attendance.example/school")[0]


@pytest.mark.sqlite_only("a home on a server has a folder that names it")
def test_a_port_that_is_taken_is_refused(command, home):
    """Before a home is made."""
    with addresses.bound("127.0.0.1", 0) as taken:
        code, _out, err = command("serve", "--port", taken.getsockname()[1])
    assert 3 == code
    assert "serve.port" in err
    assert not home.exists()


@pytest.mark.parametrize("camera", ["door", "=0", "door="])
def test_a_camera_is_given_as_name_and_address(served, camera):
    """Anything else is wrong usage."""
    assert 2 == served("--camera", camera)[0]


def test_an_interruption_is_told_by_the_exit_code(command, monkeypatch):
    """As with every command."""
    monkeypatch.setattr(server, "serve", lambda *_given, **_told: 130)
    assert 130 == command("serve", "--port", 0)[0]


def test_pages_are_served_though_the_models_cannot_be_loaded(app, monkeypatch, capsys):
    """Whoever started it is told what is missing, and nothing ends."""

    def missing(_app):
        raise EncoderMissing("encoder", "it is not there")

    monkeypatch.setattr(type(app), "pipeline", property(missing))
    serve.load(app)
    assert "error[encoder.missing]" in capsys.readouterr().err


def test_a_model_that_cannot_compare_is_told_at_the_start(home, clock, pipeline, tmp_path, capsys):
    """Whoever started it is told which folder and why, and nothing ends; one that is whole compares."""
    folder = exported(tmp_path / "whole")
    flags = {"similarity": f"{folder}, {tmp_path / 'gone'}"}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        serve.load(opened)
        assert ["colours"] == [each.name for each in opened.similarity.cards]
    said = capsys.readouterr().err
    assert 1 == said.count("error[similarity.unusable]")
    assert str(tmp_path / "gone") in said


@pytest.mark.usefixtures("app")
def test_a_home_is_served_once(served, home):
    """A second service says so in one line, and begins nothing."""
    with alone(home):
        code, out, err, seen = served()
    assert (3, "", {}) == (code, out, seen)
    assert "error[serve.running]" in err
    assert 0 == served()[0]


@pytest.fixture
def logged(monkeypatch):
    """The log that the command begins goes to standard error, as in a program of its own; ended with the test."""
    logger, made = logging.getLogger("attendance"), []
    before = logger.level

    def begin(*, handlers, level):
        made.extend(handlers)
        for each in handlers:
            each.setLevel(level if each.formatter is None else logging.NOTSET)
            logger.addHandler(each)

    monkeypatch.setattr(logging, "basicConfig", begin)
    yield
    logger.setLevel(before)
    for each in made:
        logger.removeHandler(each)


@pytest.mark.usefixtures("logged")
def test_the_first_line_of_a_log_as_json_is_json(served, home, monkeypatch):
    """What is said of a new home before the log's own lines is one of them, and standard output has the address."""
    monkeypatch.setattr(serve, "load", lambda _app: None)
    code, out, err, _seen = served("--set", "log_format=json")
    told = [json.loads(each) for each in err.splitlines()]

    assert (0, 1, True) == (code, len(out.splitlines()), home.exists())
    assert told[0]["event"].startswith("days are those of ")
    assert "service.begin" in [each["event"] for each in told]


@pytest.mark.usefixtures("logged")
def test_a_service_that_starts_cut_off_says_so_in_its_log(served, app, tmp_path, monkeypatch):
    """With the database out of reach from the start each line is JSON, and tells the site; one says what goes on."""
    app.sites.add(app.actor, "North")
    folder = site_world.cut_off(app, tmp_path / "north", "North", datetime.now(UTC))
    monkeypatch.setattr(serve, "load", lambda _app: None)
    code, _out, err, _seen = served("--set", "log_format=json", "--set", "site=North", at=folder)
    told = [json.loads(each) for each in err.splitlines()]
    away = [each for each in told if each["event"].startswith("the database is out of reach: marking goes on")]

    assert (0, 1, {"North"}) == (code, len(away), {each["site"] for each in told})
    assert {"link.lost", "service.begin"} <= {each["event"] for each in told}
    assert "worker" in told[-1]

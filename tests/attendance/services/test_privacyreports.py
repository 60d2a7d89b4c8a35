"""The officer's drafts as a service: from the home's own counts, naming nobody, and told in the log."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.liveness.measuring import Counts
from attendance.privacy.facts import Answers, Language, Part, ReportFormat
from attendance.service_errors import AccessRefused
from gallery import history
from gallery.privacytables import BackupRow, ConsentRow, HoldRow, SecondFactorRow
from gallery.repositories.events import record

AUDITOR = Actor("ida", frozenset({"auditor"}), door="web")
PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def school(app, draw) -> Attendance:
    """Ada and Bob with faces, Cid without, Dan who has left; a receiver, tokens, a kiosk and an account."""
    app.enroll(draw("ada.png", (1,)), name="Ada Lovelace", external_id="E-100")
    app.enroll(draw("bob.png", (2,)), name="Bob Bobson", external_id="E-200")
    app.gallery.add_person("Cid Campeador", external_id="E-300", at=app.clock.utc(), by="t")
    app.gallery.add_person("Dan Danton", external_id="E-400", at=app.clock.utc(), by="t")
    app.leaving.set_active(app.actor, "E-400", False)
    app.receivers.add(app.actor, "For Ada Lovelace", "http://127.0.0.1:9/in", allow_private=True)
    app.tokens.add(app.actor, "HR of Bob Bobson", ["people:read"])
    app.places.add(app.actor, "Room of Ada Lovelace", kind="kiosk")
    app.accounts.add(app.actor, "Grace Hopper", PASSWORD, "admin")
    return app


def said(app, person: str, *, granted: bool, until: datetime | None = None) -> None:
    """A word on the face."""
    now = app.clock.utc()
    with app.store.atomic() as step:
        step.add(ConsentRow(person_id=app.people.find(person).id, purpose="face", granted=granted, basis="consent",
                            given_by="self", method="page", at=now, entered=now, by="t", until=until))  # fmt: skip


def test_the_facts(school):
    """Counts are of active people and of what is in use; the latest word counts, and one that is over is a no."""
    said(school, "E-100", granted=True)
    said(school, "E-200", granted=True)
    said(school, "E-200", granted=False)
    said(school, "E-300", granted=True, until=school.clock.utc() - timedelta(days=1))
    said(school, "E-400", granted=True)
    told = school.privacy_reports.facts(AUDITOR)
    assert (3, 2, 1, 0) == (told.people, told.with_face, told.kiosks, told.cameras)
    assert Answers(1, 2) == told.answers["face"]
    assert ({"admin": 1}, 0, "file") == (told.accounts, told.admins_with_totp, told.key_by)
    assert [("webhook", "For another person"), ("api", "HR of another person")] == [
        (each.kind, each.name) for each in told.recipients
    ]


def test_dates_and_what_is_on(school):
    """The last backup that is there, its trial, the anchor, the purge, holds and second factors are told."""
    day = datetime(2026, 2, 1, tzinfo=UTC)
    with school.store.atomic() as step:
        for at, gone in ((day, None), (day + timedelta(days=9), day)):
            step.add(BackupRow(path="x", at=at, digest="", bytes=1, scheduled=True, tested=day, gone=gone))
        step.add(HoldRow(person_id=None, reason="", begun=day, by="t"))
        step.add(SecondFactorRow(account_id=school.accounts.all()[0].id, secret=b"", confirmed=day, codes=[]))
        for action in ("audit.anchor", "purge.run"):
            record(step, at=day, by="t", action=action, subject="")
    told = school.privacy_reports.facts(school.actor)
    assert (1, day, day, day, day) == (
        told.backups,
        told.last_backup,
        told.last_tested,
        told.last_anchor,
        told.last_purge,
    )
    assert (1, 1) == (told.holds, told.admins_with_totp)


@pytest.mark.parametrize("by", ["passphrase", "environment", "command"])
def test_what_protects_the_key(school, by):
    """It is read from the key file, without the key."""
    (school.home / "key").write_text(json.dumps({"format": "attendance-key", "version": 1, "by": by, "wrapped": ""}))
    assert by == school.privacy_reports.facts(school.actor).key_by


@pytest.mark.parametrize("text", ["{", '{"by": "magic"}', "\\xff", "[]"])
def test_a_key_file_that_is_broken_claims_no_protection(school, text):
    """What cannot be read is taken for a plain file, and the drafts are made all the same."""
    (school.home / "key").write_text(text)
    assert "file" == school.privacy_reports.facts(school.actor).key_by


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("form", [ReportFormat.MD, ReportFormat.HTML])
def test_nobody_is_named(school, language, form):
    """No person's or account's name or id is in the drafts, also where a receiver or a token is called after one."""
    text = school.privacy_reports.report(AUDITOR, language, form).decode()
    for word in ("Ada", "Lovelace", "Bob", "Cid", "Dan Danton", "Grace", "E-100", "E-200", "E-300", "E-400"):
        assert word not in text
    assert ("HR of another person" in text, "127.0.0.1" in text) == (True, False)


def test_it_stands_in_the_log(school):
    """Who took it out, in which language and form; no name is in the entry."""
    school.privacy_reports.report(AUDITOR, Language.DE, ReportFormat.PDF, [Part.NOTICE])
    with school.store.reading() as view:
        (told,) = history(view, action="privacy.report")
    assert ("ida", {"language": "de", "format": "pdf", "parts": 1}) == (told.by, told.details)


def test_only_for_those_who_may(school):
    """A teacher and a program are refused."""
    for role in ("teacher", "people:read"):
        with pytest.raises(AccessRefused):
            school.privacy_reports.report(Actor("x", frozenset({role})))


def test_the_measured_figures_are_those_of_the_card(school):
    """The shipped encoder's card tells them; a card without figures does not, and the drafts say so."""
    from attendance.home import encoder_card
    from attendance.services.privacyreports import _accuracy

    card = encoder_card("default")
    told, figures = _accuracy(card), card.raw["figures"]
    assert (figures["default threshold"]["fpir"], figures["default threshold"]["fnir"]) == (told.fpir, told.fnir)
    groups = figures["with cohort"]["P4"]
    times = [groups[f"{name}, under 13"]["fmr"] / groups[f"{name}, adults"]["fmr"] for name in ("aaf", "fairface")]
    assert max(times) == told.children
    assert "does not tell how often enrolled people are missed" in school.privacy_reports.report(AUDITOR).decode()


def test_the_worst_place_is_told_by_measurements_that_hold(school):
    """By the setting in force; a place that was never measured counts among the places alone."""
    school.places.add(school.actor, "Gate", kind="kiosk")
    school.places.add(school.actor, "Back", "1")
    before = school.privacy_reports.facts(AUDITOR).liveness
    assert (0, None, None) == (before.measured, before.species, before.people)
    measures = school.liveness_measures
    counts = (
        Counts("print", rulings={"attack": 30}),
        Counts("phone", rulings={"live": 1, "unsure": 9}, taken={"off": 10, "review": 10, "require": 1}),
        Counts("live", 1, {"live": 10}, {"off": 10, "review": 10, "require": 10}),
    )
    measures.keep(school.actor, "Gate", measures.made(counts, camera="0"))
    told = school.privacy_reports.facts(AUDITOR).liveness
    assert (before.places, 1, "phone", 100.0) == (told.places, told.measured, told.species, told.pictures)
    assert abs(told.people - 25.9) < 0.05

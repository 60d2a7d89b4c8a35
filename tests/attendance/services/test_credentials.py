"""PINs, QR codes and badges: who has what, what opens, what does not any more, and how often one may guess."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import OutputFailed
from attendance.service_errors import (
    CredentialInvalid,
    CredentialTaken,
    CredentialUnknown,
    LimitReached,
    RequestInvalid,
)
from attendance.services.kioskwatch import codes_in
from gallery.errors import PersonUnknown
from gallery.repositories.events import CREDENTIAL_ADDED, CREDENTIAL_REMOVED, history

CLERK = Actor("clerk")


@pytest.fixture
def ways(app, draw):
    """The credentials of a home in which Ada and Bob are enrolled."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    return app.credentials


def wrong(ways, text, kind="pin"):
    """Try in vain, each time at another kiosk; what it says."""
    with pytest.raises((CredentialInvalid, LimitReached)) as raised:
        ways.whose(kind, text, where=f"kiosk {text}")
    return raised.value


def other(pin: str) -> str:
    """A PIN that is not this one."""
    return f"{(int(pin) + 1) % 10_000:04d}"


def test_a_pin_is_told_once_and_kept_as_a_hash(ways, app):
    """Numbers begin at 1001, the PIN has four digits and opens; what is kept does not hold it."""
    given = ways.give_pin(CLERK, "A")
    assert ("1001", 4, True) == (given.number, len(given.pin), given.pin.isdigit())
    assert "Ada" == ways.whose("pin", f" {given.number} {given.pin}", where="hall").name
    with app.store.reading() as transaction:
        from gallery.repositories import credentials

        kept = credentials.found(transaction, "pin", "1001").secret
    assert kept.startswith("$argon2id$")
    assert given.pin not in kept


def test_a_new_pin_keeps_the_number_and_ends_the_old_one(ways):
    """Whoever knows their number need not learn another one; the PIN of before opens nothing."""
    old, new = ways.give_pin(CLERK, "A"), ways.give_pin(CLERK, "A")
    assert ("1001", "1001") == (old.number, new.number)
    assert "1002" == ways.give_pin(CLERK, "B").number
    assert "Ada" == ways.whose("pin", f"1001{new.pin}", where="hall").name
    if old.pin != new.pin:
        assert "credential.invalid" == wrong(ways, f"1001{old.pin}").id


def test_pins_that_are_guessed_first_are_never_drawn(ways):
    """No PIN of one digit, of steps of one, of a pair twice, or that looks like a year of birth."""
    drawn = {ways.give_pin(CLERK, "A").pin for _ in range(12)}
    assert not drawn & {"0000", "1111", "1234", "4321", "9876", "1212", "1999", "2010"}


@pytest.mark.parametrize("text", ["", "1", "12345", "1001", "10011", "1001abcd", "١٠٠١٤٨٢١", "9999 1234", "x" * 5000])
def test_what_is_no_pin_says_no_more_than_a_wrong_one(ways, text):
    """Nobody learns from an answer which numbers there are."""
    ways.give_pin(CLERK, "A")
    said = wrong(ways, text)
    assert ("credential.invalid", "number and PIN do not belong together") == (said.id, said.detail)


def test_five_wrong_pins_pause_and_a_restart_forgives_nothing(ways, app, home, clock, pipeline):
    """After five in vain even the right PIN waits 30 seconds, also after a restart; then it opens and all is well."""
    given = ways.give_pin(CLERK, "A")
    right, false = f"1001{given.pin}", f"1001{other(given.pin)}"
    assert ["credential.invalid"] * 5 == [wrong(ways, false).id for _ in range(5)]
    assert ("limit.reached", 30.0) == ((said := wrong(ways, right)).id, said.retry_after_s)
    app.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again:
        assert "limit.reached" == wrong(again.credentials, right).id
        clock.forward(seconds=31)
        assert "Ada" == again.credentials.whose("pin", right, where="hall").name
        assert "credential.invalid" == wrong(again.credentials, false).id


def test_fifty_wrong_pins_put_it_out_of_use_until_it_is_renewed(ways, clock):
    """The right PIN opens nothing then; a new one does, and its tries begin anew."""
    given = ways.give_pin(CLERK, "A")
    for _ in range(50):
        assert "credential.invalid" == wrong(ways, f"1001{other(given.pin)}").id
        clock.forward(days=2)
    assert ("credential.invalid", []) == (wrong(ways, f"1001{given.pin}").id, ways.of("A"))
    new = ways.give_pin(CLERK, "A")
    assert "Ada" == ways.whose("pin", new.number + new.pin, where="hall").name


def test_guessing_at_one_kiosk_slows_it_down_whoever_is_meant(ways, clock):
    """After fifteen in vain one kiosk pauses for all; another one goes on, and so does the first a little later."""
    given = ways.give_pin(CLERK, "A")
    for number in range(15):
        with pytest.raises(CredentialInvalid):
            ways.whose("badge", f"nobody {number}", where="hall")
    with pytest.raises(LimitReached):
        ways.whose("pin", given.number + given.pin, where="hall")
    assert "Ada" == ways.whose("pin", given.number + given.pin, where="yard").name
    clock.forward(seconds=11)
    assert "Ada" == ways.whose("pin", given.number + given.pin, where="hall").name


def test_a_qr_code_opens_until_another_one_is_given(ways):
    """It is signed by this home, and revoked by being renewed or taken away."""
    first = ways.qr_text(held := ways.give_qr(CLERK, "A"))
    assert "Ada" == ways.whose("qr", f"{first}\n", where="hall").name
    second = ways.qr_text(renewed := ways.give_qr(CLERK, "A"))
    assert "credential.invalid" == wrong(ways, first, "qr").id
    assert "Ada" == ways.whose("qr", second, where="hall").name
    ways.remove(CLERK, renewed.id)
    assert "credential.invalid" == wrong(ways, second, "qr").id
    with pytest.raises(CredentialUnknown):
        ways.qr_text(held)


def test_a_forged_qr_code_opens_nothing(ways):
    """Neither another handle under this signature, nor another signature, nor any other text."""
    text = ways.qr_text(ways.give_qr(CLERK, "A"))
    head, handle, signature = text.split(".")
    for forged in (
        f"{head}.{'A' * 16}.{signature}",
        f"{head}.{handle}.{'A' * 26}",
        handle,
        f"att2.{handle}.{signature}",
        "https://x",
    ):
        assert "credential.invalid" == wrong(ways, forged, "qr").id


def test_the_picture_of_a_qr_code_says_what_it_is_of(ways):
    """The kiosk reads the PNG; the SVG is a whole document without script."""
    held = ways.give_qr(CLERK, "A")
    data, media = ways.qr_picture(held, "png")
    assert [ways.qr_text(held)] == codes_in(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert "image/png" == media
    svg, media = ways.qr_picture(held)
    assert ("image/svg+xml", b"<svg", False) == (media, svg[:4], b"<script" in svg)


def test_a_badge_is_kept_as_a_digest_and_belongs_to_one_person(ways, app, home):
    """Its text is nowhere in the file; somebody else cannot have it, the same person may be given it again."""
    held = ways.give_badge(CLERK, "A", " 04:A1:B2:C3:D4 ")
    assert held == ways.give_badge(CLERK, "A", "04:A1:B2:C3:D4")
    with pytest.raises(CredentialTaken):
        ways.give_badge(CLERK, "B", "04:A1:B2:C3:D4")
    assert "Ada" == ways.whose("badge", "04:A1:B2:C3:D4\n", where="hall").name
    app.close()
    assert not any(b"04:A1:B2" in each.read_bytes() for each in home.rglob("*") if each.is_file())


@pytest.mark.parametrize("text", ["", "  ", "abc", "a\tb c d", "x" * 201])
def test_what_can_be_no_badge_is_refused(ways, text):
    """Too short, too long, or with characters that no reader types."""
    with pytest.raises(RequestInvalid):
        ways.give_badge(CLERK, "A", text)


def test_what_a_removed_or_inactive_person_had_opens_nothing(ways, app):
    """With the person all their ways go; of one who left they open nothing until they are back."""
    ways.give_badge(CLERK, "A", "badge of Ada")
    ways.give_badge(CLERK, "B", "badge of Bob")
    app.gallery.set_active("B", active=False, at=app.clock.utc(), by="clerk")
    assert "credential.invalid" == wrong(ways, "badge of Bob", "badge").id
    app.gallery.set_active("B", active=True, at=app.clock.utc(), by="clerk")
    assert "Bob" == ways.whose("badge", "badge of Bob", where="hall").name
    app.gallery.remove("A", at=app.clock.utc(), by="clerk")
    assert "credential.invalid" == wrong(ways, "badge of Ada", "badge").id
    assert ["Bob"] == [each.person.name for each in ways.all()]


def test_the_list_is_by_name_and_tells_nothing_that_opens(ways):
    """Kind, person, since when, by whom; of a PIN its number."""
    ways.give_qr(CLERK, "B")
    given = ways.give_pin(CLERK, "A")
    found = [each.to_dict() for each in ways.all()]
    assert [("pin", "A", "1001"), ("qr", "B", None)] == [(e["kind"], e["id"], e["pin_number"]) for e in found]
    assert given.pin not in str(found)
    assert ways.all()[0] == ways.numbered(ways.all()[0].id)
    with pytest.raises(CredentialUnknown):
        ways.numbered(999)
    with pytest.raises(PersonUnknown):
        ways.give_pin(CLERK, "nobody")


def test_all_that_is_done_stands_in_the_log(ways, app):
    """By internal id and kind, with who did it; no number, no text."""
    ways.give_pin(CLERK, "A")
    ways.give_pin(dataclasses.replace(CLERK, name="head"), "A")
    with app.store.reading() as transaction:
        told = [
            (each.action, each.by, dict(each.details))
            for action in (CREDENTIAL_ADDED, CREDENTIAL_REMOVED)
            for each in history(transaction, action=action)
        ]
    who = {"person": app.gallery.find("A").id, "kind": "pin"}
    assert [
        ("credential.add", "clerk", who),
        ("credential.add", "head", who),
        ("credential.remove", "head", who),
    ] == told


def test_a_qr_code_is_written_to_a_new_file_that_nobody_else_reads(ways, tmp_path):
    """The same code each time unless it is renewed; a file that is there stays, and so does the code."""
    first = ways.write_qr(CLERK, "A", tmp_path / "ada.png")
    assert first == ways.write_qr(CLERK, "A", tmp_path / "again.svg")
    assert 0o600 == (tmp_path / "ada.png").stat().st_mode & 0o777
    with pytest.raises(OutputFailed):
        ways.write_qr(CLERK, "A", tmp_path / "ada.png", renew=True)
    assert [first] == ways.of("A")
    assert first.id != ways.write_qr(CLERK, "A", tmp_path / "new.png", renew=True).id

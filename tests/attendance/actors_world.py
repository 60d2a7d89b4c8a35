"""What somebody can change through the service: by each method the call, what is there before, and what is recorded."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from kiosk_world import Page, code_before, png
from pyotp import TOTP

from attendance.access import Actor
from attendance.liveness.measuring import Counts
from attendance.scope import Scope
from attendance.services.admission import Newcomer, SentPhoto
from attendance.services.bulk import SentFile
from attendance.services.consents import Agreed
from attendance.services.enrolment import Rules
from attendance.services.sign_ins import key_of

TEACHER = Actor("teacher", roles=frozenset({"admin", "kiosk"}), door="web")
"""Somebody who is called so, and may do everything: what each role may is told elsewhere."""
AGREED = {"face": True, "photo": True, "unknown": True}
FRONT = "rtsp://10.0.0.9/live"
INSIDE = "http://127.0.0.1:9/in"
PASSWORD = "correct horse battery"  # noqa: S105


class Row(NamedTuple):
    """A call, the actions that it records, and what others do before it, whose answer the call gets as ``there``."""

    call: Callable[..., Any]
    wanted: set[str]
    before: Callable[..., Any] = lambda *_: None


# What others have done before


def account(app, _draw) -> int:
    """The number of an account of somebody who is no admin."""
    return app.accounts.add(app.actor, "Grace", PASSWORD, "teacher").id


def as_owner(number: int) -> Actor:
    """Whoever is signed in to the account of this number, which others know as the one who acts."""
    return Actor("teacher", roles=frozenset({"teacher"}), door="web", account=number)


def own_password(app, there) -> None:
    """Somebody gives themselves another password."""
    app.accounts.own_password(as_owner(there), PASSWORD, PASSWORD[::-1])


class SignedIn(NamedTuple):
    """A browser of an account, by what lists call it."""

    account: int
    key: str


def signed_in(app, draw) -> SignedIn:
    """A browser that is signed in."""
    number = account(app, draw)
    app.sign_ins.begin(app.accounts.numbered(number))
    return SignedIn(number, key_of(app.sign_ins.all(number)[0]))


class Factor(NamedTuple):
    """An account, and what makes the digits of its second factor."""

    account: int
    digits: Any


def waiting_factor(app, draw) -> Factor:
    """The second factor of an account, not confirmed yet."""
    number = account(app, draw)
    app.second_factors.begin(as_owner(number), PASSWORD)
    secret = app.second_factors.waiting(number).secret
    return Factor(number, lambda later=0: TOTP(secret).at(app.clock.utc(), counter_offset=later))


def held_factor(app, draw) -> Factor:
    """The second factor of an account, confirmed by somebody else than those who act later."""
    found = waiting_factor(app, draw)
    app.second_factors.confirm(Actor("Grace", account=found.account), found.digits())
    return found


def confirmed_factor(app, there) -> None:
    """Somebody confirms their own."""
    app.second_factors.confirm(as_owner(there.account), there.digits())


def factor_off(app, there) -> None:
    """Somebody turns off their own."""
    app.second_factors.turn_off(as_owner(there.account), PASSWORD, there.digits(1))


def backup_folder(app, _draw=None) -> Path:
    """A folder for backups, as the settings name it."""
    folder = app.home.with_name("backups")
    folder.mkdir()
    app.backups.__dict__["_settings"] = replace(app.settings, backup_folder=str(folder))
    return folder


def backed_up(app, _draw) -> None:
    """A backup."""
    app.backups.run(app.actor, backup_folder(app))


def receiver(app, _draw) -> None:
    """A receiver called Front."""
    app.receivers.add(app.actor, "Front", INSIDE, allow_private=True)


def token(app, _draw) -> int:
    """The number of a program's token."""
    return app.tokens.add(app.actor, "HR", ["people:read"]).token.id


def gate(app, _draw=None) -> None:
    """A kiosk's place."""
    app.places.add(app.actor, "Gate", kind="kiosk")


def kiosk(app, _draw=None) -> Page:
    """The page of a kiosk that has a key, as which others act."""
    gate(app)
    page = Page(app, app.tokens.add_kiosk(app.actor, "Gate").token, app.clock)
    page.ask()
    return page


def typed(app, _draw=None):
    """The page of a kiosk, and Bob's PIN as it was typed there."""
    page, given = kiosk(app), app.credentials.give_pin(app.actor, "Bob")
    return page, page.entry("pin", given.number + given.pin)


def taken(app, _draw):
    """The token of a kiosk, and the mark that Bob has made there by his PIN just now."""
    page, posted = typed(app)
    (answer,) = page.send(posted)
    return page.token, answer["mark"]


def held(app, _draw):
    """The page of a kiosk that looks, and a picture of Bob's QR code before it."""
    page = kiosk(app)
    page.begin()
    return page, png(code_before(app, app.credentials.give_qr(app.actor, "Bob")))


def confirmed(app, _draw) -> None:
    """Somebody has said that it was Cid."""
    app.review_desk.settle(app.actor, None, 1, "right")


def marked(app, _draw) -> None:
    """Cid has a mark beside the face that may be Cid's."""
    app.mark("Cid", session="Maths")


def known(app, draw) -> int:
    """The number of a face of which somebody has said that it is Dan's."""
    app.enroll(draw("dan.png", (40,)), name="Dan", external_id="D")
    (unsure,) = app.check(draw("dan2.png", (40, 30)), session="Maths")
    app.review_desk.settle(app.actor, None, unsure.sighting, "right")
    return unsure.sighting


def stranger(app, draw) -> int:
    """The number of a kept face that is nobody's."""
    (found,) = app.check(draw("eve.png", (40, 90)), session="Maths")
    return found.sighting


def sent(draw, *face: int) -> SentPhoto:
    """A photo as it came."""
    return SentPhoto("photo.png", draw("sent.png", face, seed=5).read_bytes())


def taken_in(app, draw) -> None:
    """A photo with its name is enrolled, as a job."""
    file = SentFile("Eve.png", io.BytesIO(sent(draw, 7).data))
    assert "done" == app.jobs.wait(app.bulk.begin(TEACHER, [file], (), None).id).state


def by_pin(app, there) -> None:
    """What was typed is sent by whoever acts."""
    page, posted = there
    app.kiosks.take(TEACHER, page.token, [posted], page=page.page, seconds=page.seconds)


def by_code(app, there) -> None:
    """What was held before the camera is sent by whoever acts."""
    page, picture = there
    app.kiosks.see(TEACHER, page.token, page.shot(picture, faces=False))


def lost(app, _draw=None) -> None:
    """The key of the home is lost, before anything was sealed with it that is in use."""
    app.gallery.sealer  # noqa: B018 - opening it is the work
    (app.home / "key").unlink()


def north(app, _draw=None) -> None:
    app.sites.add(app.actor, "North")


def north_with_7b(app, _draw) -> None:
    north(app)
    app.edits.change(app.actor, "A", expected=None, groups=["7b"])


SERVICE = {
    "Keys.abandon": Row(lambda app, **_: app.keys.abandon(TEACHER), {"audit.begin", "key.abandon"}, lost),
    "Keys.copy": Row(lambda app, tmp_path, **_: app.keys.copy(TEACHER, tmp_path / "copy"), {"key.copy"}),
    "Keys.protect": Row(lambda app, **_: app.keys.protect(TEACHER, "file"), {"key.protect"}),
    "Keys.recovery": Row(
        lambda app, tmp_path, **_: app.keys.recovery(TEACHER, tmp_path / "pair"), {"key.recovery", "setting.change"}
    ),
    "Keys.rotate": Row(lambda app, **_: app.keys.rotate(TEACHER), {"key.rotate"}),
    "Accounts.add": Row(lambda app, **_: app.accounts.add(TEACHER, "Grace", PASSWORD, "teacher"), {"account.add"}),
    "Accounts.change": Row(
        lambda app, there, **_: app.accounts.change(TEACHER, there, name="Grace Hopper"), {"account.change"}, account
    ),
    "Accounts.own_password": Row(lambda app, there, **_: own_password(app, there), {"account.change"}, account),
    "Accounts.set_password": Row(
        lambda app, there, **_: app.accounts.set_password(TEACHER, there, PASSWORD[::-1]), {"account.change"}, account
    ),
    "Accounts.remove": Row(lambda app, there, **_: app.accounts.remove(TEACHER, there), {"account.remove"}, account),
    "Admission.add": Row(
        lambda app, draw, **_: app.admission.add(TEACHER, Newcomer("Eve"), [sent(draw, 7)], None, Rules()),
        {"person.enroll"},
    ),
    "Admission.further": Row(
        lambda app, draw, **_: app.admission.further(TEACHER, app.gallery.find("Ada"), [sent(draw, 1)], Rules()),
        {"person.enroll"},
    ),
    "Admission.enter": Row(lambda app, **_: app.admission.enter(TEACHER, Newcomer("Eve")), {"person.add"}),
    "AuditChain.anchor": Row(lambda app, **_: app.audit_chain.anchor(TEACHER), {"audit.anchor"}),
    "Upkeep.drop_vectors": Row(lambda app, **_: app.upkeep.drop_vectors(TEACHER), {"vectors.drop"}),
    "Encoders.prepare": Row(lambda app, **_: list(app.encoders.prepare(TEACHER, "fast")), {"template.add"}),
    "Encoders.rollback": Row(
        lambda app, **_: app.encoders.rollback(TEACHER),
        {"template.add", "encoder.switch"},
        lambda app, _: app.encoders.switch(app.actor, "fast"),
    ),
    "Encoders.switch": Row(lambda app, **_: app.encoders.switch(TEACHER, "fast"), {"template.add", "encoder.switch"}),
    "BulkEnrolment.begin": Row(lambda app, draw, **_: taken_in(app, draw), {"person.enroll"}),
    "Cameras.add": Row(lambda app, **_: app.cameras.add(TEACHER, "Front", FRONT), {"place.add"}),
    "Cameras.begin": Row(lambda app, **_: app.cameras.begin(TEACHER, "Door"), {"watch.start"}),
    "Cameras.restart": Row(
        lambda app, **_: app.cameras.restart(TEACHER, "Door"),
        {"watch.start"},
        lambda app, _: app.cameras.begin(app.actor, "Door"),
    ),
    "Cameras.stop": Row(
        lambda app, **_: app.cameras.stop(TEACHER, "Door"),
        {"watch.stop"},
        lambda app, _: app.cameras.begin(app.actor, "Door"),
    ),
    "Cameras.want": Row(lambda app, **_: app.cameras.want(TEACHER, "Front", FRONT), {"place.add", "watch.start"}),
    "Configuration.set": Row(lambda app, **_: app.configuration.set(TEACHER, "site_name", "North"), {"setting.change"}),
    "Backups.daily": Row(lambda app, **_: app.backups.daily(TEACHER), {"backup.run"}, backup_folder),
    "Backups.run": Row(lambda app, there, **_: app.backups.run(TEACHER, there), {"backup.run"}, backup_folder),
    "Backups.test": Row(lambda app, **_: app.backups.test(TEACHER), {"backup.test"}, backed_up),
    "ConsentForms.enter": Row(
        lambda app, there, **_: app.consent_forms.enter(TEACHER, "Ada", there, AGREED),
        {"consent.give"},
        lambda app, _: app.consent_forms.make(app.actor, ["Ada"])[0].code,
    ),
    "ConsentForms.make": Row(lambda app, **_: app.consent_forms.make(TEACHER, ["Ada"]), {"consent.form"}),
    "ConsentForms.revoke": Row(
        lambda app, **_: app.consent_forms.revoke(TEACHER, "Ada"),
        {"consent.revoke"},
        lambda app, _: app.consent_forms.make(app.actor, ["Ada"]),
    ),
    "ConsentForms.write": Row(
        lambda app, tmp_path, **_: app.consent_forms.write(TEACHER, ["Ada"], tmp_path / "f.pdf", ""), {"consent.form"}
    ),
    "ConsentTexts.add": Row(lambda app, **_: app.consent_texts.add(TEACHER, "9", "fr", "Oui ?"), {"consenttext.add"}),
    "Consents.give": Row(lambda app, **_: app.consents.give(TEACHER, "Ada", Agreed()), {"consent.give"}),
    "Consents.withdraw": Row(lambda app, **_: app.consents.withdraw(TEACHER, "Ada"), {"consent.withdraw"}),
    "Credentials.give_pin": Row(lambda app, **_: app.credentials.give_pin(TEACHER, "Ada"), {"credential.add"}),
    "Credentials.give_qr": Row(
        lambda app, **_: app.credentials.give_qr(TEACHER, "Ada"),
        {"credential.remove", "credential.add"},
        lambda app, _: app.credentials.give_qr(app.actor, "Ada"),
    ),
    "Credentials.give_badge": Row(
        lambda app, **_: app.credentials.give_badge(TEACHER, "Ada", "00420042"), {"credential.add"}
    ),
    "Credentials.write_qr": Row(
        lambda app, tmp_path, **_: app.credentials.write_qr(TEACHER, "Ada", tmp_path / "ada.svg"), {"credential.add"}
    ),
    "Credentials.remove": Row(
        lambda app, there, **_: app.credentials.remove(TEACHER, there.id),
        {"credential.remove"},
        lambda app, _: app.credentials.give_qr(app.actor, "Ada"),
    ),
    "Deciding.photo": Row(
        lambda app, draw, **_: app.deciding.photo(TEACHER, sent(draw, 2, 90).data, "photo.png", Scope()),
        {"session.open", "session.check", "mark.add"},
    ),
    "Edits.add": Row(lambda app, **_: app.edits.add(TEACHER, "Eve"), {"person.add"}),
    "Edits.change": Row(
        lambda app, **_: app.edits.change(TEACHER, "A", expected=None, name="Ada L", groups=["7b"], active=False),
        {"person.rename", "person.groups", "person.active"},
    ),
    "Edits.merge": Row(lambda app, **_: app.edits.merge(TEACHER, "B", "A"), {"person.merge"}),
    "Edits.remove": Row(lambda app, **_: app.edits.remove(TEACHER, "A"), {"person.remove"}),
    "Feeds.add": Row(lambda app, **_: app.feeds.add(TEACHER, person="A"), {"token.add"}),
    "Kiosks.begin": Row(
        lambda app, there, **_: app.kiosks.begin(TEACHER, there.token, camera="OBS Virtual Camera"),
        {"camera.program"},
        kiosk,
    ),
    "Kiosks.pair": Row(
        lambda app, there, **_: app.kiosks.pair(TEACHER, there.token, there.public), {"kiosk.pair"}, kiosk
    ),
    "Kiosks.state": Row(
        lambda app, there, **_: app.kiosks.state(TEACHER, there.token, ready=True),
        {"session.open", "session.check"},
        kiosk,
    ),
    "Kiosks.see": Row(lambda app, there, **_: by_code(app, there), {"session.open", "session.check", "mark.add"}, held),
    "Kiosks.take": Row(lambda app, there, **_: by_pin(app, there), {"session.open", "mark.add"}, typed),
    "Kiosks.undo": Row(lambda app, there, **_: app.kiosks.undo(TEACHER, *there), {"mark.void"}, taken),
    "LivenessMeasures.keep": Row(
        lambda app, **_: app.liveness_measures.keep(
            TEACHER, "Door", app.liveness_measures.made((Counts("print", rulings={"attack": 30}),), camera="0")
        ),
        {"liveness.measured"},
    ),
    "Photos.add": Row(
        lambda app, draw, **_: app.photos.add(TEACHER, "A", sent(draw, 1).data, "photo.png"), {"person.enroll"}
    ),
    "Photos.remove": Row(
        lambda app, **_: app.photos.remove(TEACHER, "A", app.photos.all("A")[0].id), {"template.remove"}
    ),
    "PrivacyReports.report": Row(lambda app, **_: app.privacy_reports.report(TEACHER), {"privacy.report"}),
    "QrSheets.of": Row(lambda app, **_: app.qr_sheets.of(TEACHER), {"credential.add", "credential.sheet"}),
    "QrSheets.write": Row(
        lambda app, tmp_path, **_: app.qr_sheets.write(TEACHER, tmp_path / "cards.pdf"),
        {"credential.add", "credential.sheet"},
    ),
    "Receivers.add": Row(
        lambda app, **_: app.receivers.add(TEACHER, "Front", INSIDE, allow_private=True), {"receiver.add"}
    ),
    "Receivers.change": Row(
        lambda app, **_: app.receivers.change(TEACHER, "Front", active=False), {"receiver.change"}, receiver
    ),
    "Receivers.remove": Row(lambda app, **_: app.receivers.remove(TEACHER, "Front"), {"receiver.remove"}, receiver),
    "Erasing.erase": Row(
        lambda app, tmp_path, **_: app.erasing.erase(TEACHER, "B", tmp_path / "proof"),
        {"person.remove", "erasure.proof"},
    ),
    "Erasing.proved": Row(lambda app, **_: app.erasing.proved(TEACHER, "B"), {"person.remove", "erasure.proof"}),
    "Holds.add": Row(lambda app, **_: app.holds.add(TEACHER, "Ada", reason="x"), {"hold.add"}),
    "Holds.lift": Row(
        lambda app, there, **_: app.holds.lift(TEACHER, there),
        {"hold.lift"},
        lambda app, _draw: app.holds.add(app.actor, "Ada", reason="x").id,
    ),
    "Purging.run": Row(
        lambda app, **_: app.purging.run(TEACHER, now=app.clock.utc() + timedelta(days=39)), {"purge.run"}
    ),
    "ReviewDesk.settle": Row(
        lambda app, **_: app.review_desk.settle(TEACHER, None, 1, "right"), {"sighting.confirm", "mark.add"}
    ),
    "ReviewDesk.many": Row(lambda app, **_: app.review_desk.many(TEACHER, None, [1], "stranger"), {"sighting.dismiss"}),
    "ReviewDesk.give": Row(
        lambda app, **_: app.review_desk.give(TEACHER, None, 1, "Bob"), {"sighting.reassign", "mark.add"}
    ),
    "ReviewDesk.undo": Row(
        lambda app, **_: app.review_desk.undo(TEACHER, None, 1), {"sighting.reopen", "mark.void"}, confirmed
    ),
    "ReviewDesk.add_photo": Row(
        lambda app, there, **_: app.review_desk.add_photo(TEACHER, None, there), {"person.enroll"}, known
    ),
    "ReviewDesk.enrol": Row(
        lambda app, there, **_: app.review_desk.enrol(TEACHER, None, there, "Eve", "E", ()),
        {"person.enroll", "sighting.reassign", "mark.add"},
        stranger,
    ),
    "Reviews.void": Row(
        lambda app, **_: app.reviews.void(TEACHER, 1), {"sighting.dismiss", "mark.void", "sighting.purge"}, marked
    ),
    "Reviews.reopen": Row(lambda app, **_: app.reviews.reopen(TEACHER, 1), {"sighting.reopen", "mark.void"}, confirmed),
    "Timetables.change_day": Row(
        lambda app, **_: app.timetables.change_day(TEACHER, "Lesson", "skip", app.clock.utc().date()), {"rule.change"}
    ),
    "SecondFactors.confirm": Row(lambda app, there, **_: confirmed_factor(app, there), {"factor.add"}, waiting_factor),
    "SecondFactors.turn_off": Row(lambda app, there, **_: factor_off(app, there), {"factor.remove"}, held_factor),
    "SecondFactors.remove": Row(
        lambda app, there, **_: app.second_factors.remove(TEACHER, there.account), {"factor.remove"}, held_factor
    ),
    "SignIns.end_own": Row(
        lambda app, there, **_: app.sign_ins.end_own(as_owner(there.account), there.key), {"signin.end"}, signed_in
    ),
    "SignIns.end_others": Row(
        lambda app, there, **_: app.sign_ins.end_others(as_owner(there.account), ""), {"signin.end"}, signed_in
    ),
    "SignIns.end_one": Row(lambda app, there, **_: app.sign_ins.end_one(TEACHER, there.key), {"signin.end"}, signed_in),
    "Sites.add": Row(lambda app, **_: app.sites.add(TEACHER, "North"), {"site.add"}),
    "Sites.assign": Row(lambda app, **_: app.sites.assign(TEACHER, "A", ["North"]), {"person.sites"}, north),
    "Sites.assign_group": Row(
        lambda app, **_: app.sites.assign_group(TEACHER, "7b", ["North"]), {"person.sites"}, north_with_7b
    ),
    "Sites.retire": Row(lambda app, **_: app.sites.retire(TEACHER, "North"), {"site.retire"}, north),
    "Tokens.add": Row(lambda app, **_: app.tokens.add(TEACHER, "HR", ["people:read"]), {"token.add"}),
    "Tokens.add_feed": Row(lambda app, **_: app.tokens.add_feed(TEACHER, "calendar", "group:7b"), {"token.add"}),
    "Tokens.add_kiosk": Row(lambda app, **_: app.tokens.add_kiosk(TEACHER, "Gate"), {"token.add"}, gate),
    "Tokens.revoke": Row(lambda app, there, **_: app.tokens.revoke(TEACHER, there), {"token.revoke"}, token),
}
WITHOUT_EVENT = {
    "Arrivals.try_again": "what sites bring is entered as the program's doing, whoever has it tried again",
    "AuditChain.anchor_daily": "nothing is done where no place for anchors is set, else it is what anchoring records",
    "LinkedDesk.by": "it is a desk of whichever database is within reach, see Desk.by",
    "Encoders.compare": "nothing is changed: two encoders are asked of the same faces",
    "Jobs.begin": "its own row keeps who began it, and what the work changes is recorded by what does the work",
    "Similarity.compare": "nothing is changed: pictures are compared and forgotten",
    "SecondFactors.begin": "a secret waits, and is asked for by nobody before it is confirmed",
    "PrivacyReports.facts": "nothing is changed, and counts alone are told",
    "Tokens.begin_setup": "the link opens one form for half an hour, and the account made by it is what is recorded",
    "Uploads.drop": "a file that was kept for its sender alone is gone, and nothing was made of it by that",
    "Uploads.find": "nothing is changed",
    "Uploads.keep": "a file waits for an hour for its sender alone; what is made of it is recorded then",
}
"""Methods that take an actor and record nothing in the log, and why."""

"""One of everything that the service keeps, some of it of somebody, for tests of the house around it."""

from datetime import timedelta

from gallery import Gallery
from gallery.privacyvalues import ConsentWord
from gallery.repositories import (
    accounts,
    answers,
    attempts,
    backups,
    consentforms,
    consents,
    credentials,
    deliveries,
    holds,
    jobs,
    news,
    places,
    receivers,
    secondfactors,
    secrets,
    sign_ins,
    tokens,
    watches,
)
from gallery.sitetables import ArrivalRow, LeaseRow, PersonSite, SiteRow, TemplateChange, WorkerRow

TEXT = "said to a program and found nowhere else"


def serve(gallery: Gallery, person: int, now, *, group: str, called: str = "x") -> None:
    """An account with all of its own, tokens, credentials, tries, an answer, a receiver, news, a watch and a job."""
    who = {"at": now, "by": "t"}
    with gallery.store.atomic() as step:
        cipher = gallery.sealer
        account = accounts.insert(step, called, "$argon2id$", "teacher", groups=[group], at=now)
        secondfactors.put(step, cipher, account.id, b"f" * 20)
        secondfactors.confirm(step, account.id, now, ["c" * 64])
        sign_ins.insert(step, f"{called} cookie", account.id, at=now)
        door = places.insert(step, None, f"{called} door", "kiosk", at=now)
        kiosk = tokens.insert(step, "kiosk", called, f"{called} kiosk", scopes=["mark"], place=door.id, **who)
        tokens.insert(step, "setup", called, f"{called} setup", scopes=[], ends=now + timedelta(hours=1), **who)
        for kind, handle in (("pin", credentials.free_number(step)), ("qr", f"{called} q"), ("badge", f"{called} b")):
            credentials.insert(step, person, kind, handle, "$argon2id$" if kind == "pin" else None, **who)
        attempts.fail(step, f"pin {called}", now)
        answers.keep(
            step, cipher, kiosk.id, called, request="r" * 64, status=201, body=TEXT.encode(), person=person, at=now
        )
        secrets.of(step, cipher, f"for {called}")
        hook = {"kinds": [news.MARK_MADE], "allow_private": False, **who}
        receivers.insert(step, cipher, called, "webhook", address="https://x.example", secret=b"s" * 32, **hook)
        news.add(step, [news.New(now, news.MARK_MADE, f"mark of {called}", person, door.id)])
        deliveries.again(step, deliveries.due(step, now)[-1].id, due=now, outcome="503")
        backups.insert(step, f"/mnt/{called}", at=now, digest="0" * 64, size=1, scheduled=True, verified=now)
        text = consents.add_text(step, called, "en", f"May we, {called}?", "d" * 64, **who)
        word = {"text": text.id, "giver": f"guardian of {called}", "method": "paper", "document_sha256": "e" * 64}
        consents.add(step, [ConsentWord(person, "face", granted=True, at=now, entered=now, by="t", **word)])
        consentforms.insert(
            step, person, f"form of {called}", text.id, ("face",), "guardian", ends=now + timedelta(days=30), **who
        )
        watches.put(step, door.id, session=None, **who)
        jobs.end(step, jobs.begin(step, "enrol", total=2, **who).id, "done", {"enrolled": 2}, now)


def share(gallery: Gallery, person: int, now, *, site: str = "North") -> None:
    """A site that the person belongs to, and what came late from it; and what is of this moment alone."""
    with gallery.store.atomic() as step:
        step.add(SiteRow(name=site, created=now, by="t"))
        step.flush()
        step.add(PersonSite(person_id=person, site=site))
        step.add(
            ArrivalRow(uid="a" * 32, site=site, kind="mark", at=now, entered=now, outcome="already", details={"n": 1})
        )
        step.add(LeaseRow(name="camera:Door", holder="w", epoch=3, taken=now, until=now + timedelta(seconds=10)))
        step.add(
            WorkerRow(id="w", host="h", site=site, version="1", settings="d" * 64, begun=now, seen=now, facts={"n": 1})
        )
        step.add(TemplateChange(person_id=person))


def hold(gallery: Gallery, person: int, now) -> None:
    """A hold on the person that was lifted again."""
    with gallery.store.atomic() as step:
        holds.lift(step, holds.add(step, person, "a dispute", at=now, by="t").id, at=now, by="t")

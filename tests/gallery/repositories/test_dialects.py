"""The repositories speak to any engine: no statement is one that SQLite alone understands."""

from datetime import date, timedelta

from sqlalchemy.dialects import postgresql

from gallery import Gallery, GalleryIndex, history, portability
from gallery.repositories import (
    accounts,
    aliases,
    answers,
    approvals,
    attempts,
    calendar,
    corrections,
    coverage,
    credentials,
    deliveries,
    events,
    excuses,
    foreign_ids,
    groups,
    jobs,
    marks,
    months,
    news,
    places,
    receivers,
    rules,
    sessions,
    sightings,
    sign_ins,
    tokens,
    watches,
)
from gallery.values import Sighting


def _everything(gallery: Gallery, enrol, now, tmp_path, decided, served) -> None:  # noqa: PLR0915  one after the other
    """What the product does with a gallery, from the first enrolment to the last removal."""
    who = {"at": now, "by": "t"}
    ada = enrol(gallery, "Ada", 1, crop=b"crop", groups=["g"]).person
    bob = enrol(gallery, "Bob", 2, external_id="B").person
    enrol(gallery, "Ada", 3, replace=True)
    enrol(Gallery(gallery.store, "other"), "Ada", 4)
    gallery.remember_lookalike("Ada", "B", 0.4, **who)
    gallery.rename("B", "Bobby", **who)
    gallery.set_groups("B", ["g", "h"], **who)
    gallery.set_active("B", False, **who)
    index = GalleryIndex(gallery)
    index.refresh()
    with gallery.store.atomic() as step:
        day = sessions.insert(step, "2026-03-02", "UTC", now, day=date(2026, 3, 2))
        named = sessions.insert(step, "Maths", "UTC", now, group_id=groups.number_of(step, "g"))
        for session in (day, named):
            for person in (ada, bob):
                place = {"at": now, "entered": now, "by": "t", "method": "face"}
                seen = [
                    Sighting(now, "file", "x", ruling, "e", session.id, person.id) for ruling in ("present", "review")
                ]
                (number, review) = sightings.add(step, seen)
                made = marks.add(step, person.id, session.id, **place, sighting=number, open_at=now)
                events.record(step, **who, action=events.MARK_ADDED, subject=made.id)
                sightings.keep_crops(step, gallery.sealer, {review: b"face"})
        corrections.add(step, "void", mark=made.id, **who, reason="r")
        corrections.add(step, "dismiss", sighting=review, **who, reason="r")
        marks.add(step, person.id, session.id, **place, unless="valid")
        sightings.purge_crops(step, now, review_days=30, unknown_days=0)
        door = places.insert(
            step, gallery.sealer, "door", "camera", at=now, address="rtsp://x", group_id=groups.number_of(step, "g")
        )
        places.set_active(step, door.id, active=False)
        sessions.close(step, named.id, now)
        coverage.extend(step, 1, now)
    decided.decide(gallery, ada.id, now)
    decided.decide(gallery, bob.id, now, called="bob")
    served.serve(gallery, ada.id, now, group="g", called="ada")
    served.serve(gallery, bob.id, now, group="g", called="bob")
    _serving(gallery, now)
    portability.everything(gallery.store, gallery.vault, ada.id)
    with gallery.store.reading() as view:
        rules.all_rules(view)
        rules.named(view, "x")
        calendar.entries(view)
        excuses.of(view, within=(now, now))
        excuses.numbered(view, 1)
        approvals.waiting_marks(view)
        approvals.waiting_excuses(view)
        months.states(view)
        coverage.within(view, now, now)
        coverage.watermarks(view)
        foreign_ids.of_system(view, "register")
        groups.turns(view)
        list(marks.timeline(view, now, now + timedelta(1), [ada.id]))
        list(marks.timeline(view, now, now + timedelta(1)))
        places.is_recorded(view, door.id)
        for each in (rules, calendar, excuses, approvals, months):
            each.unrecorded(view)
        sessions.of_day(view, date(2026, 3, 2), "UTC", [ada.id])
        sessions.named(view, "Maths", [ada.id])
        sessions.numbered(view, named.id)
        sessions.all_sessions(view)
        sessions.closes_at(view, named.id)
        marks.of(view, ada.id, named.id)
        marks.of_session(view, named.id)
        marks.of_others(view)
        places.named(view, "door")
        places.open_address(view, gallery.sealer, door.id)
        sightings.open_crop(view, gallery.sealer, number)
        sightings.waiting(view)
        sightings.numbered(view, [number])
        corrections.of_mark(view, made.id)
        corrections.unrecorded(view)
        aliases.called(view, [ada.id, 99])
        aliases.heir_of(view, 99)
        events.newest(view)
        events.times(view, events.MARK_ADDED)
        history(view, subject=ada.id)
    gallery.named([ada.id])
    gallery.members("g")
    gallery.people("g", active=None)
    gallery.standings()
    gallery.templates_of("Ada")
    gallery.export(tmp_path / "archive", at=now, passphrase="a long enough one")  # noqa: S106
    gallery.import_(tmp_path / "archive", **who, passphrase="a long enough one")  # noqa: S106
    gallery.vault.rotate(**who)
    gallery.adopt("test-1", "test-2", **who)
    gallery.adopt("test-2", "test-1", **who)
    gallery.clear_lookalike("Ada", "B", **who)
    gallery.merge("B", "Ada", **who)
    gallery.drop_pipeline("other", **who)
    gallery.stats()
    gallery.repair(**who)
    gallery.remove("Ada", **who)


def _serving(gallery: Gallery, now) -> None:
    """What the service does with what it keeps, beyond making it."""
    cipher = gallery.sealer
    with gallery.store.atomic() as step:
        accounts.change(step, 1, groups=["h"], active=False)
        accounts.count_admins(step)
        sign_ins.touch(step, "ada cookie", now)
        sign_ins.purge(step, begun_before=now, seen_before=now)
        sign_ins.remove(step, "ada cookie")
        sign_ins.remove_of(step, 1)
        tokens.advance(step, 1, 4)
        tokens.claim_setup(step, "ada setup", now)
        tokens.revoke(step, 2, now)
        tokens.touch(step, 1, now)
        tokens.set_public_key(step, 1, "k")
        tokens.all_tokens(step, "kiosk")
        credentials.remove(step, credentials.found(step, "qr", "ada q").id)
        attempts.purge(step, now)
        attempts.forget(step, "pin ada")
        answers.purge(step, now)
        receivers.change(step, cipher, 1, active=False)
        number = deliveries.due(step, now)[0].id
        deliveries.claim(step, number, now, stale_before=now)
        deliveries.sent(step, number, now, "200")
        deliveries.give_up_all(step, 1, now, "410")
        deliveries.of_receiver(step, 1)
        news.purge(step, now)
        jobs.progress(step, 1, done=1, total=None, at=now)
        jobs.interrupt_stale(step, now, now)
        watches.remove(step, 1)
        receivers.remove(step, 2)
        accounts.remove(step, 2)


def test_postgresql_knows_every_statement(gallery, enrol, now, tmp_path, decided, served, listen):
    """Whatever is done with a gallery, each statement can be written in PostgreSQL's words, too."""
    seen = []

    def compiled(_connection, clause, *_rest) -> None:
        seen.append(str(clause.compile(dialect=postgresql.dialect())))

    listen("before_execute", compiled)
    _everything(gallery, enrol, now, tmp_path, decided, served)

    assert [] == gallery.people(active=None)
    assert {"INSERT", "SELECT", "UPDATE", "DELETE"} <= {each.split()[0] for each in seen}
    assert not [each for each in seen if "PRAGMA" in each or "rowid" in each]

"""What is let go by itself, and what is kept."""

from datetime import timedelta

from gallery.repositories import attempts, changes, news


def test_old_news_and_tries_go_and_young_ones_stay(app, clock):
    """After a month news and tries in vain are gone; what is younger, and what is still to be sent, stays."""
    app.gallery.add_person("Ada", at=clock.utc(), by="test", external_id="A")
    app.receivers.add(app.actor, "Front", "https://93.184.216.34/in", kinds=["mark.voided"])
    mark = app.mark("Ada")
    app.void("Ada", reason="mistake", mark=mark.id)
    with app.store.atomic() as step:
        attempts.fail(step, "somebody", clock.utc())
    clock.forward(days=31)
    app.mark("Ada")
    app.housekeeping.tidy()
    with app.store.reading() as view:
        kept = [each.kind for each in news.after(view, 0)]
        assert (["mark.voided", "mark.made"], None) == (kept, attempts.of(view, "somebody"))


def test_it_works_by_itself_until_it_is_closed(app, clock, monkeypatch):
    """Started, it tidies at once; closed, it ends."""
    from attendance.services import housekeeping

    monkeypatch.setattr(housekeeping, "PAUSE_S", 0.01)
    with app.store.atomic() as step:
        attempts.fail(step, "somebody", clock.utc() - timedelta(days=40))
    app.housekeeping.start()
    for _ in range(1000):
        with app.store.reading() as view:
            if attempts.of(view, "somebody") is None:
                break
    app.housekeeping.close()
    with app.store.reading() as view:
        assert attempts.of(view, "somebody") is None


def test_old_changes_to_follow_go(app, monkeypatch):
    """Of what an index follows the latest stay, so that the home does not grow with each enrolment for ever."""
    monkeypatch.setattr(changes, "KEPT", 2)
    with app.store.atomic() as step:
        for person in range(5):
            changes.note(step, [person])
    app.housekeeping.tidy()
    with app.store.reading() as view:
        last = changes.last(view)
        assert ({3, 4}, None) == (changes.since(view, last - 2, 9), changes.since(view, last - 4, 9))

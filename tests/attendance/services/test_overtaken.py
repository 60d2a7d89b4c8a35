"""What a cut-off site marked by something that had been taken away at the centre waits for somebody to look."""

from datetime import timedelta

import pytest
from kiosk_world import Page
from site_world import OneSite, state

from attendance.access import Actor
from attendance.register.review import CREDENTIAL_GONE, KIOSK_GONE
from attendance.scope import Scope
from attendance.services.credentials import OFF_AFTER
from attendance.services.overtaken import DOUBT
from gallery import history
from gallery.repositories import arrivals, credentials, marks, tokens
from gallery.slices import outbox

CLERK = Actor("Ines", frozenset({"admin"}), "web")
BADGE = "badge of Ada"


@pytest.fixture
def hall(app, draw, clock, monkeypatch):
    """A home with Ada and Bob, and a kiosk in the hall by which people come in; a server's clock is the test's."""
    monkeypatch.setattr(app.store, "server_time", lambda _: clock.utc())
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    return app


@pytest.fixture
def token(hall):
    """That by which the kiosk proves itself."""
    return hall.tokens.add_kiosk(CLERK, "Hall").token


@pytest.fixture
def page(hall, token, clock):
    """The page of that kiosk, paired."""
    made = Page(hall, token, clock)
    made.ask()
    yield made
    made.app.kiosks.close()


@pytest.fixture
def cut_off(hall, page, tmp_path):
    """``cut_off()`` has the page work at a computer that is cut off from now on."""
    made = []

    def cut():
        site = OneSite(hall, tmp_path / f"computer{len(made)}", None)
        site.fill()
        made.append(site)
        page.app = site.app
        return site

    yield cut
    for each in made:
        each.app.kiosks.close()
        each.close()


@pytest.fixture
def given(hall):
    """Ada's PIN, QR code and badge: what she types or shows."""
    pin = hall.credentials.give_pin(CLERK, "A")
    held = hall.credentials.give_badge(CLERK, "A", BADGE)
    code = hall.credentials.give_qr(CLERK, "A")
    return {
        "pin": (pin.held, pin.number + pin.pin),
        "qr": (code, hall.credentials.qr_text(code)),
        "badge": (held, BADGE),
    }


def reviews(hall):
    return hall.reviews.waiting()


def refused(hall) -> list[str]:
    with hall.store.reading() as transaction:
        return [each.details["why"] for each in history(transaction, action="arrival.refuse")]


@pytest.mark.parametrize("kind", ["pin", "qr", "badge"])
@pytest.mark.parametrize("how", ["removed", "renewed"])
def test_what_was_taken_away_before_is_to_be_looked_at(hall, page, cut_off, given, clock, kind, how):
    """A PIN, code or badge that was removed or renewed at 08:10 and shown at 08:40 marks nobody, and is told why."""
    held, text = given[kind]
    site = cut_off()
    clock.forward(minutes=12)
    if how == "removed":
        hall.credentials.remove(CLERK, held.id)
    elif kind == "badge":
        hall.credentials.remove(CLERK, held.id)
        hall.credentials.give_badge(CLERK, "A", BADGE)
    else:
        {"pin": hall.credentials.give_pin, "qr": hall.credentials.give_qr}[kind](CLERK, "A")
    clock.forward(minutes=30)
    assert "present" == page.show(kind, text)["state"]
    clock.forward(hours=1)
    delivered, _ = site.back()
    assert ([], 1, [CREDENTIAL_GONE]) == (state(hall), delivered.refused, refused(hall))
    (review,) = reviews(hall)
    word = {"pin": "PIN", "qr": "QR code", "badge": "badge"}[kind]
    assert [f"the {word} was taken away at 08:10, before this mark of 08:40 at a site that was cut off"] == review.why
    assert ("Ada", "Hall", word, (CREDENTIAL_GONE,)) == (
        review.person.name,
        review.place,
        review.shown,
        review.sighting.reasons,
    )


@pytest.mark.parametrize("kind", ["pin", "qr", "badge"])
def test_a_mark_of_before_stays_one(hall, page, cut_off, given, clock, kind):
    """What was shown a minute before it was taken away is a mark as any other."""
    held, text = given[kind]
    site = cut_off()
    made = page.show(kind, text)
    clock.forward(minutes=1)
    hall.credentials.remove(CLERK, held.id)
    clock.forward(minutes=30)
    site.back()
    assert ([made["mark"]], []) == ([each[0] for each in state(hall)], reviews(hall))


def test_another_badge_of_theirs_still_counts(hall, page, cut_off, given, clock):
    """Of two badges only the one that was taken away is refused."""
    hall.credentials.give_badge(CLERK, "A", "second badge of Ada")
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=5)
    made = page.show("badge", "second badge of Ada")
    site.back()
    assert ([made["mark"]], []) == ([each[0] for each in state(hall)], reviews(hall))


def test_a_program_of_before_did_not_say_which_badge(hall, page, cut_off, given, clock, monkeypatch):
    """Where the mark does not tell which of somebody's badges it was by, any that is gone is one too many."""
    hall.credentials.give_badge(CLERK, "A", "second badge of Ada")
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=5)
    monkeypatch.setattr("attendance.services.kioskmarks.CREDENTIAL", "note")
    page.show("badge", "second badge of Ada")
    site.back()
    assert ([], 1) == (state(hall), len(reviews(hall)))


def test_a_pin_that_was_guessed_at_too_often(hall, page, cut_off, given, clock):
    """A PIN that the centre has put out of use by itself marks nobody at a site from then on."""
    site, (held, text) = cut_off(), given["pin"]
    with hall.store.reading() as transaction:
        found = credentials.numbered(transaction, held.id)
    hall.credentials._switch_off(found, OFF_AFTER)
    clock.forward(minutes=1)
    assert "present" == page.show("pin", text)["state"]
    site.back()
    assert ([], [CREDENTIAL_GONE]) == (state(hall), refused(hall))


def test_a_pin_that_went_with_a_merge(hall, page, cut_off, given, clock):
    """A PIN that went as its person was merged into one who has another is of use up to then, and not after."""
    hall.credentials.give_pin(CLERK, "B")
    site, (_, text) = cut_off(), given["pin"]
    before = page.show("pin", text)
    clock.forward(minutes=5)
    hall.people.merge(hall.actor, "A", "B")
    site.back()
    assert [before["mark"]] == [each[0] for each in state(hall)]


def test_a_site_whose_clock_is_behind_is_not_believed(hall, page, cut_off, given, clock, monkeypatch):
    """A mark that a slow clock puts before the badge was taken away is one to look at."""
    site = cut_off()
    made = page.show("badge", BADGE)
    clock.forward(minutes=1)
    hall.credentials.remove(CLERK, given["badge"][0].id)
    monkeypatch.setattr(hall.store, "server_time", lambda _: clock.utc() + timedelta(minutes=2))
    site.back()
    (review,) = reviews(hall)
    assert ([], "present") == (state(hall), made["state"])
    assert "by clocks that differ about the time of this mark" in review.why[0]


@pytest.mark.parametrize("apart", [-1, 1])
def test_a_little_doubt_is_no_mark(hall, page, cut_off, given, clock, apart):
    """A mark that is before by less than two good clocks may differ is looked at; by more it is a mark."""
    site = cut_off()
    page.show("badge", BADGE)
    clock.forward(seconds=DOUBT.total_seconds() + apart)
    hall.credentials.remove(CLERK, given["badge"][0].id)
    site.back()
    assert ((apart + 1) // 2, (1 - apart) // 2) == (len(state(hall)), len(reviews(hall)))


def test_of_a_time_not_known_it_is_when_the_mark_was_made(hall, page, cut_off, given, clock):
    """What a kiosk kept through a restart may have been shown before the badge was taken away: somebody is to look."""
    site = cut_off()
    kept = page.entry("badge", BADGE)
    clock.forward(minutes=5)
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=5)
    page.load()
    assert "present" == page.send(kept)[0]["state"]
    site.back()
    (review,) = reviews(hall)
    settled = hall.reviews.confirm(hall.actor, review.sighting.id)
    assert (False, "badge") == (settled.mark.time_is_known, settled.mark.how)


def test_somebody_says_that_it_was_them(hall, page, cut_off, given, clock):
    """Confirmed, it is the mark that it would have been: of its time, place, kind and direction."""
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=30)
    page.show("badge", BADGE)
    at = clock.utc()
    site.back()
    clock.forward(hours=2)
    (review,) = reviews(hall)
    hall.reviews.confirm(hall.actor, review.sighting.id, reason="had found it")
    (mark,) = [each for session in hall.sessions.all() for each in hall.marks.of_session(session.id)]
    assert ("badge", at, "in", True, "Hall") == (
        mark.how, mark.at, mark.direction, mark.valid, mark.evidence["place"],
    )  # fmt: skip
    again = hall.reviews.reopen(hall.actor, review.sighting.id)
    assert (False, 1) == (again.mark.valid, len(reviews(hall)))


def test_what_is_looked_at_stands_in_nobodys_way(hall, page, cut_off, given, clock, draw):
    """Whoever comes in person later is marked, and what waits then changes nothing of that."""
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=30)
    page.show("badge", BADGE)
    site.back()
    clock.forward(minutes=5)
    (made,) = hall.check(draw("door.png", (1,)))
    assert ("present", [made.mark]) == (made.decision, [each[0] for each in state(hall)])


def test_taken_back_at_the_kiosk_nobody_is_to_look(hall, page, cut_off, given, clock):
    """Who takes back at the kiosk what they showed is marked by nobody, whatever it was."""
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=30)
    made = page.show("badge", BADGE)
    site.app.kiosks.undo(page.actor, page.visitor.token, made["mark"])
    site.back()
    assert ([], []) == (state(hall), reviews(hall))


def test_delivered_twice_it_is_looked_at_once(hall, page, cut_off, given, clock):
    """A site that does not know that all arrived delivers again, and nobody has to look twice."""
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=30)
    page.show("badge", BADGE)
    before = site.slice.state
    hall.arrivals.deliver(site.slice)
    with site.slice.database.atomic():
        site.slice.database.set_meta("slice", before.to_text())
    assert 0 == hall.arrivals.deliver(site.slice).all
    assert 1 == len(reviews(hall))


# Kiosks


@pytest.mark.parametrize("revoked", ["before", "after"])
def test_a_kiosk_that_was_revoked(hall, page, cut_off, given, token, clock, revoked):
    """What a kiosk did after its token was revoked is to be looked at; what it did before are marks."""
    site = cut_off()
    if revoked == "before":
        hall.tokens.revoke(CLERK, token.id)
        clock.forward(minutes=5)
    page.show(*("badge", given["badge"][1]))
    if revoked == "after":
        clock.forward(minutes=5)
        hall.tokens.revoke(CLERK, token.id)
    site.back()
    late = revoked == "before"
    assert (0 if late else 1, [KIOSK_GONE] if late else []) == (len(state(hall)), refused(hall))
    assert [each.why[0] for each in reviews(hall)] == (
        ["the kiosk was revoked at 07:58, before this mark of 08:03 at a site that was cut off"] if late else []
    )


def test_a_face_before_a_kiosk_that_was_revoked(hall, page, cut_off, token, clock, draw):
    """The sighting of a face that such a kiosk saw is kept as one to look at, with its numbers."""
    site = cut_off()
    (decision,) = site.app.check(draw("door.png", (1,)), dry_run=True)
    hall.tokens.revoke(CLERK, token.id)
    clock.forward(minutes=5)
    scope = Scope(place=hall.places.all()[0].place)
    made = site.app.desk.by(page.actor).record(decision, scope, means="camera")
    site.back()
    (review,) = reviews(hall)
    assert ("present", [], (KIOSK_GONE,), decision.score) == (
        made.decision, state(hall), review.sighting.reasons, pytest.approx(review.sighting.score, abs=1e-3),
    )  # fmt: skip
    assert "camera" == hall.reviews.confirm(hall.actor, review.sighting.id).mark.how


# What tells by what a mark was made


def test_a_mark_tells_what_was_shown(page, given, cut_off):
    """A mark at a kiosk keeps the number of the credential, and a slice tells it with the kiosk's token."""
    site = cut_off()
    page.show("qr", given["qr"][1])
    with site.slice.database.reading() as here:
        (made,) = [each.mark for each in outbox.items(here, site.slice.state) if isinstance(each, outbox.Shown)]
        assert given["qr"][0].id == marks.by_id(here, made.uid).details["credential"]
        kiosks = tuple(each.id for each in tokens.all_tokens(here, "kiosk"))
    assert ((given["qr"][0].id,), kiosks) == (made.credentials, made.kiosks)


def test_what_is_noted_names_the_sighting(hall, page, cut_off, given, clock):
    """What is noted of the mark that was refused tells whose it was, why, and which sighting to look at."""
    site = cut_off()
    hall.credentials.remove(CLERK, given["badge"][0].id)
    clock.forward(minutes=30)
    made = page.show("badge", BADGE)
    site.back()
    (review,) = reviews(hall)
    with hall.store.reading() as transaction:
        noted = arrivals.known(transaction, [made["mark"]])[made["mark"]]
    person = hall.gallery.find("A").id
    assert {"why": CREDENTIAL_GONE, "person": person, "sighting": review.sighting.id} == noted.details


# What else may have changed at the centre meanwhile


@pytest.mark.parametrize("closed", ["before", "after"])
def test_a_session_that_was_closed(hall, cut_off, clock, draw, closed):
    """A mark in a named session counts up to when that was closed at the centre, and is refused afterwards."""
    hall.session_book.open(CLERK, "Maths")
    site = cut_off()
    clock.forward(minutes=5)
    picture = draw("door.png", (1,))
    if closed == "after":
        list(site.app.check(picture, session="Maths"))
        clock.forward(minutes=5)
    hall.session_book.close(CLERK, "Maths")
    if closed == "before":
        clock.forward(minutes=5)
        list(site.app.check(picture, session="Maths"))
    site.back()
    assert (0, 1)[closed == "after"] == len(state(hall))
    assert {"session_closed"} - set(refused(hall)) == (set() if closed == "before" else {"session_closed"})


def test_a_place_that_was_retired(hall, page, cut_off, clock, draw):
    """Who was seen by a camera that the centre has taken out of use meanwhile was there all the same."""
    gate = hall.places.add(CLERK, "Gate", "rtsp://10.0.0.8/live").place
    site = cut_off()
    hall.places.retire(CLERK, "Gate")
    clock.forward(minutes=5)
    (decision,) = site.app.check(draw("door.png", (1,)), dry_run=True)
    made = site.app.desk.record(decision, Scope(place=gate), means="camera")
    site.back()
    assert ([made.mark], []) == ([each[0] for each in state(hall)], reviews(hall))
    assert page.app is site.app


@pytest.mark.parametrize("change", ["inactive", "erased", "withdrawn"])
def test_whose_badge_it_was(hall, page, cut_off, given, clock, change):
    """A badge of somebody who left or was erased marks nobody; one of somebody who wants no face to be known does."""
    assert given
    site = cut_off()
    if change == "inactive":
        hall.leaving.set_active(CLERK, "A", active=False)
    elif change == "erased":
        hall.people.remove(CLERK, "A")
    else:
        hall.consents.withdraw(CLERK, "A", ("face",))
    clock.forward(minutes=5)
    page.show("badge", BADGE)
    site.back()
    assert (1 if change == "withdrawn" else 0, []) == (len(state(hall)), reviews(hall))
    assert {"inactive": ["inactive"], "erased": ["gone"], "withdrawn": []}[change] == refused(hall)

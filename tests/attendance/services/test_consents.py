"""Nothing is made of a face without consent, by any door; and what a no takes with it."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from servers import raw

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import SourceMissing
from attendance.privacy_errors import ConsentMissing, ConsentUnknown
from attendance.service_errors import AccessRefused, RequestInvalid
from attendance.services.bulk import SentFile
from attendance.services.consents import Agreed, paper_digest
from attendance.services.enrolment import NotEnrolled, Rules
from enroll import Entry
from enroll.photo import read_photo
from gallery import history
from gallery.repositories import erasures, news, sightings

BOTH = Agreed(("face", "photo"))
ROOT = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).with_name("withdrawal_child.py")
PHRASE = "correct horse battery"
UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark
FLAGS = {"guard_people": 0, "site_kind": "school", "keep_unknown_days": 1}


@pytest.fixture
def asking(home, clock, pipeline):
    """An open home of a school, which asks before it makes templates."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS) as opened:
        yield opened
        opened.jobs.close()


def templates(app) -> int:
    return sum(each.templates for each in app.gallery.people(active=None))


def actions(app) -> list[str]:
    with app.store.reading() as session:
        return [each.action for each in history(session)]


# Nothing without


def test_no_template_is_computed_of_somebody_new(asking, draw, pipeline):
    """Who has not agreed is refused before a detector has seen the photo, and is not there afterwards."""
    with pytest.raises(ConsentMissing, match="not agreed"):
        asking.enroll(draw("ada.png", (1,)), name="Ada")

    assert (0, []) == (pipeline.calls, asking.gallery.people())


def test_no_template_is_computed_of_somebody_who_is_there(asking, draw, pipeline):
    """Nor of who was entered without a photo, by further photos."""
    ada = asking.edits.add(asking.actor, "Ada", external_id="A")

    with pytest.raises(ConsentMissing, match="A"):
        asking.photos.add(asking.actor, "A", draw("ada.png", (1,)).read_bytes(), "ada.png")

    assert (0, 0) == (pipeline.calls, asking.gallery.find(ada.id).templates)


def test_a_run_over_a_folder_refuses_whoever_has_not_agreed(asking, draw, pipeline):
    """Each photo is refused by itself, and those of who has agreed are filed."""
    asking.edits.add(asking.actor, "Bob")
    asking.consents.give(asking.actor, "Bob", BOTH)
    entries = [Entry(draw("ada.png", (1,)), "Ada"), Entry(draw("bob.png", (2,)), "Bob")]

    first, second = asking.enroll_many(entries)

    assert ("consent.missing", "added") == (first.problem.id, second.outcome)
    assert isinstance(first, NotEnrolled)
    assert 1 == pipeline.calls


def test_a_list_tells_who_has_agreed(asking, draw):
    """The column consent of a list is noted with the photo; who has none there is refused."""
    entries = [
        Entry(draw("ada.png", (1,)), "Ada", consent="guardian"),
        Entry(draw("bob.png", (2,)), "Bob"),
    ]

    ada, bob = asking.enroll_many(entries)

    (word,) = asking.consents.of("Ada")[1]
    assert ("enrolled", "consent.missing") == (ada.outcome, bob.problem.id)
    assert ("face", True, "guardian", "paper") == (word.purpose, word.granted, word.given_by, word.method)


def test_enrolled_in_one_go(asking, draw):
    """With the word that they have agreed somebody new is enrolled in one step, and the word stands once."""
    rules = Rules(agreed=Agreed(("face", "photo"), "guardian", "Grace Byron", "paper", "0" * 64))
    for seed in (0, 1):
        asking.enrolment.photo(asking.actor, draw(f"{seed}.png", (1,), seed=seed), name="Ada", rules=rules)

    standing, words = asking.consents.of("Ada")
    assert ["yes", "yes", "unanswered"] == [standing.state(each) for each in ("face", "photo", "unknown")]
    assert ["face", "photo"] == [each.purpose for each in words]
    assert {"Grace Byron"} == {each.giver for each in words}
    assert 1 == actions(asking).count("consent.give")


def test_a_program_in_python_tells_it_along_with_the_photo(asking, draw):
    """`Attendance.enroll` and `enroll_many` take what people have agreed to."""
    asking.enroll(draw("ada.png", (1,)), name="Ada", agreed=BOTH)
    (bob,) = asking.enroll_many([Entry(draw("bob.png", (2,)), "Bob")], agreed=Agreed())

    assert ("enrolled", "yes", "yes") == (
        bob.outcome,
        *(asking.consents.of(each)[0].state("face") for each in ("Ada", "Bob")),
    )


def test_a_photo_that_is_refused_leaves_no_word(asking, draw):
    """Where the photo does not come in, neither does the word nor the person."""
    with pytest.raises(Exception, match="no face"):
        asking.enrolment.photo(asking.actor, draw("nobody.png"), name="Ada", rules=Rules(agreed=BOTH))

    assert ([], []) == (asking.gallery.people(), [each for each in actions(asking) if each.startswith("consent")])


def test_a_word_on_another_purpose_admits_no_template(asking, draw, pipeline):
    """Who has agreed to a kept photo alone has not agreed to a template."""
    with pytest.raises(ConsentMissing):
        asking.enrolment.photo(asking.actor, draw("a.png", (1,)), name="Ada", rules=Rules(agreed=Agreed(("photo",))))

    assert (0, []) == (pipeline.calls, asking.gallery.people())


def test_many_at_once_need_a_word(asking, draw):
    """What is uploaded as a job comes in with the tick that all have agreed on paper, and without it not at all."""
    made = []
    for agreed in (None, Agreed(("face",), "guardian", method="paper", document_sha256="1" * 64)):
        with draw("Ada.png", (1,)).open("rb") as content:
            job = asking.bulk.begin(asking.actor, [SentFile("Ada.png", content)], (), None, agreed=agreed)
        asking.jobs.wait(job.id, 30)
        made.append(templates(asking))

    assert [0, 1] == made
    assert "1" * 64 == asking.consents.of("Ada")[1][0].document_sha256


def test_an_import_comes_without_templates(asking, tmp_path, clock, pipeline, draw):
    """People of an archive who have not agreed here come without templates and are named; who has, comes with them."""
    with Attendance.open(tmp_path / "other", clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as other:
        other.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
        other.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
        other.archives.export(tmp_path / "people.zip", passphrase=PHRASE)
    asking.edits.add(asking.actor, "Bob", external_id="B")
    asking.consents.give(asking.actor, "B", Agreed(("face",)))

    done = asking.archives.take_in(asking.actor, tmp_path / "people.zip", passphrase=PHRASE)

    assert (1, 1, ("A",)) == (done.people_added, done.templates_added, done.not_admitted)
    assert {"A": 0, "B": 1} == {each.external_id: each.templates for each in asking.gallery.people()}
    assert 0 == asking.gallery.stats().crops


def test_a_new_encoder_leaves_out_who_has_not_agreed(home, app, draw, clock, fake):
    """Kept crops of whoever has not agreed are embedded no more, and are counted apart."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    app.consents.give(app.actor, "Bob", Agreed(("face",)))
    app.close()
    pipeline = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS) as later:
        run = later.renewal.run(later.actor)
        assert 2 == len(list(run))

        assert (1, 1, 0) == (run.made, run.refused, run.failed)
        assert {"Ada": 0, "Bob": 1} == {each.name: each.templates for each in later.gallery.people()}


def test_a_face_of_a_review_is_not_filed_without_consent(asking, draw):
    """Saying whose face it is marks them; to enrol it is refused, and nothing is filed."""
    asking.edits.add(asking.actor, "Ada", external_id="A")
    (decision,) = asking.check(draw("ada.png", (1,)))

    asking.reviews.reassign(asking.actor, decision.sighting, "A", keep=True)
    with pytest.raises(ConsentMissing):
        asking.review_desk.add_photo(asking.actor, None, decision.sighting)
    (other,) = asking.check(draw("bob.png", (2,)))
    with pytest.raises(ConsentMissing):
        asking.review_desk.enrol(asking.actor, None, other.sighting, "Bob", None, ())

    assert (0, ["Ada"]) == (templates(asking), [each.name for each in asking.gallery.people()])


def test_the_gallery_itself_refuses(asking, fake, clock):
    """Whoever goes to the gallery past all services is refused in the step that would file it."""
    ada = asking.edits.add(asking.actor, "Ada")
    told = {"quality": {}, "source": "x", "source_sha256": "0" * 64, "crop": None, "at": clock.utc(), "by": "t"}

    with pytest.raises(ConsentMissing):
        asking.gallery.add_template(ada.id, fake.vector(1), 0.0, **told)
    with pytest.raises(ConsentMissing):
        asking.gallery.enroll("Bob", fake.vector(2), 0.0, **told)

    assert (0, ["Ada"]) == (templates(asking), [each.name for each in asking.gallery.people()])


def test_setting_it_counts_at_once(app, draw):
    """Who says in the home's file that it is a school is asked from then on, without a new start."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.configuration.set(app.actor, "site_kind", "school")

    with pytest.raises(ConsentMissing):
        app.enroll(draw("bob.png", (2,)), name="Bob")


def test_where_nobody_is_asked_all_is_as_before_but_a_no_counts(app, draw):
    """Without the setting people are enrolled as ever; who has said no is not."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.edits.add(app.actor, "Bob")
    app.consents.withdraw(app.actor, "Bob")

    with pytest.raises(ConsentMissing):
        app.enroll(draw("bob.png", (2,)), name="Bob")
    assert (1, 1) == (templates(app), app.gallery.stats().crops)


# Photo, and faces that wait


def test_no_crop_is_kept_without_a_word_on_it(asking, draw):
    """The template is made, and the crop is kept of whoever has agreed to that, too."""
    for number, (name, agreed) in enumerate({"Ada": Agreed(("face",)), "Bob": BOTH}.items(), 1):
        photo = draw(f"{name}.png", (number,))
        asking.enrolment.photo(asking.actor, photo, name=name, rules=Rules(agreed=agreed))

    kept = {each.name: [has.has_crop for has in asking.gallery.templates_of(each.id)] for each in asking.people.all()}
    assert {"Ada": [False], "Bob": [True]} == kept


def test_a_no_to_the_photo_takes_the_crop_alone(app, draw):
    """The template stays, the person is recognised, and later photos leave no crop."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    done = app.consents.withdraw(app.actor, "Ada", ("photo",))
    app.enroll(draw("more.png", (1,), seed=1), name="Ada")

    assert (0, 1) == (done.templates, done.faces)
    assert [False, False] == [each.has_crop for each in app.gallery.templates_of("Ada")]


def test_backups_are_told_of_a_no_to_a_kept_picture(app, draw):
    """Each purpose that somebody takes back is in the list by which a restoration erases again."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.consents.withdraw(app.actor, "Ada", ("photo", "unknown"))
    with app.store.reading() as transaction:
        listed = [each.what for each in erasures.all_erasures(transaction)]

    assert ["photo", "unknown"] == listed


def test_no_face_waits_that_looks_most_like_who_said_no(app, draw):
    """A review of a face whose first candidate does not want it kept has no picture; that of another one has."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    app.enroll(draw("cid.png", (3,)), name="Cid")
    app.consents.withdraw(app.actor, "Ada", ("unknown",))
    found = [*app.check(draw("a.png", (1, UNSURE))), *app.check(draw("b.png", (2, UNSURE)))]

    assert ["review", "review"] == [each.decision for each in found]
    assert [None, True] == [app.reviews.face(each.sighting) and True for each in found]


# Withdrawn


def withdrawn(app, draw):
    """Ada, Bob and Cid with photos, a face of Ada that waits, and then her withdrawal."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="C")
    app.gallery.remember_lookalike("A", "B", 0.2, at=app.clock.utc(), by="t")
    (waiting,) = app.check(draw("close.png", (1, UNSURE)))
    before = app.store.generation()
    return waiting, before, app.consents.withdraw(app.actor, "A", reason="moves away")


def test_a_withdrawal_takes_all_of_the_face_and_leaves_the_rest(app, draw):
    """Template, crop, waiting face and look-alikes go; the person and their marks stay, and others lose nothing."""
    app.enroll(draw("first.png", (1,), seed=9), name="Ada", external_id="A")
    app.mark("A")
    waiting, before, done = withdrawn(app, draw)

    ada, bob = app.gallery.find("A"), app.gallery.find("B")
    assert (2, 1, True, ()) == (done.templates, done.faces, done.erased, done.ways)
    assert (0, 1) == (ada.templates, bob.templates)
    assert (None, 0, 2) == (
        app.reviews.face(waiting.sighting),
        len(app.gallery.lookalikes()),
        app.gallery.stats().crops,
    )
    assert 1 == app.people.holdings("A").marks
    assert before < app.store.generation()
    with app.store.reading() as session:
        listed = [(each.person_key, each.what) for each in erasures.all_erasures(session)]
        assert [(ada.id, each) for each in ("face", "photo", "unknown")] == listed
        assert (news.PERSON_CHANGED, ada.id) in [(each.kind, each.person) for each in news.after(session, 0)]
        assert sightings.by_id(session, waiting.sighting) is not None
    assert ["no"] * 3 == [app.consents.of("A")[0].state(each) for each in ("face", "photo", "unknown")]


def test_who_has_withdrawn_is_nobody_to_cameras(app, draw):
    """From the withdrawal on the same face is unknown."""
    withdrawn(app, draw)
    (seen,) = app.check(draw("again.png", (1,), seed=3))

    assert ("unknown", None) == (seen.decision, seen.person)


def test_who_withdraws_between_the_look_and_the_mark_is_not_marked(app, draw):
    """A decision from before the withdrawal is recorded as of nobody."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    (decision,) = app.judge(app.pipeline.faces(pixels(draw("x.png", (1,), seed=4))), source="camera")
    app.consents.withdraw(app.actor, "Ada")
    recorded = app.record(decision)

    assert ("present", "unknown", None) == (decision.decision, recorded.decision, recorded.person)
    assert 0 == app.people.holdings("Ada").marks


def test_withdrawn_twice_is_told(app, draw):
    """A second withdrawal changes nothing and says so; agreed again, it can be withdrawn again."""
    withdrawn(app, draw)
    with pytest.raises(ConsentUnknown):
        app.consents.withdraw(app.actor, "A")
    app.consents.give(app.actor, "A", BOTH)

    assert "yes" == app.consents.of("A")[0].state("face")
    app.consents.withdraw(app.actor, "A")
    assert "no" == app.consents.of("A")[0].state("face")


def test_a_withdrawal_leaves_the_other_ways(app, draw):
    """PIN, code and badge stay as they are, and are told."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    given = app.credentials.give_pin(app.actor, "Ada")
    done = app.consents.withdraw(app.actor, "Ada")

    assert ("pin",) == done.ways
    assert [given.held.id] == [each.id for each in app.credentials.of("Ada")]


def test_no_byte_of_a_face_is_left_after_a_withdrawal(app, draw, home):
    """Neither the sealed template nor a sealed crop of hers is found in any file of the home; his are."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="C")
    list(app.check(draw("close.png", (1, UNSURE))))
    hers, his = sealed_of(home, 1), sealed_of(home, 2)[:2]
    assert (3, 2) == (len(hers), len(his))
    assert [True] * 5 == [found(home, each) for each in (*hers, *his)]

    app.consents.withdraw(app.actor, "A")

    assert [False] * 3 + [True] * 2 == [found(home, each) for each in (*hers, *his)]


def sealed_of(home, person: int) -> list[bytes]:
    """The sealed template and crop of a person, and the faces that wait."""
    queries = (
        "SELECT vector FROM template WHERE person_id = ?",
        "SELECT picture FROM crop JOIN template ON template.id = template_id WHERE person_id = ?",
        "SELECT picture FROM sighting_crop WHERE ? > 0",
    )
    with raw(home) as run:
        return [row[0] for query in queries for row in run(query, person)]


def pixels(photo):
    return read_photo(photo).pixels


def found(home, sealed: bytes) -> bool:
    """Whether a window of these bytes lies in any file of the home."""
    middle = sealed[16:80]
    return any(middle in each.read_bytes() for each in home.rglob("*") if each.is_file())


# Other programs


def child(*told: object, **more):
    """A program of `withdrawal_child`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(CHILD), *map(str, told)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, **more
    )  # fmt: skip


def asked(program) -> list:
    program.stdin.write("\n")
    program.stdin.flush()
    return json.loads(program.stdout.readline())


def test_another_program_that_watches_takes_note_at_once(app, draw, home):
    """A program that has recognised somebody takes the same face for a stranger after another one wrote their no."""
    photo = draw("ada.png", (1,))
    app.enroll(photo, name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    with child("watch", home, photo) as watching:
        before = asked(watching)
        app.consents.withdraw(app.actor, "Ada")
        after = asked(watching)
        watching.stdin.close()

    assert (["present", "Ada"], ["unknown", None]) == (before, after)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.sqlite_only("each run begins with a copy of its file")
def test_a_withdrawal_survives_kill_at_every_statement(app, draw, home, tmp_path):
    """Killed at each statement: all of it is done or nothing, and after the next start no byte of it is left.

    Twelve of them are tried: the first, the last, and others that the seed of pytest-randomly tells.
    """
    tries, drawn = 12, random.getrandbits(16)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="C")
    app.gallery.remember_lookalike("A", "B", 0.2, at=app.clock.utc(), by="t")
    list(app.check(draw("close.png", (1, UNSURE))))
    hers = sealed_of(home, 1)
    app.close()
    (tmp_path / "runs").mkdir()
    shutil.copytree(home, tmp_path / "runs" / "ready")
    told = json.dumps([each[16:80].hex() for each in hers])
    (tmp_path / "runs" / "ready" / "sealed.json").write_text(told)

    with child("kill", tmp_path / "runs", tries, drawn) as killing:
        runs = [json.loads(each) for each in killing.stdout]

    nothing = {"template": 3, "crop": 3, "sighting_crop": 1, "consent": 0, "lookalike": 1, "person": 3}
    nothing |= {"events": 0, "erasures": 0, "integrity": "ok", "found": 3}
    everything = {"template": 2, "crop": 2, "sighting_crop": 0, "consent": 3, "lookalike": 0, "person": 3}
    everything |= {"events": 1, "erasures": 3, "integrity": "ok", "found": 0}
    states = [{key: value for key, value in run.items() if key not in {"step", "killed"}} for run in runs]
    assert tries + 1 == len(runs)
    assert [True] * (len(runs) - 1) + [False] == [run["killed"] for run in runs]
    assert all(state in (nothing, everything) for state in states), runs
    assert (nothing, everything) == (states[0], states[-1])


# Over


def test_a_yes_is_over_at_its_instant(app, draw):
    """Until the last moment of its day somebody is recognised; then they are nobody, before anything ran."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.consents.give(app.actor, "Ada", Agreed(("face",), until=app.consents.until(date(2026, 3, 2))))
    (decision,) = app.judge(app.pipeline.faces(pixels(draw("x.png", (1,)))), source="camera")
    app.clock.now = datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC)
    assert (0, "yes") == (app.consents.lapse(), app.consents.of("Ada")[0].state("face"))

    app.clock.forward(microseconds=1)
    recorded = app.record(replace(decision, at=app.clock.utc()))

    assert "over" == app.consents.of("Ada")[0].state("face")
    assert ("present", "unknown") == (decision.decision, recorded.decision)
    with pytest.raises(ConsentMissing):
        app.enroll(draw("more.png", (1,), seed=1), name="Ada")
    assert (1, 0) == (app.consents.lapse(), app.consents.lapse())
    assert (0, "over") == (app.gallery.find("Ada").templates, app.consents.of("Ada")[0].state("face"))
    assert 1 == actions(app).count("consent.lapse")


def test_a_clock_that_is_far_ahead_erases_nobody(app, draw):
    """By it nobody is recognised whose time would be over, and nothing goes; set right, all is as before."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.consents.give(app.actor, "Ada", Agreed(("face",), until=app.consents.until(date(2026, 8, 31))))
    right = app.clock.now
    app.clock.now = right + timedelta(days=365)
    assert (0, "over", 1) == (
        app.consents.lapse(),
        app.consents.of("Ada")[0].state("face"),
        app.gallery.find("Ada").templates,
    )
    app.clock.now = right
    assert (0, "yes", 1) == (
        app.consents.lapse(),
        app.consents.of("Ada")[0].state("face"),
        app.gallery.find("Ada").templates,
    )

    app.clock.now = right + timedelta(days=365)
    app.purging.run(app.actor, clock_is_right=True)
    assert (1, 0) == (app.consents.lapse(), app.gallery.find("Ada").templates)


def test_a_check_enters_what_is_over(app, draw):
    """Before a check somebody whose time is over is erased of their face; agreed anew in time, nobody is."""
    for number, name in enumerate(("Ada", "Bob"), 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name)
        app.consents.give(app.actor, name, Agreed(("face",), until=app.consents.until(date(2026, 3, 3))))
    app.consents.give(app.actor, "Bob", Agreed(("face",)))
    app.clock.forward(days=3)
    (seen,) = app.check(draw("a.png", (1,), seed=2))

    assert ("unknown", {"Ada": 0, "Bob": 1}) == (
        seen.decision, {each.name: each.templates for each in app.people.all()}
    )  # fmt: skip


def test_a_clock_set_back_brings_no_consent_back(app, draw):
    """The word that was entered last counts, whatever the clock said."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.consents.give(app.actor, "Ada", Agreed(("face",)))
    app.clock.now -= timedelta(days=365)
    app.consents.withdraw(app.actor, "Ada")
    app.clock.now += timedelta(days=365)

    assert "no" == app.consents.of("Ada")[0].state("face")


def test_a_day_that_is_over_is_refused(app):
    """Nobody agrees until a day that has gone by."""
    with pytest.raises(RequestInvalid, match="over already"):
        app.consents.until(date(2026, 3, 1))


# Lists, merging, words


def test_who_has_not_answered_is_told_by_group(app):
    """The list of a group names its active people who have said nothing, and counts the others."""
    for name, groups in (("Ada", ["7a"]), ("Bob", ["7a"]), ("Cid", ["7b"]), ("Dan", ["7a"])):
        app.edits.add(app.actor, name, groups=groups)
    app.consents.give(app.actor, "Ada", Agreed())
    app.consents.withdraw(app.actor, "Dan")

    assert ["Bob"] == [each.person.name for each in app.consents.missing("7a")]
    assert {"unanswered": 2, "yes": 1, "no": 1, "over": 0} == app.consents.counts()


def test_of_two_who_become_one_the_latest_word_counts(app, draw):
    """Merged with somebody who withdrew later, the templates of both go; words and forms are of who stays."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("other.png", (2,)), name="Ada B", external_id="B")
    app.consents.give(app.actor, "A", BOTH)
    app.consents.withdraw(app.actor, "B")
    app.people.merge(app.actor, "B", "A")

    standing, words = app.consents.of("A")
    assert ("no", 5, 0) == (standing.state("face"), len(words), standing.person.templates)


def test_words_are_never_changed(app):
    """What was said is not rewritten, not even by whoever goes past the services."""
    from sqlalchemy import delete, update

    from gallery.privacytables import ConsentRow

    app.edits.add(app.actor, "Ada")
    app.consents.give(app.actor, "Ada", Agreed())
    for change in (update(ConsentRow).values(granted=False), delete(ConsentRow)):
        with pytest.raises(RuntimeError, match="append-only"), app.store.atomic() as session:
            session.execute(change)


def test_a_teacher_records_no_consent_but_enrols_with_it(asking, draw):
    """Words are an admin's; a teacher who enrols somebody tells what they have agreed to along with the photo."""
    teacher = Actor("Grace", frozenset({"teacher"}))
    asking.edits.add(asking.actor, "Bob")
    with pytest.raises(AccessRefused):
        asking.consents.give(teacher, "Bob", BOTH)
    with pytest.raises(AccessRefused):
        asking.consents.withdraw(teacher, "Bob")
    asking.enrolment.photo(teacher, draw("ada.png", (1,)), name="Ada", rules=Rules(agreed=BOTH))

    assert "Grace" == asking.consents.of("Ada")[1][0].by


def test_a_paper_is_known_by_its_hash(tmp_path):
    """The digest is that of the file; one that is not there is refused."""
    (tmp_path / "paper.pdf").write_bytes(b"signed")

    assert hashlib.sha256(b"signed").hexdigest() == paper_digest(tmp_path / "paper.pdf")
    with pytest.raises(SourceMissing):
        paper_digest(tmp_path / "none.pdf")

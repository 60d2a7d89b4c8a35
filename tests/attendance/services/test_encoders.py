"""Another encoder beside the one in force: prepared, compared, put in force for all processes, and taken back."""

import hashlib
import io
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from attendance import Attendance
from attendance.errors import EncoderBefore
from attendance.records import Decision
from attendance.services import reembedding
from attendance.services.encodercompare import Comparison, Said, rows, summary
from enroll import registry
from enroll.face import Detection, Face, Quality, Template
from gallery import history
from gallery.errors import WrongEncoder

ONE, TWO = "yunet-2026.1+landmarks-2026.4+fake-1", "yunet-2026.1+landmarks-2026.4+fake-2"


@pytest.fixture
def encoders(fake, monkeypatch):
    """Two encoders that programs have registered, as `fake-1` and `fake-2`; returns what each does with a crop."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    turned = {"fake-1": lambda number: number, "fake-2": lambda number: number}

    def made(name: str):
        class Encoder(fake.FakeEncoder):
            def embed(self, crops):
                return np.stack([fake.vector(*_person(turned[name](int(crop[0, 0, 0])))) for crop in crops])

        return Encoder(fake.card(name))

    for name in turned:
        registry.register("encoder", name, lambda _, name=name: made(name))
    return turned


def _person(found) -> tuple[int, ...]:
    return found if isinstance(found, tuple) else (found,)


@pytest.fixture
def opened(home, clock, encoders):  # noqa: ARG001 - they are registered
    """Open the home once more, as another process would; its settings say `fake-1`."""
    apps = []

    def again(encoder: str = "fake-1") -> Attendance:
        apps.append(Attendance.open(home, clock=clock, flags={"guard_people": 0, "encoder": encoder}))
        return apps[-1]

    yield again
    for each in apps:
        each.close()


def png(number: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((112, 112, 3), number, np.uint8)).save(data, "PNG")
    return data.getvalue()


def enrol(app: Attendance, name: str, number: int, photo: int = 0, *, crop: bool = True) -> None:
    """Enrol somebody by the encoder in force there, with the kept crop of this number."""
    vectors = app.pipeline.encoder.embed(np.full((1, 112, 112, 3), number, np.uint8))
    app.gallery.enroll(
        name,
        vectors[0],
        0.0,
        quality={},
        source=f"{name}-{photo}.png",
        source_sha256=hashlib.sha256(f"{name} {photo}".encode()).hexdigest(),
        crop=png(number) if crop else None,
        at=app.clock.utc(),
        by="test",
        made_by=app.pipeline.id,
    )


def face(app: Attendance, number: int) -> Face:
    """A face as the pipeline of that process makes it now."""
    crop = np.full((112, 112, 3), number, np.uint8)
    template = Template(app.pipeline.id, app.pipeline.encoder.embed(crop[None])[0], 0.0)
    landmarks = np.array([[40, 50], [70, 50], [56, 70], [45, 90], [68, 90]], np.float32)
    quality = Quality(80, 60, 70, 50, 0.0, 0.0, 0.0, 0.9)
    return Face(Detection((0.0, 0.0, 112.0, 112.0), landmarks, 0.9), quality, crop, template)


def judged(app: Attendance, number: int) -> Decision:
    (found,) = app.judge([face(app, number)], source="test")
    return found


def told(app: Attendance, number: int) -> tuple[str, str | None, str]:
    found = judged(app, number)
    return found.decision, None if found.person is None else found.person.name, found.pipeline


def done(run) -> tuple[int, int, int]:
    for _ in run:
        pass
    return run.total, run.made, run.failed


@pytest.fixture
def school(opened):
    """Ada with two photos, Bob and Cid with one each."""
    app = opened()
    for name, number, photo in (("Ada", 1, 0), ("Bob", 2, 0), ("Cid", 3, 0), ("Ada", 1, 1)):
        enrol(app, name, number, photo)
    return app


def test_what_is_prepared_changes_nothing_yet(school):
    """The other encoder has a template of each photo, and the one in force finds people by its own alone."""
    assert (4, 4, 0) == done(school.encoders.prepare(school.actor, "fake-2"))
    standing = school.encoders.standing("fake-2")
    assert (TWO, 0, 3) == (standing.pipeline, standing.missing, standing.reached.have)
    assert ("present", "Ada", ONE) == told(school, 1)
    assert "fake-1" == school.encoders.in_force


def test_a_preparation_that_was_broken_off_goes_on(school, encoders, monkeypatch):
    """Run again it embeds what is missing alone, somebody's second photo too."""
    seen = []
    monkeypatch.setattr(reembedding, "BATCH", 3)
    run = iter(school.encoders.prepare(school.actor, "fake-2"))
    for _ in range(3):
        next(run)
    encoders["fake-2"] = lambda number: seen.append(number) or number
    assert (1, 1, 0) == done(school.encoders.prepare(school.actor, "fake-2"))
    assert [1] == seen
    assert (0, 0, 0) == done(school.encoders.prepare(school.actor, "fake-2"))


def test_both_are_searched_side_by_side(school, encoders):
    """Each side names people by its own templates, within one process."""
    encoders["fake-2"] = lambda number: number + 10
    done(school.encoders.prepare(school.actor, "fake-2"))
    old, new = school.encoders.side("fake-1"), school.encoders.side("fake-2")
    probe = face(school, 1)
    at = school.clock.utc()
    (by_old,) = old.judge.judge([probe], source="x", frame=None, at=at)
    vector = new.load().encoder.embed(probe.crop[None])[0]
    other = Face(probe.detection, probe.quality, probe.crop, Template(TWO, vector, 0.0))
    (by_new,) = new.judge.judge([other], source="x", frame=None, at=at)
    assert ("Ada", ONE, "Ada", TWO) == (by_old.person.name, by_old.pipeline, by_new.person.name, by_new.pipeline)


def test_a_switch_holds_in_every_process(school, opened):
    """A process that runs, and one begun later with other settings, go by the encoder in force."""
    other = opened()
    assert ("present", "Bob", ONE) == told(other, 2)
    done_ = school.encoders.switch(school.actor, "fake-2")
    assert (True, "fake-1", "fake-2", 3) == (done_.changed, done_.old, done_.new.encoder, done_.new.reached.have)
    judged(other, 2)  # the first face shows that the gallery has changed
    assert ("present", "Bob", TWO) == told(other, 2)
    judged(school, 2)
    assert ("present", "Bob", TWO) == told(school, 2)
    later = opened()
    assert ("present", "Bob", TWO) == told(later, 2)
    assert ("fake-2", "home") == (later.settings.encoder, later.resolved.origins["encoder"])


def test_a_face_of_the_encoder_before_is_not_judged(school, opened, encoders):
    """What was embedded just before the switch names nobody, though the new templates would be near it."""
    encoders["fake-2"] = lambda number: {2: 1, 1: 2}.get(number, number)
    other = opened()
    assert ("present", "Ada", ONE) == told(other, 1)
    probe = face(other, 1)
    school.encoders.switch(school.actor, "fake-2")
    (found,) = other.judge([probe], source="test")
    assert ("refused", ("not_judged",), None) == (found.decision, found.reasons, found.person)


def test_a_template_of_the_encoder_before_is_not_filed(school, opened):
    """A photo embedded just before the switch is refused, not filed under the name of the other encoder."""
    other = opened()
    judged(other, 1)
    old = other.pipeline
    school.encoders.switch(school.actor, "fake-2")
    judged(other, 1)
    with pytest.raises(WrongEncoder, match=r"made with yunet.*fake-1, before another encoder came in force"):
        other.gallery.enroll(
            "Dora", old.encoder.embed(np.full((1, 112, 112, 3), 4, np.uint8))[0], 0.0,
            quality={}, source="d.png", source_sha256="d" * 64, at=other.clock.utc(), by="test", made_by=old.id,
        )  # fmt: skip


def test_a_switch_makes_what_is_missing(school):
    """Whoever was enrolled after the preparation has a template of the new encoder when it is in force."""
    done(school.encoders.prepare(school.actor, "fake-2"))
    enrol(school, "Dora", 4)
    assert 4 == school.encoders.switch(school.actor, "fake-2").new.reached.have
    judged(school, 4)
    assert ("present", "Dora", TWO) == told(school, 4)


def test_somebody_enrolled_during_the_switch_is_not_forgotten(school, monkeypatch):
    """A photo filed between the last look and the switch puts it off until that photo is embedded, too."""
    caught_up, late = school.encoders._caught_up, iter(["Dora"])

    def meanwhile(actor, side):
        left = caught_up(actor, side)
        for name in late:
            enrol(school, name, 4)
        return left

    monkeypatch.setattr(school.encoders, "_caught_up", meanwhile)
    assert 4 == school.encoders.switch(school.actor, "fake-2").new.reached.have


def test_whoever_has_no_crop_is_counted(school):
    """Somebody without a kept crop is told of before the switch and after it."""
    enrol(school, "Eve", 5, crop=False)
    reached = school.encoders.switch(school.actor, "fake-2").new.reached
    assert (3, 0, 1) == (reached.have, reached.waiting, reached.lost)


def test_a_rollback_goes_back_for_everybody(school, opened):
    """The encoder before is in force again, those enrolled meanwhile included, and can be left again."""
    school.encoders.switch(school.actor, "fake-2")
    judged(school, 1)
    enrol(school, "Dora", 4)
    back = school.encoders.rollback(school.actor)
    assert ("fake-2", "fake-1", 4) == (back.old, back.new.encoder, back.new.reached.have)
    assert ("present", "Dora", ONE) == told(opened("fake-2"), 4)
    assert "fake-2" == school.encoders.before


def test_without_one_before_nothing_is_rolled_back(school):
    """A home that never switched has nothing to go back to."""
    with pytest.raises(EncoderBefore):
        school.encoders.rollback(school.actor)


def test_the_same_again_changes_nothing(school):
    """Putting in force what is in force writes nothing."""
    generation = school.store.generation()
    assert not school.encoders.switch(school.actor, "fake-1").changed
    assert generation == school.store.generation()
    assert school.encoders.before is None


def test_the_log_tells_who_switched(school):
    """Each switch stands in the log with both names."""
    school.encoders.switch(school.actor, "fake-2")
    with school.store.reading() as session:
        (entry,) = history(session, action="encoder.switch")
    assert {"from": "fake-1", "to": "fake-2", "pipeline": TWO} == dict(entry.details)


def test_an_encoder_that_does_not_load_ends_in_no_mark(school, opened, monkeypatch):
    """A process that cannot load what is in force judges nobody by the encoder before."""
    other = opened()
    judged(other, 1)
    probe = face(other, 1)
    school.encoders.switch(school.actor, "fake-2")
    monkeypatch.setattr(registry, "_REGISTERED", {("encoder", "fake-1"): registry._REGISTERED["encoder", "fake-1"]})
    with pytest.raises(Exception, match="fake-2"):
        other.judge([probe], source="test")


# What would change


def compared(app: Attendance, most: int = 100) -> Comparison:
    found = app.encoders.compare(app.actor, "fake-2", most)
    for _ in found:
        pass
    return found


def test_equal_encoders_change_no_photo(school):
    """Photos of people with others are found by those, the only photos of others by nobody, by either encoder."""
    done(school.encoders.prepare(school.actor, "fake-2"))
    found = compared(school)
    assert {("photo", "same"): 4} == found.turns
    assert [] == rows(found)


def test_a_photo_that_is_not_found_any_more_is_told(school, encoders):
    """A second photo that the new encoder sees as nobody's, and one that it takes for somebody else's, are listed."""
    crops = {1: iter([1, (1, 10)])}
    encoders["fake-2"] = lambda number: next(crops[number]) if number in crops else {3: 2}.get(number, number)
    done(school.encoders.prepare(school.actor, "fake-2"))
    found = compared(school)
    assert {("photo", "not found any more"): 2, ("photo", "found now"): 2} == found.turns
    told = {(each["number"], each["old"], each["new"]) for each in rows(found)}
    assert {"present P-1", "unknown"} == {old for _, old, _ in told}
    assert {"unknown", "present P-3", "present P-2"} == {new for *_, new in told}


def test_photos_that_are_not_prepared_are_counted(school):
    """What the new encoder has not embedded is no change, and is told as not compared."""
    found = compared(school)
    assert ({}, 4) == (found.turns, found.unread)
    assert any("not embedded by both: 4" in line for line in summary(found))


def test_kept_faces_of_sightings_are_judged_by_both(school, encoders):
    """A review whose face is kept is embedded anew by each encoder; a mark, whose face is not kept, is counted."""
    encoders["fake-1"] = lambda number: (1, 20) if number == 9 else number
    encoders["fake-2"] = lambda number: 1 if number == 9 else number
    done(school.encoders.prepare(school.actor, "fake-2"))
    probes = [face(school, 1), face(school, 9)]
    for probe in probes:
        (found,) = school.judge([probe], source="test")
        school.record(found, crop=probe.crop)
    assert ("review", "Ada", ONE) == told(school, 9)
    found = compared(school)
    assert (1, 1) == (found.faceless, found.turns["sighting", "found now"])
    (change,) = [each for each in found.changes if each.of == "sighting"]
    assert (Said("review", "P-1", pytest.approx(0.2)), Said("present", "P-1", pytest.approx(1.0))) == (
        change.old,
        change.new,
    )


def test_only_the_newest_are_compared(school):
    """At most as many sightings as asked for are looked at, and as many photos, evenly drawn."""
    done(school.encoders.prepare(school.actor, "fake-2"))
    for _ in range(3):
        (found,) = school.judge([face(school, 1)], source="test")
        school.record(found)
    found = compared(school, 2)
    assert (2, {("photo", "same"): 2}) == (found.faceless, found.turns)


def test_the_settings_stay_as_they_are(school):
    """What a comparison was given is not changed by it."""
    before = MappingProxyType(dict(school.resolved.origins))
    compared(school)
    assert before == dict(school.resolved.origins)

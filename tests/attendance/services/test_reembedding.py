"""Templates of a new encoder from kept crops: whose, of which, and what a crop that cannot be used costs."""

import hashlib
import io
import time

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import delete

from attendance import Attendance
from attendance.cli.renewing import renew
from attendance.services import reembedding
from enroll.chips import decoded, encoded
from enroll.errors import EncoderFailed
from enroll.geometry import TEMPLATE_112
from enroll.naming import encoder_of
from gallery.schema import Crop, Template

NEW = "the encoder fake-2 is new here: "


@pytest.fixture
def renewed(home, app, clock, fake):
    """Open the same home with the next encoder, or the one named; closes `app`."""

    def opened(encoder: str = "fake-2", finder: str = "faker-1") -> Attendance:
        app.close()
        pipeline = fake.FakePipeline(fake.FakeEncoder(fake.card(encoder)), finder)
        return Attendance.open(home, clock=clock, pipeline=pipeline)

    return opened


@pytest.fixture
def people(app, draw):
    """Ada with two photos, Bob and Cid with one each."""
    for name, number in (("Ada", 1), ("Bob", 2), ("Cid", 3)):
        app.enroll(draw(f"{name}.png", (number,)), name=name)
    app.enroll(draw("Ada2.png", (1, 90), seed=5), name="Ada")
    return app


@pytest.fixture
def with_crop(app, fake, clock):
    """Enrol somebody by this encoder with whatever stands for the kept crop."""

    def put(name: str, number: int, crop: bytes | None, landmarks: np.ndarray | None = None) -> None:
        app.gallery.enroll(
            name,
            fake.vector(number),
            0.0,
            quality={},
            source=f"{name}.png",
            source_sha256=hashlib.sha256(name.encode()).hexdigest(),
            crop=crop,
            landmarks=landmarks,
            at=clock.utc(),
            by="test",
        )

    return put


def png(number: int, side: int = 112) -> bytes:
    """A crop of this person, as the pipeline without models makes it."""
    data = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), number, np.uint8)).save(data, "PNG")
    return data.getvalue()


def shortened_chunk(picture: bytes) -> bytes:
    """The PNG with a chunk that says it is shorter than it is, so that the next one begins amid its data."""
    at = picture.index(b"IDAT")
    return picture[: at - 4] + (60).to_bytes(4) + picture[at:]


def templates(app) -> dict[str, list[str]]:
    """The encoders of everybody's templates, by name."""
    return {
        person.name: [encoder_of(each.pipeline_id) for each in app.gallery.templates_of(person.id)]
        for person in app.gallery.people(active=None)
    }


def counts(run) -> tuple[int, int, int, int]:
    return run.total, run.made, run.known, run.failed


@pytest.mark.usefixtures("people")
def test_whoever_lacks_a_template_gets_one_a_crop(renewed):
    """Everybody active without a template of the present encoder gets one from each kept crop; the old ones stay."""
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=True)
        assert 4 == len(list(run))
        assert (4, 4, 0, 0) == counts(run)
        two, four = ["fake-1", "fake-2"], ["fake-1", "fake-1", "fake-2", "fake-2"]
        assert {"Ada": four, "Bob": two, "Cid": two} == {name: sorted(has) for name, has in templates(later).items()}
        assert (0, 0, 0, 0) == counts(later.renewal.run(later.actor, lacking=True))


@pytest.mark.usefixtures("people")
def test_the_new_template_is_the_encoders(renewed, fake, monkeypatch):
    """The new template holds what the present encoder makes of the crop, its cohort mean included."""
    monkeypatch.setattr(fake.FakeEncoder, "cohort_means", lambda _, vectors: np.full(len(vectors), 0.25, np.float32))
    with renewed() as later:
        list(later.renewal.run(later.actor, lacking=True))
        (new,) = (each for each in later.gallery.templates_of("Bob") if each.pipeline_id == "faker-1+fake-2")
        loaded = later.gallery.load([new.id])
        np.testing.assert_array_equal(fake.vector(2), loaded.vectors[0])
        assert (0.25, True) == (loaded.cohort_means[0], new.has_crop)


def test_inactive_people_are_not_renewed(people, renewed, clock):
    """Whoever is inactive gets no template unasked; active again they do, and of their own crops alone."""
    people.gallery.set_active("Bob", False, at=clock.utc(), by="test")
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=True)
        list(run)
        assert (3, 3, 0, 0) == counts(run)
        assert ["fake-1"] == templates(later)["Bob"]
        later.gallery.set_active("Bob", True, at=clock.utc(), by="test")
        again = later.renewal.run(later.actor, lacking=True)
        list(again)
        assert (1, 1, 0, 0) == counts(again)
        assert ["fake-1", "fake-2"] == sorted(templates(later)["Bob"])


@pytest.mark.usefixtures("people")
def test_whoever_has_a_template_is_left_alone(renewed, draw):
    """One template of the present encoder is enough: the older crops of that person are not embedded."""
    with renewed() as later:
        later.enroll(draw("new.png", (1, 80), seed=9), name="Ada", external_id="P-1")
        run = later.renewal.run(later.actor, lacking=True)
        list(run)
        assert (2, 2, 0, 0) == counts(run)
        assert ["fake-1", "fake-1", "fake-2"] == sorted(templates(later)["Ada"])


def test_on_demand_everybody_is_renewed(people, renewed, draw, clock):
    """Without `lacking` every crop is embedded, also of who is inactive or has a template already."""
    people.gallery.set_active("Bob", False, at=clock.utc(), by="test")
    with renewed() as later:
        later.enroll(draw("new.png", (1, 80), seed=9), name="Ada", external_id="P-1")
        run = later.renewal.run(later.actor)
        list(run)
        assert (4, 4, 0, 0) == counts(run)


@pytest.mark.usefixtures("people")
def test_crops_of_several_encoders(renewed, draw):
    """Crops of every earlier encoder count, and of a photo that two of them know one template is made."""
    with renewed() as second:
        list(second.renewal.run(second.actor, lacking=True))
        second.enroll(draw("dora.png", (4,)), name="Dora")
    with renewed("fake-3") as third:
        run = third.renewal.run(third.actor, lacking=True)
        list(run)
        assert (9, 5, 4, 0) == counts(run)
        assert {"Ada": 2, "Bob": 1, "Cid": 1, "Dora": 1} == {
            name: has.count("fake-3") for name, has in templates(third).items()
        }


@pytest.mark.parametrize(
    "crop",
    [b"no picture", b"", png(2)[:60], png(2)[:-60], png(2, side=300)[:200], shortened_chunk(png(2))],
    ids=["text", "nothing", "cut early", "cut late", "large and cut", "shortened"],
)
@pytest.mark.parametrize("lacking", [True, False])
@pytest.mark.parametrize("landmarks", [None, (TEMPLATE_112 + 28).astype(np.float32)], ids=["aligned", "chip"])
def test_a_damaged_crop_stops_no_other(with_crop, renewed, crop, landmarks, lacking):
    """A crop that is no picture is counted, whatever is wrong with it, and those after it are embedded."""
    with_crop("Ada", 1, png(1))
    with_crop("Bob", 2, crop, landmarks)
    with_crop("Cid", 3, png(3))
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=lacking)
        assert 3 == len(list(run))
        assert (3, 2, 0, 1) == counts(run)
        assert (2, 1) == (later.policy().gallery_size, later.gallery.stats().without_template)


@pytest.mark.parametrize("lacking", [True, False])
def test_an_altered_crop_stops_no_other(people, renewed, lacking):
    """A kept crop that somebody has altered is counted, and the others are embedded; looking over names it."""
    (bobs,) = people.gallery.templates_of(people.gallery.find("Bob").id)
    with people.store.atomic() as transaction:
        row = transaction.get(Crop, bobs.id)
        row.picture = row.picture[:-1] + bytes([row.picture[-1] ^ 1])
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=lacking)
        list(run)
        assert (4, 3, 0, 1) == counts(run)
        assert ["fake-1"] == templates(later)["Bob"]
        assert f"crop {bobs.id} of P-2" in [each.where for each in later.gallery.verify()]


@pytest.mark.usefixtures("people")
def test_all_crops_of_a_person_are_renewed(renewed, draw):
    """Somebody with crops of two earlier encoders gets a template of each photo, not of the oldest alone."""
    with renewed() as second:
        list(second.renewal.run(second.actor, lacking=True))
        second.enroll(draw("new.png", (1, 80), seed=9), name="Ada")
    with renewed("fake-3") as third:
        list(third.renewal.run(third.actor, lacking=True))
        assert 3 == templates(third)["Ada"].count("fake-3")


@pytest.mark.parametrize("side", [96, 112, 128])
def test_a_crop_of_another_size(with_crop, renewed, fake, monkeypatch, side):
    """A crop of another size than the present encoder's is brought to it, its colours kept."""
    asked, embed = [], fake.FakeEncoder.embed
    monkeypatch.setattr(fake.FakeEncoder, "embed", lambda self, crops: asked.append(crops) or embed(self, crops))
    with_crop("Ada", 1, png(1, side))
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=True)
        list(run)
        assert (1, 1, 0, 0) == counts(run)
    (crops,) = asked
    assert ((1, 112, 112, 3), np.uint8, {1}) == (crops.shape, crops.dtype, set(crops.ravel().tolist()))


@pytest.fixture
def two_at_a_time(monkeypatch) -> None:
    """Two templates are the most that are filed in one step."""
    monkeypatch.setattr(reembedding, "BATCH", 2)


@pytest.mark.usefixtures("two_at_a_time")
def test_some_are_filed_in_one_step(people, renewed, draw, fake, monkeypatch):
    """Templates go in a batch a step, and each holds what the encoder makes of its own crop."""
    people.enroll(draw("Dee.png", (4,)), name="Dee")
    with renewed() as later:
        run, steps, begin = later.renewal.run(later.actor, missing=True), [], later.store._outermost
        monkeypatch.setattr(later.store, "_outermost", lambda: steps.append(1) or begin())
        assert 5 == len(list(run))
        assert (3, (5, 5, 0, 0)) == (len(steps), counts(run))
        for number, name in enumerate(("Bob", "Cid", "Dee"), 2):
            (new,) = (each for each in later.gallery.templates_of(name) if each.pipeline_id == later.pipeline.id)
            np.testing.assert_array_equal(fake.vector(number), later.gallery.load([new.id]).vectors[0])


@pytest.mark.usefixtures("people", "two_at_a_time")
def test_broken_off_it_goes_on_after_the_last_batch(renewed):
    """What was filed before it was broken off stays, and the next run makes the rest alone."""
    with renewed() as later:
        first = iter(later.renewal.run(later.actor, missing=True))
        next(first)
        first.close()
        again = later.renewal.run(later.actor, missing=True)
        list(again)
        assert (2, 2, 0, 0) == counts(again)
        assert 0 == sum(later.gallery.missing().values())


@pytest.mark.usefixtures("people")
def test_one_that_the_encoder_refuses_costs_no_other(renewed, fake, monkeypatch):
    """A crop at which the encoder fails is counted, and the others of its batch are filed."""
    embed = fake.FakeEncoder.embed

    def picky(self, crops):
        if 2 in crops[:, 0, 0, 0]:
            raise EncoderFailed("encoder", "an embedding is not finite")
        return embed(self, crops)

    monkeypatch.setattr(fake.FakeEncoder, "embed", picky)
    with renewed() as later:
        run = later.renewal.run(later.actor, missing=True)
        list(run)
        assert (4, 3, 0, 1) == counts(run)
        assert ["fake-1"] == templates(later)["Bob"]


@pytest.mark.parametrize("gone", ["person", "photo"])
def test_what_goes_while_it_is_embedded_does_not_come_back(people, renewed, fake, monkeypatch, gone):
    """Of somebody removed, or of a template deleted, while a batch is at the encoder no template is filed."""
    embed, begun = fake.FakeEncoder.embed, []
    (old,) = people.gallery.templates_of("Bob")

    def slow(self, crops):
        if not begun:
            begun.append(len(crops))
            if gone == "person":
                later.people.remove(later.actor, "Bob")
            with later.store.atomic() as transaction:
                transaction.execute(delete(Crop).where(Crop.template_id == old.id))
                transaction.execute(delete(Template).where(Template.id == old.id))
        return embed(self, crops)

    monkeypatch.setattr(fake.FakeEncoder, "embed", slow)
    with renewed() as later:
        run = later.renewal.run(later.actor, missing=True)
        assert (4, 3, 1) == (len(list(run)), run.made, len(begun))
        assert [] == templates(later).get("Bob", [])


# --- before a check or an enrolment ----------------------------------------------------------------------------


def test_nothing_to_renew_is_not_told(people, capsys):
    """With the encoder of before nothing is made and nothing said."""
    renew(people)
    assert ("", 4) == (capsys.readouterr().err, people.gallery.stats().templates)


@pytest.mark.usefixtures("people")
def test_what_was_renewed_is_told_once(renewed, capsys):
    """The first command with a new encoder tells how many templates were made, and the next is quiet."""
    with renewed() as later:
        renew(later)
        assert f"{NEW}4 templates were made from kept crops\n" == capsys.readouterr().err
        renew(later)
        assert "" == capsys.readouterr().err


def test_who_could_not_be_renewed_is_told(with_crop, renewed, capsys):
    """Crops that could not be used and people without a template are counted in what is said."""
    with_crop("Ada", 1, png(1))
    with_crop("Bob", 2, b"no picture")
    with renewed() as later:
        renew(later)
    assert (
        f"{NEW}1 template was made from kept crops, 1 could not be used\n"
        "1 person has no template made with it: they are not recognised until a photo is enrolled again\n"
    ) == capsys.readouterr().err


def test_several_who_could_not_be_renewed(with_crop, renewed, capsys):
    """People whose photos left no crop are counted among those who are not recognised."""
    with_crop("Ada", 1, png(1))
    for name, number in (("Bob", 2), ("Cid", 3)):
        with_crop(name, number, None)
    with renewed() as later:
        renew(later)
    assert "2 people have no template made with it" in capsys.readouterr().err


def test_the_inactive_alone_are_nothing_to_renew(people, renewed, clock, capsys):
    """Where only inactive people lack a template nothing is made and nothing said."""
    for name in ("Ada", "Bob", "Cid"):
        people.gallery.set_active(name, False, at=clock.utc(), by="test")
    with renewed() as later:
        renew(later)
        assert ("", 4) == (capsys.readouterr().err, sum(map(len, templates(later).values())))


def test_the_inactive_are_not_renewed_beside_others(people, renewed, clock, capsys):
    """Beside people who are renewed an inactive one gets no template, and is not counted in what is said."""
    people.gallery.set_active("Bob", False, at=clock.utc(), by="test")
    with renewed() as later:
        renew(later)
        assert (f"{NEW}3 templates were made from kept crops\n", ["fake-1"]) == (
            capsys.readouterr().err,
            templates(later)["Bob"],
        )


@pytest.mark.parametrize(
    ("encoder", "finder", "told"),
    [
        ("fake-1", "faker-2", "the detector faker-2 is"),
        ("fake-1", "faker-1+points-1", "the landmark network points-1 is"),
        ("fake-2", "faker-2", "the detector faker-2 and the encoder fake-2 are"),
        (
            "fake-2",
            "faker-2+points-1",
            "the detector faker-2, the landmark network points-1 and the encoder fake-2 are",
        ),
    ],
)
@pytest.mark.usefixtures("people")
def test_what_is_new_is_told(renewed, capsys, encoder, finder, told):
    """What is said names the part that is new, be it the encoder or what finds faces for the same one."""
    with renewed(encoder, finder) as later:
        renew(later)
        assert f"{told} new here: 4 templates were made from kept crops\n" == capsys.readouterr().err
        assert 3 == later.policy().gallery_size


def test_parts_that_were_there_apart(people, renewed, capsys):
    """Where each part is known, but not with the other, both are told."""
    with renewed("fake-2", "faker-2") as second:
        renew(second)
    capsys.readouterr()
    with renewed("fake-1", "faker-2") as third:
        renew(third)
        assert "the detector faker-2 with the encoder fake-1 is new here: " in capsys.readouterr().err
    assert people.card.id == "fake-1"


def test_templates_that_tell_no_detector(people, renewed, capsys, clock):
    """Where the templates of before tell the encoder alone, a new encoder is what is said to be new."""
    people.gallery.adopt("faker-1+fake-1", "fake-1", at=clock.utc(), by="test")
    with renewed("fake-2") as later:
        renew(later)
        assert f"{NEW}4 templates were made from kept crops\n" == capsys.readouterr().err


def kept_of(app, name: str, pipeline_id: str):
    """The opened chip of a person's one template of a pipeline."""
    (found,) = (each for each in app.gallery.crops(pipeline_id) if each.template.person_id == app.gallery.find(name).id)
    return found


def test_enrolling_keeps_a_chip(people):
    """What is kept of a photo is the face's chip with its landmarks."""
    found = kept_of(people, "Bob", "faker-1+fake-1")
    chip = decoded(found.picture, found.landmarks)
    assert ((168, 168, 3), {2}) == (chip.pixels.shape, set(chip.pixels.ravel().tolist()))
    np.testing.assert_allclose(chip.landmarks, TEMPLATE_112 + 28, atol=1e-4)


@pytest.mark.usefixtures("people")
def test_a_renewed_chip_has_the_new_landmarks(renewed, fake, monkeypatch):
    """A chip is embedded and kept by the landmarks that the present pipeline gives it, its picture as it was."""
    moved = (TEMPLATE_112 + 30).astype(np.float32)
    monkeypatch.setattr(fake.FakePipeline, "realigned", lambda *given: given[1]._replace(landmarks=moved))
    with renewed() as later:
        run = later.renewal.run(later.actor, lacking=True)
        list(run)
        assert (4, 4, 0, 0) == counts(run)
        old, new = (kept_of(later, "Bob", each) for each in ("faker-1+fake-1", "faker-1+fake-2"))
        assert (old.picture, "chip") == (new.picture, new.form)
        np.testing.assert_array_equal(moved, new.landmarks)


def test_an_encoder_that_sees_other_crops(with_crop, renewed, fake, monkeypatch):
    """Chips and aligned crops both reach an encoder at the size of its crops."""
    seen, embed = [], fake.FakeEncoder.embed
    monkeypatch.setattr(fake.FakeEncoder, "crop_size", 96)
    monkeypatch.setattr(fake.FakeEncoder, "embed", lambda self, crops: seen.append(crops.shape) or embed(self, crops))
    with_crop("Ada", 1, png(1))
    with_crop("Bob", 2, encoded(np.full((168, 168, 3), 2, np.uint8)), (TEMPLATE_112 + 28).astype(np.float32))
    with renewed() as later:
        list(later.renewal.run(later.actor, lacking=True))
        assert [(1, 96, 96, 3)] * 2 == seen
        assert {"Ada": 2, "Bob": 2} == {name: len(has) for name, has in templates(later).items()}


def test_whether_it_is_needed(people, renewed):
    """A renewal is needed with a new encoder, until everybody has a template of it."""
    assert not people.renewal.is_needed()
    with renewed() as later:
        assert later.renewal.is_needed()
        list(later.renewal.run(later.actor, lacking=True))
        assert not later.renewal.is_needed()


@pytest.mark.usefixtures("people")
def test_a_service_makes_them_beside_its_answers(renewed, capsys):
    """Once its models are loaded `serve` begins this as long work, and says so; where nobody lacks one, nothing."""
    from attendance.cli.serve import load

    with renewed() as later:
        later.jobs.start()
        load(later)
        while later.jobs.numbered(1).state == "running":
            time.sleep(0.01)
        assert ("done", {"looked_at": 4}) == (later.jobs.numbered(1).state, later.jobs.numbered(1).told)
        assert "new templates from kept faces (job 1)" in capsys.readouterr().err
        load(later)
        later.jobs.close()
        assert "" == capsys.readouterr().err

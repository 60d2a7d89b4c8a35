"""Screens in the chain: who is asked when, what becomes of refusals and doubts, and of a screen that breaks."""

import numpy as np
import pytest

from enroll.errors import PhotoRefused, ScreenFailed
from enroll.face import Photo
from enroll.pipeline import Pipeline
from enroll.screens.quality import QualityScreen
from enroll.stages import Screened


class Told:
    """A screen that says what it was told to say, and remembers what it saw."""

    id = "told-1"

    def __init__(self, *stages: str, refusals=(), doubts=()) -> None:
        self.stages, self.said = frozenset(stages), Screened(tuple(refusals), tuple(doubts))
        self.seen, self.watched = [], []

    def look(self, sight, stage):
        self.seen.append((sight, stage))
        return self.said

    def watch(self, looks):
        self.watched.append(list(looks))
        return self.said


class Broken(Told):
    """A screen that raises, or answers what is no answer."""

    def __init__(self, answer, *stages: str) -> None:
        super().__init__(*stages)
        self.answer = answer

    def look(self, sight, stage):  # noqa: ARG002 - the seam's signature
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def watch(self, looks):
        return self.look(looks, "track")


@pytest.fixture
def scene() -> np.ndarray:
    """Noise in which every crop is sharp and of middle brightness."""
    return np.random.default_rng(3).integers(40, 215, (400, 600, 3), np.uint8)


@pytest.fixture
def chain(fake_detector, fake_encoder, detection_at):
    """A pipeline with these screens that finds a good face, one too small, and another good one."""
    found = [detection_at(10, 10), detection_at(0, 0, 0.1), detection_at(200, 90)]

    def joined(*screens, only=3) -> Pipeline:
        return Pipeline(fake_detector(found[:only]), fake_encoder, screens=screens)

    return joined


def photo_of(pixels: np.ndarray) -> Photo:
    return Photo(pixels, "ada.jpg", "0" * 64, "PNG")


def test_a_doubted_face_keeps_its_template(scene, chain):
    """A doubt goes with the face and takes nothing from it; a face without one carries none."""
    first, small, second = chain(Told("check", doubts=["flat"])).faces(scene)
    assert [("flat",), (), ("flat",)] == [face.doubts for face in (first, small, second)]
    assert [True, False, True] == [face.template is not None for face in (first, small, second)]
    assert [(), ()] == [first.quality.reasons, second.quality.reasons]


def test_a_refused_face_is_not_embedded(scene, chain, fake_encoder):
    """What a further screen refuses has its reasons and no template, as what quality refuses."""
    faces = chain(Told("check", refusals=["printed", "flat"])).faces(scene)
    assert [("printed", "flat"), ("face_too_small",), ("printed", "flat")] == [face.quality.reasons for face in faces]
    assert ([None] * 3, []) == ([face.template for face in faces], fake_encoder.batches)


def test_what_is_refused_is_shown_to_no_further_screen(scene, chain):
    """Screens are asked in order, quality first, and only of faces that none before has refused."""
    first, second, third = Told("check", doubts=["a"]), Told("check", refusals=["b"]), Told("check", doubts=["c"])
    faces = chain(first, second, third).faces(scene)
    assert [2, 2, 0] == [len(each.seen) for each in (first, second, third)]
    assert [("a",), (), ("a",)] == [face.doubts for face in faces]
    sight, stage = first.seen[1]
    assert "check" == stage
    assert sight.pixels is scene
    assert (faces[2].detection, 112) == (sight.detection, sight.quality.face_px)
    np.testing.assert_array_equal(faces[2].crop, sight.crop)


@pytest.mark.parametrize(("stages", "doubts"), [(("enrol",), ()), (("check", "track"), ("flat",)), ((), ())])
def test_a_screen_is_asked_at_its_stages_alone(scene, chain, stages, doubts):
    """A screen for photos that enrol is not asked in a check."""
    screen = Told(*stages, doubts=["flat"])
    assert doubts == chain(screen).faces(scene)[0].doubts
    assert bool(doubts) == bool(screen.seen)


@pytest.mark.parametrize("said", [{"refusals": ["flat"]}, {"doubts": ["flat"]}])
def test_nobody_is_enrolled_by_a_doubtful_photo(scene, chain, said):
    """A photo that a screen refuses or doubts enrols nobody, and the codes say why; a check's screen has no say."""
    with pytest.raises(PhotoRefused) as caught:
        chain(Told("enrol", **said), only=1).enrol_face(photo_of(scene))
    assert ("flat",) == caught.value.reasons
    assert chain(Told("check", "track", **said), only=1).enrol_face(photo_of(scene)).template is not None


def test_a_track_is_watched_as_a_whole(scene, chain):
    """Screens that count for tracks see its looks in order; what they refuse or doubt is told, each code once."""
    looks = chain().faces(scene)
    watching, looking = Told("track", refusals=["flat"], doubts=["still", "flat"]), Told("check", doubts=["printed"])
    assert ("flat", "still") == chain(watching, looking, Told("track", doubts=["still"])).track_doubts(looks)
    assert ([looks], []) == (watching.watched, looking.watched)
    assert () == chain().track_doubts(looks)


def test_what_watches_tracks_sees_chips(scene, chain):
    """Where a screen watches tracks, the faces of frames have their chips; else none is made."""
    first, small, second = chain(Told("track")).faces(scene)
    for face in (first, second):
        np.testing.assert_array_equal(face.crop, face.chip.pixels[28:140, 28:140])
    assert None is small.chip
    assert {None} == {face.chip for face in chain(Told("check")).faces(scene)}


@pytest.mark.parametrize("answer", [RuntimeError("no model"), None, ("flat",), True])
def test_a_screen_that_breaks_is_told(scene, chain, answer):
    """A screen that raises or gives no answer raises one error that names it, at every stage."""
    broken = Broken(answer, "enrol", "check", "track")
    pipeline = chain(broken, only=1)
    for ask in (
        lambda: pipeline.faces(scene),
        lambda: pipeline.enrol_face(photo_of(scene)),
        lambda: pipeline.track_doubts([]),
    ):
        with pytest.raises(ScreenFailed, match="told-1: "):
            ask()


@pytest.mark.parametrize("codes", ["flat", ["flat"], ("",), (1,), None])
def test_codes_are_codes(codes):
    """What a screen says are tuples of words, else it is refused when it is said."""
    for name in ("refusals", "doubts"):
        with pytest.raises(TypeError, match=f"{name}: expected a tuple of codes"):
            Screened(**{name: codes})


def test_quality_refuses_by_the_stage(scene, chain, detection_at):
    """The first screen asks more of a photo that enrols than of a check, and nothing of a track."""
    small = Told("check", "enrol")
    chain(small, only=1).faces(scene)
    sight = small.seen[0][0]
    screen = QualityScreen()
    assert Screened() == screen.look(sight, "check") == screen.look(sight, "enrol") == screen.watch([])
    assert frozenset({"enrol", "check"}) == screen.stages
    near = detection_at(50, 50, 0.35)
    (face,) = chain(only=1).embed_detections(scene, [near], stage="enrol")
    assert ("face_too_small",) == face.quality.reasons
    (face,) = chain(only=1).embed_detections(scene, [near])
    assert () == face.quality.reasons

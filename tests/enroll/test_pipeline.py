"""From a picture to templates: one batch, order kept, refusals with their reasons."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from enroll.chips import crop_of
from enroll.errors import NoFace, PhotoRefused, SeveralFaces
from enroll.face import Photo
from enroll.geometry import align
from enroll.pipeline import Pipeline, no_face, open_pipeline
from enroll.screens.quality import CHECK_LIMITS


@pytest.fixture
def scene() -> np.ndarray:
    """Noise in which every crop is sharp and of middle brightness."""
    return np.random.default_rng(3).integers(40, 215, (400, 600, 3), np.uint8)


@pytest.fixture(scope="module")
def real(detector, default_encoder) -> Pipeline:
    return Pipeline(detector, default_encoder)


def photo_of(pixels: np.ndarray) -> Photo:
    return Photo(pixels, "ada.jpg", "0" * 64, "PNG")


def test_faces_are_embedded_in_one_batch_and_keep_their_order(scene, fake_detector, fake_encoder, detection_at):
    """Usable faces get the template of their own crop, from a single batch; the others get none."""
    found = [detection_at(10, 10), detection_at(0, 0, 0.1), detection_at(200, 90), detection_at(np.nan)]
    faces = Pipeline(fake_detector(found), fake_encoder).faces(scene)
    assert [2] == fake_encoder.batches
    assert found == [face.detection for face in faces]
    assert [True, False, True, False] == [face.template is not None for face in faces]
    assert ("not_finite",) == faces[3].quality.reasons
    for face in (faces[0], faces[2]):
        np.testing.assert_array_equal(align(scene, face.detection.landmarks), face.crop)
        np.testing.assert_array_equal(fake_encoder.embed(face.crop[None])[0], face.template.vector)
        assert ("found-1+fake-1", face.detection.box) == (face.template.pipeline_id, face.box)
        assert face.template.cohort_mean == pytest.approx(face.template.vector.max())


def test_a_picture_without_usable_faces_never_reaches_the_encoder(scene, fake_detector, fake_encoder, detection_at):
    """Nothing is embedded where there is nothing to embed."""
    assert [] == Pipeline(fake_detector([]), fake_encoder).faces(scene)
    (face,) = Pipeline(fake_detector([detection_at(0, 0, 0.1)]), fake_encoder).faces(scene)
    assert (None, []) == (face.template, fake_encoder.batches)
    assert "face_too_small" in face.quality.reasons


def test_limits_may_be_given_per_call(scene, fake_detector, fake_encoder, detection_at):
    """The limits of a call go before those of the pipeline."""
    pipeline = Pipeline(fake_detector([detection_at(10, 10)]), fake_encoder)
    strict = dataclasses.replace(CHECK_LIMITS, min_face_px=200)
    assert ("face_too_small",) == pipeline.faces(scene, limits=strict)[0].quality.reasons
    assert () == pipeline.faces(scene)[0].quality.reasons


def test_landmarks_in_one_place_are_refused_not_fatal(scene, fake_detector, fake_encoder, detection_at):
    """A detection whose landmarks all lie in one point is refused, and the others are still judged."""
    point = dataclasses.replace(detection_at(), landmarks=np.full((5, 2), 50, np.float32))
    faces = Pipeline(fake_detector([point, detection_at(10, 10)]), fake_encoder).faces(scene)
    assert [("not_finite",), ()] == [face.quality.reasons for face in faces]


def test_enrolment_needs_one_face(scene, fake_detector, fake_encoder, detection_at):
    """No face is refused; several are by `error`, and `largest` takes the largest."""
    small, large = detection_at(20, 20, 0.8, confidence=0.95), detection_at(200, 100, 1.4, confidence=0.9)
    with pytest.raises(NoFace):
        Pipeline(fake_detector([]), fake_encoder).enrol_face(photo_of(scene))
    pipeline = Pipeline(fake_detector([small, large]), fake_encoder)
    with pytest.raises(SeveralFaces) as caught:
        pipeline.enrol_face(photo_of(scene), multi="error")
    assert "ada.jpg: 2 faces were found" == str(caught.value)
    assert large == pipeline.enrol_face(photo_of(scene), multi="largest").detection


UNEQUAL = ", and none is by far the largest"
ASIDE = ", and the largest is not the one in the middle"


@pytest.mark.parametrize(
    ("main", "others", "doubt"),
    [
        ((240, 130, 1.0), [(20, 130, 0.7)], None),  # 2.04 times the area
        ((240, 130, 1.0), [(20, 130, 0.71)], UNEQUAL),  # 1.98 times
        ((240, 130, 1.0), [(20, 130, 0.5), (450, 40, 0.5)], None),
        ((240, 130, 1.0), [(20, 130, 0.5), (450, 40, 0.9)], UNEQUAL),
        ((20, 130, 1.0), [(280, 160, 0.5)], ASIDE),
        ((20, 130, 1.0), [(480, 300, 0.5), (280, 160, 0.5)], ASIDE),
        ((240, 130, 1.0), [(250, 140, 1.0)], UNEQUAL),
        ((340, 130, 1.0), [(20, 130, 0.5)], None),  # 94 of 600 px off the middle
        ((350, 130, 1.0), [(20, 130, 0.5)], ASIDE),  # 104 px
        ((350, 130, 1.0), [], None),
    ],
)
def test_a_portrait_with_passers_by(scene, fake_detector, fake_encoder, detection_at, main, others, doubt):
    """The face that dwarfs all others and lies in the middle is taken; else the refusal says what is unclear."""
    found = [detection_at(*place) for place in (*others, main)]
    pipeline = Pipeline(fake_detector(found), fake_encoder)
    if doubt is None:
        assert found[-1] == pipeline.enrol_face(photo_of(scene)).detection
    else:
        with pytest.raises(SeveralFaces) as caught:
            pipeline.enrol_face(photo_of(scene), multi="portrait")
        assert f"ada.jpg: {len(found)} faces were found{doubt}" == str(caught.value)


def test_a_real_portrait_with_a_passer_by(real, astronaut, hopper):
    """A small face at the edge of a portrait changes nothing of its template; two people side by side are refused."""
    alone = real.enrol_face(photo_of(astronaut)).template
    crowded = astronaut.copy()
    crowded[180:280, 412:] = np.asarray(Image.fromarray(hopper[50:350, 80:380]).resize((100, 100)))
    assert 2 == len(real.faces(crowded))
    np.testing.assert_allclose(alone.vector, real.enrol_face(photo_of(crowded)).template.vector, atol=0.02)
    with pytest.raises(SeveralFaces, match="2 faces were found, and the largest is not the one in the middle"):
        real.enrol_face(photo_of(np.concatenate([astronaut, hopper[:512]], axis=1)))


def test_bystanders_too_small_to_judge_do_not_count(scene, fake_detector, fake_encoder, detection_at):
    """Neither a face smaller than a check could judge nor a doubtful one makes a portrait a group picture."""
    main, bystander = detection_at(200, 100, 1.4), detection_at(20, 20, 0.15)
    doubtful = detection_at(20, 20, confidence=0.52)
    for other in (bystander, doubtful):
        face = Pipeline(fake_detector([other, main]), fake_encoder).enrol_face(photo_of(scene))
        assert main == face.detection


def test_a_poor_enrolment_photo_is_refused_with_reasons(scene, fake_detector, fake_encoder, detection_at):
    """A face that may be checked but not enrolled is refused with codes and measurements."""
    pipeline = Pipeline(fake_detector([detection_at(50, 50, 0.35)]), fake_encoder)
    with pytest.raises(PhotoRefused) as caught:
        pipeline.enrol_face(photo_of(scene))
    assert ("face_too_small",) == caught.value.reasons
    assert 39 == caught.value.quality.face_px
    assert () == pipeline.faces(scene)[0].quality.reasons


def test_the_same_person_scores_far_above_another(real, astronaut, hopper):
    """With the real detector and encoder a person is found again in a changed photo, another is not."""
    enrolled = real.enrol_face(photo_of(astronaut)).template
    changed = (astronaut[::2, ::2] * 0.8).astype(np.uint8)
    (again,), (other,) = real.faces(changed), real.faces(hopper)

    threshold = real.encoder.card.score_model.threshold(100, 0.003)
    assert enrolled.score(again.template) > threshold > enrolled.score(other.template)


def test_a_group_picture_gives_every_face(real, astronaut, hopper):
    """Two portraits side by side give two faces with the templates of the single portraits."""
    side_by_side = np.concatenate([astronaut, hopper[:512]], axis=1)
    vectors = [face.template.vector for face in real.faces(side_by_side)]
    singles = [real.faces(picture)[0].template.vector for picture in (astronaut, hopper)]
    assert 2 == len(vectors)
    assert all(max(single @ vector for vector in vectors) > 0.9 for single in singles)


def test_open_pipeline_takes_the_shipped_encoder():
    """One call gives the detector and the encoder that ship with the package."""
    pipeline = open_pipeline(threads=1, detector_min_score=0.6)
    assert 0.6 == pipeline.detector.min_score
    assert pipeline.encoder.card.id == pipeline.encoder.id


@pytest.mark.parametrize(("grey", "told"), [(4, True), (60, False)])
def test_a_black_picture_is_told_to_be_too_dark(grey, told):
    """Where no face is found because all is black, the message says so."""
    assert told == ("too_dark" in no_face("x", np.full((64, 64, 3), grey, np.uint8)).detail)


def test_a_face_that_enrols_has_its_chip(scene, fake_detector, fake_encoder, detection_at):
    """The face of a photo that enrols carries the chip cut by its landmarks; faces of a check carry none."""
    pipeline = Pipeline(fake_detector([detection_at(60, 50)]), fake_encoder)
    face = pipeline.enrol_face(photo_of(scene))
    np.testing.assert_array_equal(face.crop, face.chip.pixels[28:140, 28:140])
    np.testing.assert_array_equal(face.crop, align(face.chip.pixels, face.chip.landmarks))
    assert [None] == [each.chip for each in pipeline.faces(scene)]


class Shifting:
    """A landmark network that puts every point one pixel to the right of where it was."""

    id = "shifting-1"

    def refine(self, pixels, detections):  # noqa: ARG002 - the seam's signature
        return [dataclasses.replace(each, landmarks=each.landmarks + np.float32([1, 0])) for each in detections]


def test_a_chip_is_realigned_by_other_landmarks_alone(scene, fake_detector, fake_encoder, detection_at):
    """A chip of another detector or landmark network gets this one's landmarks; one of the same keeps its own."""
    pipeline = Pipeline(fake_detector([detection_at(60, 50)]), fake_encoder, refiner=Shifting())
    chip = pipeline.enrol_face(photo_of(scene)).chip
    for made_by in ("found-1+shifting-1+fake-0", pipeline.id):
        assert chip is pipeline.realigned(chip, made_by)
    for made_by in ("found-1+shifting-0+fake-1", "found-1+fake-1", "fake-1", ""):
        again = pipeline.realigned(chip, made_by)
        assert again.pixels is chip.pixels
        np.testing.assert_array_equal(chip.landmarks + np.float32([1, 0]), again.landmarks)
    without = dataclasses.replace(pipeline, refiner=None)
    assert chip is without.realigned(chip, "other")


def test_a_real_chip_of_another_network_is_aligned_as_the_photo(detector, default_encoder, astronaut):
    """The landmark network finds the same face in a chip cut by the detector's landmarks as in the photo itself."""
    shipped = open_pipeline(threads=1)
    expected = shipped.enrol_face(photo_of(astronaut))
    older = Pipeline(detector, default_encoder)
    chip = shipped.realigned(older.enrol_face(photo_of(astronaut)).chip, older.id)
    assert 0.98 < float(default_encoder.embed(crop_of(chip)[None])[0] @ expected.template.vector)

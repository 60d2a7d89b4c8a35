"""Quality: scales that move the right way, and one reason code for each thing that is wrong."""

import csv
import dataclasses
import io
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from enroll.face import Quality
from enroll.geometry import MEAN_FACE_3D, align
from enroll.screens.quality import CHECK_LIMITS, ENROLL_LIMITS, QualityLimits, assess, brightness, sharpness


@pytest.fixture(scope="module")
def portrait(detector, astronaut):
    """The first portrait with its detection, landmarks placed by hand."""
    (detection,) = detector.detect(astronaut)
    by_hand = np.array([[204, 102], [246, 104], [224, 126], [204, 142], [241, 144]], np.float32)
    detection = dataclasses.replace(detection, landmarks=by_hand)
    return astronaut, detection


def judge(pixels, detection, limits=ENROLL_LIMITS) -> Quality:
    return assess(pixels, detection, align(pixels, detection.landmarks), limits)


def grey(crop: np.ndarray) -> np.ndarray:
    return crop.astype(np.float32).mean(-1)


def test_good_portraits_are_usable_and_score_high(portrait, detector, hopper):
    """Both portraits may enrol, with at least 90 of 100."""
    for pixels, detection in (portrait, (hopper, detector.detect(hopper)[0])):
        quality = judge(pixels, detection)
        assert () == quality.reasons
        assert quality.score >= 90


def test_sharpness_falls_with_every_blur(portrait):
    """The more a face is blurred, the lower its sharpness, down to nearly nothing."""
    pixels, detection = portrait
    crop = align(pixels, detection.landmarks)
    values = [sharpness(grey(cv2.GaussianBlur(crop, (0, 0), sigma))) for sigma in (0.3, 1, 2, 3, 5)]
    assert sorted(values, reverse=True) == values
    assert values[0] > 70
    assert values[-1] < ENROLL_LIMITS.min_sharpness


def test_motion_blur_in_either_direction_shows(portrait):
    """A face smeared in one direction loses sharpness as if it were blurred in both."""
    pixels, detection = portrait
    crop = align(pixels, detection.landmarks)
    for shape in ((1, 13), (13, 1)):
        smeared = cv2.filter2D(crop, -1, np.ones(shape, np.float32) / 13)
        assert sharpness(grey(smeared)) < sharpness(grey(crop)) / 2


def test_sharpness_does_not_follow_light_contrast_or_size(portrait, detector):
    """Half the light, half the contrast or twice the pixels change the sharpness by ten points at most."""
    pixels, detection = portrait
    crop = align(pixels, detection.landmarks)
    expected = sharpness(grey(crop))
    large = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    (found,) = detector.detect(large)
    for changed in (crop // 2, crop // 2 + 60, align(large, found.landmarks)):
        assert abs(expected - sharpness(grey(changed))) <= 10


def test_sharpness_of_nothing_is_zero():
    """A crop of one colour has no sharpness, and no warning comes of it."""
    assert 0 == sharpness(np.full((112, 112), 128, np.float32))


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (51, 20), (255, 100)])
def test_brightness_is_the_mean_in_percent(level, expected):
    """A crop of one grey has that grey's percentage."""
    assert expected == brightness(np.full((112, 112), level, np.float32))


def test_reasons_name_what_is_wrong(portrait):
    """Each defect gives its own reason code and no other."""
    pixels, detection = portrait
    small = dataclasses.replace(detection, box=(180.0, 60.0, 20.0, 30.0))
    unsure = dataclasses.replace(detection, confidence=0.65)
    dark, bright = pixels // 16, 255 - (255 - pixels) // 20
    blurred = cv2.GaussianBlur(pixels, (0, 0), 6)
    for found, picture, expected in (
        (small, pixels, ("face_too_small",)),
        (unsure, pixels, ("detector_unsure",)),
        (detection, dark, ("too_dark",)),
        (detection, bright, ("too_bright",)),
        (detection, blurred, ("blurred",)),
    ):
        assert expected == judge(picture, found).reasons


def test_a_turned_face_is_refused_by_its_pose(portrait):
    """A face turned 75 degrees to the side may not enrol, but may be checked."""
    pixels, detection = portrait
    angle = np.radians(75)
    turned = MEAN_FACE_3D @ np.array([[np.cos(angle), 0], [0, 1], [np.sin(angle), 0]])
    turned = dataclasses.replace(detection, landmarks=(turned + np.array([220, 100])).astype(np.float32))
    assert "pose" in judge(pixels, turned).reasons
    assert 75 == pytest.approx(judge(pixels, turned).yaw, abs=0.5)
    assert "pose" not in judge(pixels, turned, CHECK_LIMITS).reasons


def test_a_face_cut_by_the_edge_is_refused(portrait):
    """A face of which a good part lies outside the picture is refused for the edge."""
    pixels, detection = portrait
    x = 225
    cut = dataclasses.replace(detection, landmarks=detection.landmarks - np.float32([x, 0]))
    assert ("edge",) == judge(np.ascontiguousarray(pixels[:, x:]), cut, CHECK_LIMITS).reasons


def test_a_poor_face_without_a_single_fault_is_of_low_quality(portrait):
    """Where no limit is broken but the whole is poor, the reason is the overall score."""
    pixels, detection = portrait
    limits = dataclasses.replace(CHECK_LIMITS, min_score=60)
    poor = dataclasses.replace(detection, box=(180.0, 60.0, 20.0, 26.0))
    assert ("low_quality",) == judge(pixels, poor, limits).reasons


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["box", "landmarks", "confidence"])
def test_numbers_that_are_not_finite_are_one_reason(portrait, bad, where):
    """A detection with NaN or infinity anywhere is refused as `not_finite`, with zeros for measurements."""
    pixels, detection = portrait
    landmarks = detection.landmarks.copy()
    landmarks[2, 1] = bad
    value = {"box": (0.0, bad, 1.0, 1.0), "landmarks": landmarks, "confidence": bad}[where]
    broken = dataclasses.replace(detection, **{where: value})
    quality = assess(pixels, broken, np.zeros((112, 112, 3), np.uint8), CHECK_LIMITS)
    assert Quality(0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, ("not_finite",)) == quality


def test_a_check_refuses_less_than_an_enrolment():
    """Every limit of a check is at least as lenient as that of an enrolment."""
    check, enrol = (dataclasses.asdict(limits) for limits in (CHECK_LIMITS, ENROLL_LIMITS))
    for name, value in check.items():
        assert value <= enrol[name] if name.startswith("min_") else value >= enrol[name]


def test_quality_travels_as_plain_numbers(portrait):
    """What is stored of a quality brings it back, rounded to a tenth of a degree."""
    quality = judge(*portrait)
    restored = Quality.from_dict(quality.to_dict())
    assert quality.to_dict() == restored.to_dict()
    assert quality.yaw == pytest.approx(restored.yaw, abs=0.05)


@pytest.mark.parametrize("change", [{"min_face_px": 0}, {"min_brightness": 99}, {"max_brightness": 101}])
def test_limits_are_checked(change):
    """Limits outside their scale are refused when made."""
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(CHECK_LIMITS, **change)


def test_good_photos_are_hardly_ever_refused(shared_data, detector):
    """Of 60 development faces a check refuses none, an enrolment at most one."""
    with (shared_data / "faces.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["set"], row["split"]) == ("lfw", "dev")]
    refused = {CHECK_LIMITS: 0, ENROLL_LIMITS: 0}
    with zipfile.ZipFile(shared_data / "faces_lfw.zip") as archive:
        for row in rows[:: len(rows) // 60][:60]:
            crop = np.asarray(Image.open(io.BytesIO(archive.read(row["file"]))).convert("RGB"))
            picture = cv2.copyMakeBorder(crop, 24, 24, 24, 24, cv2.BORDER_REFLECT_101)
            face = max(detector.detect(picture), key=lambda found: found.box[2] * found.box[3])
            for limits in refused:
                refused[limits] += bool(judge(picture, face, limits).reasons)
    assert 0 == refused[CHECK_LIMITS]
    assert refused[ENROLL_LIMITS] <= 1


def test_limits_are_values():
    """Equal limits are equal values, so that settings can be compared."""
    assert QualityLimits(**dataclasses.asdict(CHECK_LIMITS)) == CHECK_LIMITS

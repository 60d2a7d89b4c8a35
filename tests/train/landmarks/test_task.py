"""The landmark task: labels, cuts that can be undone, the loss, resuming, and an export that equals PyTorch."""

import dataclasses
import json
from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")
pytest.importorskip("pytorch_metric_learning")

from enroll.detectors.landmarks import FRAME_BORDER, FRAME_SIDE, FRAME_SIZE, TEMPLATE_FRAME, LandmarkNet  # noqa: E402
from enroll.face import Detection  # noqa: E402 - after the skip
from enroll.geometry import TEMPLATE_112, align, apply, crop_transform, umeyama  # noqa: E402
from train.data import landmarks as labelling  # noqa: E402
from train.data.augment import Augmentation  # noqa: E402
from train.data.faces import cache_folder  # noqa: E402
from train.data.landmarks import TEMPLATE, half_way, landmark_labels  # noqa: E402
from train.data.pictures import Pictures  # noqa: E402
from train.data.realigned import load_pictures, realigned, realigned_crop  # noqa: E402
from train.errors import RecipeInvalid, TrainingDiverged  # noqa: E402
from train.fit.loop import fit  # noqa: E402
from train.fit.losses import Batch  # noqa: E402
from train.landmarks.shipping import export_landmarks, ship_landmarks  # noqa: E402
from train.landmarks.task import (  # noqa: E402
    UNSPOILT,
    Errors,
    FrameInputs,
    LandmarkTask,
    PointLoss,
    corner_matrix,
    held_out,
    make_network,
    mirrored,
    offsets_of,
)
from train.recipe import RECIPES, load_recipe  # noqa: E402


class Killed(Exception):  # noqa: N818 - as in the tests of the loop
    """Stands for a process that is ended."""


@pytest.fixture
def pictures(astronaut):
    """Twelve stored crops of one portrait (12, 128, 128, 3), each moved a little; four are of development people."""
    points = np.array([[204, 102], [246, 104], [224, 126], [204, 142], [241, 144]], float)
    crops = np.stack([align(astronaut, points + np.array([n % 4 - 1.5, n // 4 - 1]), border=8) for n in range(12)])
    return Pictures(
        pixels=crops,
        labels=np.arange(12),
        splits=np.array(["train"] * 8 + ["dev"] * 4),
        names=np.array([f"made/{n}.png" for n in range(12)]),
        classes=tuple(f"person {n}" for n in range(12)),
        columns={"set": np.array(["made"] * 12)},
        digest="made",
    )


@pytest.fixture
def recipe(tmp_path):
    """A small network and ten steps."""
    path = tmp_path / "small.toml"
    path.write_text(
        'base = "landmarks"\nname = "small"\ncheckpoint_minutes = 0.0\n[model]\nwidths = [4, 4, 8, 8]\nhidden = 8\n'
        "[[stage]]\nsteps = 10\nwarmup = 2\nevaluate_every = 5\n[[stage.samples]]\nkind = 'epochs'\nsize = 4\n",
        encoding="utf-8",
    )
    return load_recipe(path)


@pytest.fixture
def task(recipe, pictures, monkeypatch):
    """The task with labels that lie on the template."""
    points = np.repeat(TEMPLATE[None].astype(np.float32), 12, axis=0)
    monkeypatch.setattr("train.landmarks.task.landmark_labels", lambda _, rows: points[rows])
    return LandmarkTask(recipe, pictures, make_network(recipe))


def jobs_of(task):
    return [partial(task.job, stage) for stage in task.recipe.stage]


def seen_at(points):
    """A face as CenterFace would find it in the enlarged crop, for points in pixels of the stored crop."""
    return Detection((0.0, 0.0, 9.0, 9.0), ((points + 0.5) * labelling.ENLARGED - 0.5).astype(np.float32), 0.9)


def test_labels_are_half_way_to_the_template(pictures):
    """A label keeps the shape of the answer, and half of its turn, growth and shift."""
    angle = np.radians(8)
    turn = 1.1 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    answer = (TEMPLATE - 64) @ turn.T + 64 + [2, -3]
    labels = landmark_labels(pictures, np.array([0]), lambda _: [seen_at(answer)])
    np.testing.assert_allclose(labels[0], (answer + TEMPLATE) / 2, atol=1e-3)
    shaped = answer + np.array([[2, 0], [-2, 0], [0, 3], [1, 1], [0, 0]])
    alone = umeyama(shaped, TEMPLATE)
    np.testing.assert_allclose(half_way(shaped), (shaped + apply(alone, shaped)) / 2, atol=1e-3)


def test_answers_far_off_or_absent_are_no_labels(pictures):
    """No face, or one elsewhere in the crop, gives NaN; of several faces the nearest to the template counts."""
    rows = np.array([0, 1, 2])
    answers = iter([[], [seen_at(TEMPLATE + 40)], [seen_at(TEMPLATE + 40), seen_at(TEMPLATE + 1)]])
    labels = landmark_labels(pictures, rows, lambda _: next(answers))
    assert np.isnan(labels[:2]).all()
    assert np.isfinite(labels[2]).all()


def test_answers_are_asked_for_once(pictures):
    """What was answered is kept, no face as well; only new rows are looked at."""
    asked = []

    def look(crop):
        asked.append(crop.shape)
        return [] if len(asked) == 1 else [seen_at(TEMPLATE)]

    first = landmark_labels(pictures, np.array([3, 4]), look)
    again = landmark_labels(pictures, np.array([3, 4, 5]), look)
    np.testing.assert_array_equal(first, again[:2])
    assert [(192, 192, 3)] * 3 == asked


def test_the_real_detector_agrees_with_the_template(pictures):
    """CenterFace, asked again on crops aligned by hand, places the points within a few pixels of the template."""
    labels = landmark_labels(pictures, np.array([0, 5]))
    assert np.linalg.norm(labels - TEMPLATE, axis=2).mean() < 4


def test_cuts_can_be_undone():
    """The frame of a crop holds the points where its offsets say, whatever the detector's error and the mirror."""
    marked = np.zeros((128, 128, 3), np.uint8)
    points = (TEMPLATE + np.array([[1, 2], [-2, 0], [0, 1], [2, 2], [-1, -1]])).astype(np.float32)
    for x, y in points:
        cv2.circle(marked, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
    mild = Errors(turn_degrees=8, growth=0.1, shift_px=4, wide=0.3, wide_degrees=20, wide_growth=0.1, wide_px=5)
    inputs = FrameInputs(marked[None], points[None], mild, dataclasses.replace(UNSPOILT, mirror=0.5))
    frames, offsets = inputs(np.zeros(20, int), np.random.default_rng(2))
    for frame, offset in zip(frames, offsets.numpy(), strict=True):
        placed = TEMPLATE_FRAME + offset * (FRAME_SIZE / 112)
        lit = frame.mean(0).numpy()
        for x, y in placed:
            around = lit[max(0, round(y) - 2) : round(y) + 3, max(0, round(x) - 2) : round(x) + 3]
            assert around.max() > 0.5


def test_without_error_the_frame_is_the_products():
    """A detector without error cuts the frame that `align` cuts, and the template has no offsets in it."""
    none = Errors(turn_degrees=0, growth=0, shift_px=0, wide=0)
    matrix = none.draw(np.random.default_rng(1))
    np.testing.assert_allclose(matrix, crop_transform(TEMPLATE, FRAME_SIZE, FRAME_BORDER), atol=1e-9)
    np.testing.assert_allclose(offsets_of(apply(matrix, TEMPLATE)), 0, atol=1e-9)


def test_errors_reach_as_far_as_they_say():
    """Wide errors stay within their limits and use them; others spread with their standard deviations."""
    random = np.random.default_rng(4)
    wide = np.array([Errors(wide=1.0).draw(random) for _ in range(400)])
    turns = np.degrees(np.arctan2(wide[:, 1, 0], wide[:, 0, 0]))
    assert 25 < np.abs(turns).max() <= 30
    near = np.array([Errors(wide=0.0).draw(random) for _ in range(400)])
    assert 5 < np.degrees(np.arctan2(near[:, 1, 0], near[:, 0, 0])).std() < 7


def test_mirrored_points_are_named_as_seen():
    """In the mirror image the left eye is still the one on the left; twice is as it was."""
    points = TEMPLATE + np.arange(10).reshape(5, 2)
    there = mirrored(points, 128)
    assert there[0, 0] < there[1, 0]
    assert there[3, 0] < there[4, 0]
    np.testing.assert_allclose(mirrored(there, 128), points)


def test_corners_follow_the_fitted_similarity():
    """The corner matrix equals the similarity from the template to the points, fitted by Umeyama, on all four."""
    random = np.random.default_rng(6)
    corners = np.array([[0, 0], [112, 0], [0, 112], [112, 112]], float)
    for _ in range(20):
        moved = random.normal(0, 4, (5, 2))
        expected = apply(umeyama(TEMPLATE_112, TEMPLATE_112 + moved), corners) - corners
        np.testing.assert_allclose((corner_matrix() @ moved.ravel()).reshape(4, 2), expected, atol=1e-9)


def test_the_loss_is_hubers_of_points_and_corners():
    """Recomputed number by number."""
    off = torch.tensor(np.random.default_rng(8).normal(0, 3, (3, 10)), dtype=torch.float32)

    def huber(values, knee=1.5):
        return np.mean([v * v / 2 if abs(v) <= knee else knee * (abs(v) - knee / 2) for v in np.ravel(values)])

    expected = huber(off) + 0.7 * huber([corner_matrix() @ row for row in off.numpy()])
    actual = PointLoss(corners=0.7)(Batch(off, torch.zeros(3)))
    assert pytest.approx(expected, rel=1e-4) == float(actual)


def test_it_learns_and_a_killed_run_ends_like_an_unbroken_one(task, pictures, recipe, tmp_path, monkeypatch):
    """Stopped and continued a run has the weights of one that was not, bit for bit, and the loss falls."""
    fit(recipe, task.network, jobs_of(task), tmp_path / "whole", evaluate=task.figures)
    broken = LandmarkTask(recipe, pictures, make_network(recipe))
    called, real = [], FrameInputs.__call__

    def dying(self, rows, random):
        called.append(1)
        if len(called) == 8:
            raise Killed
        return real(self, rows, random)

    monkeypatch.setattr(FrameInputs, "__call__", dying)
    with pytest.raises(Killed):
        fit(recipe, broken.network, jobs_of(broken), tmp_path / "broken", evaluate=broken.figures)
    resumed = LandmarkTask(recipe, pictures, make_network(recipe))
    fit(recipe, resumed.network, jobs_of(resumed), tmp_path / "broken", evaluate=resumed.figures)
    for name, value in task.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
    assert (tmp_path / "whole" / "log.csv").read_text() == (tmp_path / "broken" / "log.csv").read_text()


def test_a_loss_that_is_no_number_stops_the_run(task, recipe, tmp_path):
    """A network that has gone astray is not trained further."""
    with torch.no_grad():
        task.network.head[-1].bias.fill_(float("nan"))
    with pytest.raises(TrainingDiverged):
        fit(recipe, task.network, jobs_of(task), tmp_path / "run")


def test_who_is_left_out_is_told_by_the_name(task, pictures):
    """About a fifth of the people, the same ones always; never trained on, and nobody without a name."""
    many = SimpleNamespace(labels=np.array([*range(1000), -1]), classes=tuple(f"p{n}" for n in range(1000)))
    assert 150 < held_out(many).sum() < 250
    assert not held_out(many)[-1]
    assert not held_out(pictures)[task.train_rows].any()
    assert (pictures.splits[task.train_rows] == "train").all()


def test_the_export_equals_pytorch(task, tmp_path):
    """In 32 bits the file's offsets are the network's within a ten-thousandth of a pixel, in 16 within a twentieth."""
    frames = task.judged()[0]
    assert export_landmarks(task.network, tmp_path / "a.onnx", frames, storage="float32") <= 1e-4
    assert export_landmarks(task.network, tmp_path / "b.onnx", frames) <= 0.05


def test_what_ships_is_what_the_product_loads(task, pictures, recipe, tmp_path, monkeypatch):
    """A finished run becomes a folder whose offsets are the trained network's."""
    out = tmp_path / "run"
    fit(recipe, task.network, jobs_of(task), out)
    text = (RECIPES / "landmarks.toml").read_text(encoding="utf-8")
    (out / "landmarks.toml").write_text(text, encoding="utf-8")
    (out / "recipe.toml").write_text((tmp_path / "small.toml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("train.landmarks.shipping.load_faces", lambda *_, **__: pictures)
    told = ship_landmarks(out, tmp_path / "net", "landmarks-test", tmp_path)
    net = LandmarkNet(threads=1, folder=tmp_path / "net")
    assert "landmarks-test" in told
    assert "landmarks-test" == net.id
    assert {"dev point px", "dev corner px"} == set(json.loads((tmp_path / "net" / "card.json").read_text())["figures"])
    frames = np.stack([align(crop, TEMPLATE, FRAME_SIZE, FRAME_BORDER) for crop in pictures.pixels])
    with torch.no_grad():
        planes = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float()
        expected = task.network.eval()((planes - 127.5) / 128)
    np.testing.assert_allclose(net.offsets(frames), expected.numpy(), atol=0.05)
    assert (FRAME_SIDE, FRAME_SIDE) == frames.shape[1:3]


def test_an_augmentation_that_does_not_exist_is_refused(recipe, pictures):
    """A misspelt entry of [augment] is named."""
    odd = dataclasses.replace(recipe, augment={"blurr": 0.5})
    with pytest.raises(RecipeInvalid, match="blurr"):
        LandmarkTask(odd, pictures, make_network(odd)).job(odd.stage[0])


def test_spoiling_moves_and_covers_nothing():
    """With every defect off a picture is as it was, however it would be turned; with them on it differs."""
    picture = np.random.default_rng(3).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    turned = dataclasses.replace(UNSPOILT, turn_degrees=40.0, mirror=1.0, mask=1.0, occlusion=1.0)
    assert np.array_equal(picture, turned.spoil(picture, np.random.default_rng(1)))
    assert not np.array_equal(picture, Augmentation(noise=1.0).spoil(picture, np.random.default_rng(1)))


class Knowing:
    """A landmark network that finds a face where it was told to."""

    def __init__(self, points):
        self.points = points

    def refine(self, pixels, detections):  # noqa: ARG002 - the seam's signature
        return [Detection(each.box, self.points.astype(np.float32), each.confidence) for each in detections]


def test_realigned_crops_lie_on_the_template(astronaut):
    """A crop cut by poor points, aligned anew by good ones, is the crop that the good ones cut."""
    points = np.array([[204, 102], [246, 104], [224, 126], [204, 142], [241, 144]], float)
    poor = points + np.array([1.5, -1])
    stored, expected = align(astronaut, poor, border=8), align(astronaut, points, border=8)
    seen = apply(crop_transform(poor, border=8), points)
    again = realigned_crop(stored, Knowing(seen))
    inner = (slice(12, 116), slice(12, 116))
    off, before = (np.abs(x[inner].astype(int) - expected[inner]).mean() for x in (again, stored))
    assert off < 0.35 * before


def test_realigned_pictures_are_kept_by_the_networks_digest(pictures, monkeypatch):
    """The same pictures with other pixels and another digest, computed once; rows, labels and splits stay."""
    made = realigned(pictures)
    assert pictures.digest != made.digest
    assert made.digest.startswith(f"{pictures.digest}-")
    assert pictures.pixels.shape == made.pixels.shape
    assert np.array_equal(pictures.labels, made.labels)
    assert [f"faces-{made.digest}.npy"] == [path.name for path in cache_folder().glob("faces-*")]
    monkeypatch.setattr("train.data.realigned.realigned_crop", None)
    assert np.array_equal(made.pixels, realigned(pictures).pixels)


def test_pictures_are_loaded_as_the_product_cuts_them(pictures, monkeypatch, tmp_path):
    """The default aligns crops anew; `stored` leaves them alone; another word is refused."""
    monkeypatch.setattr("train.data.realigned.load_faces", lambda *_, **__: pictures)
    assert pictures is load_pictures(tmp_path, aligned="stored")
    assert realigned(pictures).digest == load_pictures(tmp_path, aligned="landmarks").digest
    with pytest.raises(RecipeInvalid, match="expected stored or landmarks"):
        load_pictures(tmp_path, aligned="both")

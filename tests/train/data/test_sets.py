"""The workbench's data sets: trees, zips, idx files, splits, and what is said when something is missing or damaged."""

import gzip
import struct
import zipfile

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from train.data import fetch, sets
from train.data.load import LOADERS, load
from train.data.splits import split_classes, split_pictures
from train.data.trees import Shape, decode_tree
from train.errors import DataMissing, FetchFailed, ManifestInvalid, RecipeInvalid
from train.recipe import Data


def write_pictures(folder, classes, each, size=(20, 16), mode="RGB"):
    random = np.random.default_rng(3)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(folder / name / f"{i}.png")


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + b"".join(struct.pack(">I", n) for n in array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


def test_damaged_files_are_listed_and_left_out(tmp_path, capsys):
    """An empty file, a cut one and a text with a picture's name are left out by name; the rest is read."""
    write_pictures(tmp_path, ["ada", "bob"], 5)
    (tmp_path / "ada" / "empty.png").write_bytes(b"")
    (tmp_path / "ada" / "text.jpg").write_text("no picture", encoding="utf-8")
    whole = (tmp_path / "bob" / "0.png").read_bytes()
    (tmp_path / "bob" / "cut.png").write_bytes(whole[: len(whole) // 2])
    pictures = load(Data("folder", options={"side": 12}), tmp_path)
    assert {"ada/empty.png", "ada/text.jpg", "bob/cut.png"} == {item.name for item in pictures.left_out}
    assert (10, 12, 12, 3) == pictures.pixels.shape
    assert "3 left out" in capsys.readouterr().err


def test_a_zip_reads_like_its_folder(tmp_path):
    """The same tree gives the same pixels, names and classes from a zip and from a folder."""
    tree = tmp_path / "tree"
    write_pictures(tree, ["a", "b"], 3)
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as archive:
        for path in sorted(tree.rglob("*.png")):
            archive.write(path, path.relative_to(tree).as_posix())
    from_folder, from_zip = (decode_tree(source, Shape(10, grey=True)) for source in (tree, tmp_path / "tree.zip"))
    assert np.array_equal(from_folder.pixels, from_zip.pixels)
    assert from_folder.names.tolist() == from_zip.names.tolist()
    assert ["a"] * 3 + ["b"] * 3 == from_zip.people.tolist()


def test_published_splits_are_kept(tmp_path):
    """Folders named train, val and test decide the split; the class is the folder below."""
    for split in ("train", "val", "test"):
        write_pictures(tmp_path / split, ["cat", "dog"], 4)
    pictures = load(Data("folder", options={"side": 8}), tmp_path)
    assert ("cat", "dog") == pictures.classes
    assert {"train": 8, "dev": 8, "test": 8} == {s: int((pictures.splits == s).sum()) for s in ("train", "dev", "test")}


def test_splits_by_class_share_none():
    """No class crosses a split by classes, and shares are kept; by pictures, every class is everywhere."""
    labels = np.repeat(np.arange(20), 10)
    splits = split_classes(labels, 0.2, 0.3, seed=4)
    per_class = [set(splits[labels == c].tolist()) for c in range(20)]
    assert all(len(found) == 1 for found in per_class)
    assert {"train": 10, "dev": 4, "test": 6} == {
        s: sum(found == {s} for found in per_class) for s in ("train", "dev", "test")
    }
    by_picture = split_pictures(labels, 0.2, 0.3, seed=4)
    assert all({"train", "dev", "test"} == set(by_picture[labels == c].tolist()) for c in range(20))


def test_kaggle_layout(tmp_path):
    """Numbered folders inside two of one name are identities; who has one photo is left out; splits share nobody."""
    root = tmp_path / "Extracted Faces" / "Extracted Faces"
    write_pictures(root, [str(i) for i in range(20)], 3)
    write_pictures(root, ["99"], 1)
    pictures = load(Data("identities", options={"side": 16}), tmp_path)
    assert 20 == len(pictures.classes)
    of = {s: set(pictures.labels[pictures.rows(s)].tolist()) for s in ("train", "dev", "test")}
    assert of["train"].isdisjoint(of["dev"] | of["test"])
    assert of["dev"].isdisjoint(of["test"])
    assert min(map(len, of.values())) > 0


def test_test_people_are_never_trained_on(tmp_path):
    """A person of LFW's test list, known by the folder's name, lands in the test split whatever the seed."""
    write_pictures(tmp_path, [f"p{i}" for i in range(10)] + ["Al_Pacino"], 3)
    from train.data.heldout import canonical, heldout_people

    known = next(iter(sorted(heldout_people())))
    write_pictures(tmp_path, [known.replace(" ", "_")], 3)
    for seed in range(4):
        pictures = load(Data("identities", options={"side": 8, "places": ["."], "seed": seed}), tmp_path)
        own = [canonical(pictures.classes[label]) == known for label in pictures.labels]
        assert {"test"} == set(pictures.splits[own].tolist())


def test_people_kept_out_by_a_list_are_the_test(tmp_path, capsys):
    """Where `faces.csv` lies beside the set its development people judge, however spelled; the rest is drawn."""
    write_pictures(tmp_path / "faces", [f"Person_{i}" for i in range(20)], 3)
    rows = [f"lfw,Person_{i}/0.png,lfw:person {i},{'dev' if i in {3, 7, 11} else 'train'},,," for i in range(20)]
    listed = "\n".join(["set,file,person,split,age,gender,race", *rows, "aaf,x.png,,dev,,,"])
    (tmp_path / "faces.csv").write_text(listed, encoding="utf-8")
    options = {"side": 8, "places": ["faces"], "dev": 0.15, "test": 0.15}
    with_list = load(Data("identities", options={**options, "kept_out": "faces.csv"}), tmp_path)
    of = {s: {with_list.classes[i] for i in with_list.labels[with_list.rows(s)]} for s in ("train", "dev", "test")}
    assert {"Person_3", "Person_7", "Person_11"} == of["test"]
    assert (14, 3) == (len(of["train"]), len(of["dev"]))
    assert of["train"].isdisjoint(of["dev"])
    assert "3 people whom the list keeps out" in capsys.readouterr().err
    without = load(Data("identities", options={**options, "kept_out": "nowhere.csv"}), tmp_path)
    assert load(Data("identities", options=options), tmp_path).splits.tolist() == without.splits.tolist()


def test_att_people(tmp_path):
    """People 31 to 40 are the test, 26 to 30 choose the threshold, and s10 is person ten, not one."""
    write_pictures(tmp_path / "att_faces", [f"s{i}" for i in range(1, 41)], 2, size=(12, 14), mode="L")
    pictures = load(Data("att", options={"side": 16}), tmp_path)
    tests = {pictures.classes[label] for label in pictures.labels[pictures.rows("test")]}
    assert {f"s{i}" for i in range(31, 41)} == tests
    assert (80, 16, 16, 1) == pictures.pixels.shape
    assert 10 == len(pictures.rows("dev"))


def test_people_not_asked_for_are_not_read(tmp_path, monkeypatch):
    """With `people` nobody else's photo is opened, and who was left away is neither a class nor told as left out."""
    from train.data.filetree import FileTree

    write_pictures(tmp_path / "att_faces", [f"s{i}" for i in range(1, 41)], 2, size=(12, 14), mode="L")
    opened, read = set(), FileTree.read
    monkeypatch.setattr(FileTree, "read", lambda tree, name: (opened.add(name.split("/")[0]), read(tree, name))[1])
    pictures = load(Data("att", options={"side": 16, "people": [9, 30]}), tmp_path)
    assert {f"s{i}" for i in range(9, 31)} == opened == set(pictures.classes)
    assert ({"train", "dev"}, ()) == (set(pictures.splits.tolist()), pictures.left_out)


def test_mnist_idx(tmp_path):
    """Pixels and labels of gzipped idx files come back as they were written; dev is cut from the training pictures."""
    random = np.random.default_rng(5)
    images, labels = random.integers(0, 256, (40, 28, 28)), np.arange(40) % 10
    for name in ("train", "t10k"):
        write_idx(tmp_path / "mnist" / f"{name}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / "mnist" / f"{name}-labels-idx1-ubyte.gz", labels)
    pictures = load(Data("mnist", options={"dev": 0.25}), tmp_path)
    assert np.array_equal(images, pictures.pixels[40:, ..., 0])
    assert {"train": 30, "dev": 10, "test": 40} == {s: len(pictures.rows(s)) for s in ("train", "dev", "test")}


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda _: b"", lambda _: gzip.compress(b"PNG, not idx")])
def test_a_damaged_idx_file_is_one_line(tmp_path, damage):
    """A cut, an empty or a foreign idx file is named, never half read."""
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        write_idx(tmp_path / "mnist" / f"{name}-ubyte.gz", np.zeros((3, 28, 28) if "images" in name else (3,)))
    path = tmp_path / "mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ManifestInvalid, match="t10k-images"):
        load(Data("mnist"), tmp_path)


@pytest.mark.parametrize("kind", ["mnist", "cifar10", "cifar100", "imagenette", "att", "lfw", "identities"])
def test_a_missing_set_says_where_and_how(tmp_path, kind):
    """One line: what is missing, every place that was looked at, and the command that gets it."""
    with pytest.raises(DataMissing) as error:
        load(Data(kind), tmp_path / "nowhere")
    assert "looked for" in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "attendance train fetch" in str(error.value)
    assert "\n" not in str(error.value)


def test_imagenette_falls_back_to_cifar(tmp_path):
    """Where Imagenette is absent CIFAR-10 takes its place, at the size that was asked for."""
    for split in ("train", "test"):
        write_pictures(tmp_path / "cifar10" / split, ["cat", "dog"], 5, size=(32, 32))
    pictures = load(Data("imagenette", options={"side": 24}), tmp_path)
    assert (20, 24, 24, 3) == pictures.pixels.shape
    assert {"train": 8, "dev": 2, "test": 10} == {s: len(pictures.rows(s)) for s in ("train", "dev", "test")}


def test_sets_together(tmp_path):
    """Two sets become one of their sizes' choice, and classes of one name stay apart."""
    for name in ("cifar10", "cifar100"):
        for split in ("train", "test"):
            write_pictures(tmp_path / name / split, ["cat", "dog"], 5, size=(32, 32))
    pictures = load(Data("union", options={"side": 16, "sets": [{"kind": "cifar10"}, {"kind": "cifar100"}]}), tmp_path)
    assert ("cifar100:cat", "cifar100:dog", "cifar10:cat", "cifar10:dog") == pictures.classes
    assert (40, 16, 16, 3) == pictures.pixels.shape


def test_limit_is_per_class_and_split(tmp_path):
    """`limit` keeps the same number of every class in each split, and the same ones for the same seed."""
    for split in ("train", "test"):
        write_pictures(tmp_path / "cifar10" / split, ["cat", "dog"], 10, size=(32, 32))
    first, again = (sets.cifar10(tmp_path, limit=2, seed=9) for _ in range(2))
    assert {"train": 4, "dev": 4, "test": 4} == {s: len(first.rows(s)) for s in ("train", "dev", "test")}
    assert first.names.tolist() == again.names.tolist()


def test_unknown_kinds_and_options_are_refused(tmp_path):
    """A kind or an option that does not exist is named before anything is read."""
    with pytest.raises(RecipeInvalid, match="unknown kind 'mnits'"):
        load(Data("mnits"), tmp_path)
    with pytest.raises(RecipeInvalid, match="sides"):
        load(Data("folder", options={"sides": 3}), tmp_path)


def test_what_can_be_fetched_can_be_loaded():
    """Every set of the workbench that `fetch` offers has a loader."""
    assert {"mnist", "cifar10", "cifar100", "imagenette", "lfw", "att"} <= set(fetch.SETS) & set(LOADERS)


def test_a_set_at_hand_is_taken_over(tmp_path):
    """A folder and a zip are copied to where the loader looks, MNIST unpacked; a second time nothing is overwritten."""
    write_pictures(tmp_path / "mine", ["s1", "s2"], 2, mode="L")
    write_idx(tmp_path / "digits" / "train-labels-idx1-ubyte.gz", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "digits.zip", "w") as archive:
        archive.write(tmp_path / "digits" / "train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte.gz")
    out = tmp_path / "data"
    fetch.fetch_set("att", out, tmp_path / "mine")
    fetch.fetch_set("mnist", out, tmp_path / "digits.zip")
    fetch.fetch_set("kaggle", out, tmp_path / "digits.zip")
    assert {"att_faces", "mnist", "face-recognition-dataset.zip"} == {path.name for path in out.iterdir()}
    assert (out / "mnist" / "train-labels-idx1-ubyte.gz").is_file()
    with pytest.raises(ManifestInvalid, match="is there already"):
        fetch.fetch_set("att", out, tmp_path / "mine")


def test_what_cannot_be_fetched_is_one_line(tmp_path, monkeypatch):
    """Without a network, from a place that is not there, or for a set that does not exist: one line each."""

    def offline(_):
        raise OSError("<urlopen error: no route to host>")

    sources = {**fetch.SETS, "mnist": fetch.Source("torchvision", offline, "mnist")}
    monkeypatch.setattr(fetch, "SETS", sources)
    with pytest.raises(FetchFailed, match="no route to host"):
        fetch.fetch_set("mnist", tmp_path)
    with pytest.raises(DataMissing, match="no such folder or zip"):
        fetch.fetch_set("att", tmp_path, tmp_path / "nowhere")
    with pytest.raises(DataMissing, match="expected one of"):
        fetch.fetch_set("cifar11", tmp_path)


def test_shared_sets(shared_data):
    """The research folder's copies are read whole: nothing left out, splits as published."""
    att = load(Data("att"), shared_data)
    assert (400, 40, 0) == (len(att), len(att.classes), len(att.left_out))
    cifar = load(Data("cifar10"), shared_data)
    assert {"train": 2560, "dev": 640, "test": 800} == {s: len(cifar.rows(s)) for s in ("train", "dev", "test")}


def test_people_not_asked_for_are_dropped_from_one_file(tmp_path, monkeypatch):
    """Scikit-learn's file holds everybody: those outside `people` go, the others keep names, photos and split."""
    from types import SimpleNamespace

    from sklearn import datasets

    (tmp_path / "olivetti_py3.pkz").write_bytes(b"")
    images = np.repeat(np.linspace(0, 1, 400), 16).reshape(400, 4, 4)
    bunch = SimpleNamespace(images=images, target=np.repeat(np.arange(40), 10))
    monkeypatch.setattr(datasets, "fetch_olivetti_faces", lambda **_: bunch)
    everyone = load(Data("att", options={"side": 4}), tmp_path)
    some = load(Data("att", options={"side": 4, "people": [9, 30]}), tmp_path)
    rows = np.flatnonzero(np.isin(np.array(everyone.classes)[everyone.labels], some.classes))
    assert {f"s{i}" for i in range(9, 31)} == set(some.classes)
    assert everyone.names[rows].tolist() == some.names.tolist()
    assert np.array_equal(everyone.pixels[rows], some.pixels)
    assert everyone.splits[rows].tolist() == some.splits.tolist()

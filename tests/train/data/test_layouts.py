"""Archives of identities as people publish them: who is on which picture, and no photo twice."""

import io
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from train.data import fetch
from train.data.layouts import by_folder, identities
from train.data.load import load
from train.errors import DataMissing, FetchFailed, RecipeInvalid
from train.recipe import Data, load_recipe

RECIPES = Path(__file__).resolve().parents[3] / "train" / "recipes"
PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Kurt Gödel", "Émilie du Châtelet", "Al-Khwarizmi", "Li Bai")


def photo(path, side, seed):
    """A generated picture; larger ones have more bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def numbered(tmp_path):
    """As stoicstatic/face-recognition-dataset: numbered people, faces cut out beside the photos that they are from."""
    for person in range(10):
        for i in range(4):
            photo(tmp_path / "Face Data" / "Face Dataset" / str(person) / f"{i}.jpg", 60, i)
            if i < 3:  # a detector misses some
                photo(tmp_path / "Extracted Faces" / "Extracted Faces" / str(person) / f"{i}.jpg", 20, i)
    return tmp_path


@pytest.fixture
def named(tmp_path):
    """As vasukipatel/face-recognition-dataset: folders of photos, faces in one folder named by their files, a list."""
    lines = ["id,label"]
    for person in PEOPLE:
        for i in range(3):
            photo(tmp_path / "Original Images" / "Original Images" / person / f"{person}_{i}.jpg", 60, i)
            photo(tmp_path / "Faces" / "Faces" / f"{person}_{i}.jpg", 20, i)
            lines.append(f"{person}_{i}.jpg,{person}")
    (tmp_path / "Dataset.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def zipped(folder, target, top=""):
    """With entries of folders, as most programs write them, all below `top` where one is given."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, Path(top, path.relative_to(folder)).as_posix())
    return target


@pytest.fixture
def untidy(named):
    """The same as it comes from people's machines: `.JPG`, other capitals, a Mac's accents, litter, damage, a stray."""
    faces, photos = (named / part / part for part in ("Faces", "Original Images"))
    (faces / "Ada Lovelace_0.jpg").rename(faces / "Ada Lovelace_0.JPG")
    (faces / "Grace Hopper_1.jpg").rename(faces / "grace hopper_1.Jpg")
    (photos / "Alan Turing").rename(photos / "ALAN TURING")
    accented = photos / "Émilie du Châtelet"
    accented.rename(accented.with_name(unicodedata.normalize("NFD", accented.name)))
    for place in (faces, photos / "Li Bai", named / "__MACOSX" / "Faces" / "Faces"):
        photo(place / "._Li Bai_0.jpg", 20, 0)
        (place / ".DS_Store").write_bytes(b"Bud1")
    (faces / "Kurt Gödel_2.jpg").write_bytes(b"")
    photo(faces / "everybody.jpg", 20, 9)
    return named


def identities_in(root, **options):
    return load(Data("identities", options={"side": 8, "places": ["."], **options}), root)


def test_cut_faces_beside_their_photos(numbered, capsys):
    """Ten people with three cut faces each; the photos that they were cut from are set aside, and that is said."""
    pictures = identities_in(numbered)
    assert (30, 10) == (len(pictures), len(pictures.classes))
    assert all(name.startswith("Extracted Faces/") for name in pictures.names)
    assert ["Face Data/Face Dataset"] == [item.name for item in pictures.left_out]
    said = " ".join(capsys.readouterr().err.split())
    assert "40 pictures, the same photos as in Extracted Faces/Extracted Faces" in said


def test_faces_named_by_their_files(named):
    """In one folder of NAME_1.jpg, NAME_2.jpg the people are the names; the list and the photos are not needed."""
    pictures = identities_in(named)
    assert tuple(sorted(PEOPLE)) == pictures.classes
    assert [3] * len(PEOPLE) == np.bincount(pictures.labels).tolist()
    assert all(name.startswith("Faces/Faces/") for name in pictures.names)
    assert ["Original Images/Original Images"] == [item.name for item in pictures.left_out]


def test_people_of_both_readings_are_the_same(named):
    """The folders of photos, asked for by name, give the people that the file names give."""
    pictures = identities_in(named, tree="Original Images")
    assert tuple(sorted(PEOPLE)) == pictures.classes
    assert () == pictures.left_out
    with pytest.raises(RecipeInvalid, match="no tree 'Photos'; there are Faces/Faces, Original Images"):
        identities_in(named, tree="Photos")


@pytest.mark.parametrize("top", ["", "archive", "Face Recognition Dataset/train"])
def test_numbered_people_from_a_zip(numbered, tmp_path_factory, top):
    """Below one top folder or none, litter of a Mac passed over: the same cut faces, and each damaged one counted."""
    cut = numbered / "Extracted Faces" / "Extracted Faces"
    whole = (cut / "3" / "0.jpg").read_bytes()
    (cut / "3" / "0.jpg").write_bytes(whole[: len(whole) // 2])
    (cut / "4" / "1.jpg").write_bytes(b"")
    photo(numbered / "__MACOSX" / "Extracted Faces" / "Extracted Faces" / "5" / "._0.jpg", 20, 0)
    (cut / "5" / ".DS_Store").write_bytes(b"Bud1")
    archive = zipped(numbered, tmp_path_factory.mktemp("zip") / "archive.zip", top)
    pictures = identities_in(archive)
    assert (28, 10) == (len(pictures), len(pictures.classes))
    reasons = {item.name.removeprefix(f"{top}/"): item.reason for item in pictures.left_out}
    assert {
        "Face Data/Face Dataset", "Extracted Faces/Extracted Faces/3/0.jpg", "Extracted Faces/Extracted Faces/4/1.jpg"
    } == set(reasons)  # fmt: skip
    assert "empty file" == reasons["Extracted Faces/Extracted Faces/4/1.jpg"]


@pytest.mark.parametrize("top", ["", "archive"])
def test_named_people_from_a_zip(untidy, tmp_path_factory, top):
    """Capitals, `.JPG`, accents as a Mac has them and spaces make no second person; what is left out is listed."""
    archive = zipped(untidy, tmp_path_factory.mktemp("zip") / "archive.zip", top)
    pictures = identities_in(archive)
    assert tuple(sorted(PEOPLE)) == pictures.classes
    assert [3 - (name == "Kurt Gödel") for name in sorted(PEOPLE)] == np.bincount(pictures.labels).tolist()
    reasons = {item.name.removeprefix(f"{top}/"): item.reason for item in pictures.left_out}
    assert {
        "Faces/Faces/everybody.jpg": "not called NAME_1 like the others",
        "Faces/Faces/Kurt Gödel_2.jpg": "empty file",
        "Original Images/Original Images": f"21 pictures, the same photos as in {Path(top, 'Faces/Faces').as_posix()}",
    } == reasons


@pytest.mark.parametrize("part", ["Faces/Faces", "Original Images/Original Images"])
def test_one_folder_zipped_alone(named, tmp_path_factory, part):
    """What lies in either folder, zipped without it, gives the same people: there is no folder around them."""
    pictures = identities_in(zipped(named / part, tmp_path_factory.mktemp("zip") / "archive.zip"))
    assert (21, tuple(sorted(PEOPLE)), ()) == (len(pictures), pictures.classes, pictures.left_out)


def test_a_damaged_member_of_a_zip_is_counted(numbered, tmp_path_factory):
    """Bytes altered inside the archive cost that picture alone, and it is named with the reason."""
    broken = numbered / "Extracted Faces" / "Extracted Faces" / "7" / "1.jpg"
    photo(broken, 20, 77)
    archive = zipped(numbered, tmp_path_factory.mktemp("zip") / "archive.zip")
    content = broken.read_bytes()
    archive.write_bytes(archive.read_bytes().replace(content, content[:-40] + bytes(40)))
    pictures = identities_in(archive)
    assert 29 == len(pictures)
    assert {"Extracted Faces/Extracted Faces/7/1.jpg": "damaged in the archive"} == {
        item.name: item.reason for item in pictures.left_out if item.name.endswith(".jpg")
    }


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_accents_of_a_zip_without_the_mark(tmp_path, encoding):
    """Names are read right where an archive does not say that they are UTF-8, as a Mac's, or has the old code page."""
    written, placed = "Kurt Gödel".encode(encoding), b"Kurt G" + b"~" * len("ö".encode(encoding)) + b"del"
    picture = io.BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "png")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for person in (placed.decode("ascii"), "Ada", "Alan"):
            for i in range(2):
                archive.writestr(f"Faces/{person}_{i}.png", picture.getvalue())
    content = (tmp_path / "archive.zip").read_bytes()
    (tmp_path / "archive.zip").write_bytes(content.replace(placed, written))
    pictures = identities_in(tmp_path / "archive.zip")
    assert (("Ada", "Alan", "Kurt Gödel"), ()) == (pictures.classes, pictures.left_out)


@pytest.mark.parametrize("recipe", ["faces-triplet", "faces-contrastive"])
def test_a_downloaded_zip_is_taken_over_and_found(numbered, tmp_path_factory, recipe):
    """`fetch kaggle --from archive.zip`, then the recipe as it ships: people of the zip, none on both sides."""
    data = tmp_path_factory.mktemp("data")
    fetch.fetch_set("kaggle", data, zipped(numbered, tmp_path_factory.mktemp("zip") / "archive.zip"))
    pictures = load(load_recipe(RECIPES / f"{recipe}.toml").data, data)
    assert (30, 10) == (len(pictures), len(pictures.classes))
    sides = [set(pictures.labels[pictures.rows(split)].tolist()) for split in ("train", "dev", "test")]
    assert 10 == sum(map(len, sides)) == len(set.union(*sides))


def test_train_and_test_folders_are_no_twins():
    """The same file names below train and test are different photos: all of them count."""
    names = [f"{split}/ada/{i}.jpg" for split in ("train", "test") for i in range(3)]
    assert dict.fromkeys(names, "ada") == dict(sorted(identities(names, len).people.items(), reverse=True))


def test_both_trees_below_one_split_are_twins():
    """Cut faces and photos that lie below one folder named train hold the same photos all the same."""
    names = [f"train/{kind}/{person}/{i}.jpg" for kind in ("cut", "whole") for person in "ab" for i in range(3)]
    chosen = identities(names, lambda name: 9 if "whole" in name else 1)
    assert {name for name in names if "cut" in name} == set(chosen.people)
    assert ["train/whole"] == [item.name for item in chosen.left_out]


def test_photos_of_two_years_are_no_twins():
    """The same people in two trees with other files are all kept."""
    names = [f"{year}/{person}/{year}-{i}.jpg" for year in (2023, 2024) for person in ("ada", "bob") for i in range(3)]
    assert sorted(names) == sorted(identities(names, len).people)


def test_one_person_in_one_folder_stays_one():
    """Files ada_1, ada_2 in the folder ada beside bob's are ada's; a folder of one name is no list of people."""
    names = ["ada/ada_1.jpg", "ada/ada_2.jpg", "bob/x_1.jpg", "bob/y_1.jpg"]
    assert ["ada", "ada", "bob", "bob"] == [identities(names, len).people[name] for name in names]
    alone = ["ada/ada_1.jpg", "ada/ada_2.jpg"]
    assert dict.fromkeys(alone, "ada") == dict(identities(alone, len).people)


def test_loose_pictures_are_left_out():
    """A picture that lies in no folder belongs to nobody and is listed."""
    for layout in (by_folder, identities):
        chosen = layout(["ada/1.jpg", "ada/2.jpg", "poster.jpg"], len)
        assert {"ada/1.jpg", "ada/2.jpg"} == set(chosen.people)
        assert ["poster.jpg"] == [item.name for item in chosen.left_out]


def test_what_kagglehub_raises_is_one_line(tmp_path, monkeypatch):
    """Refused credentials, a set that is gone, or no network: one line with Kaggle's reason and the way around."""
    kagglehub = pytest.importorskip("kagglehub", reason="kagglehub is not installed")
    from kagglehub import exceptions

    for error in (
        exceptions.UnauthenticatedError(), exceptions.NotFoundError("gone"), exceptions.BackendError("down\nlater"),
        exceptions.DataCorruptionError("sum"), OSError("no route to host"),
    ):  # fmt: skip

        def fail(_, error=error):
            raise error

        monkeypatch.setattr(kagglehub, "dataset_download", fail)
        with pytest.raises(FetchFailed, match=r"stoicstatic/face-recognition-dataset: .") as raised:
            fetch.fetch_set("kaggle", tmp_path)
        assert "\n" not in str(raised.value)
        assert "--from" in raised.value.help


def test_what_kagglehub_downloads_is_taken_over(numbered, tmp_path_factory, monkeypatch):
    """The folder that kagglehub downloads to is copied to where the recipes look."""
    kagglehub = pytest.importorskip("kagglehub", reason="kagglehub is not installed")
    data = tmp_path_factory.mktemp("data")
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(numbered) if "/" in handle else None)
    fetch.fetch_set("kaggle", data)
    assert 30 == len(load(load_recipe(RECIPES / "faces-triplet.toml").data, data))


def test_a_cut_archive_says_so(numbered, tmp_path_factory):
    """A zip whose end is missing is named with what to do; a folder without pictures, too."""
    folder = tmp_path_factory.mktemp("cut")
    whole = zipped(numbered, folder / "whole.zip")
    (folder / "face-recognition-dataset.zip").write_bytes(whole.read_bytes()[:-400])
    whole.unlink()
    with pytest.raises(DataMissing, match=r"face-recognition-dataset\.zip: neither a folder nor a zip archive"):
        load(Data("identities"), folder)
    with pytest.raises(DataMissing, match="no readable picture"):
        load(Data("identities"), tmp_path_factory.mktemp("empty"))

"""Archives of identities as people publish them: who is on which picture, and no photo twice."""

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


def zipped(folder, target):
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target


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

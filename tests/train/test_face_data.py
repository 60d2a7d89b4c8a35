"""The face manifest: test people refused, unreadable rows named, one cache."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from train.data.faces import load_faces
from train.data.heldout import canonical, heldout_people, refuse_heldout
from train.errors import DataMissing, ManifestInvalid, TestPersonRefused

HEADER = "set,file,person,split,age,gender,race\n"
ROWS = [
    "lfw,A/1.webp,lfw:Some_One,train,,,",
    "lfw,A/2.webp,lfw:Some_One,train,,,",
    "pins,B/1.webp,pins:some one,dev,,,",
    "aaf,c.webp,,train,7,Male,",
]


def make_set(folder, rows=ROWS, *, leave_out=(), damaged=()):
    random = np.random.default_rng(1)
    (folder / "faces.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    for name in {row.split(",")[0] for row in rows}:
        with zipfile.ZipFile(folder / f"faces_{name}.zip", "w") as archive:
            for member in {row.split(",")[1] for row in rows if row.startswith(name)} - set(leave_out):
                data = io.BytesIO()
                Image.fromarray(random.integers(0, 256, (128, 128, 3), dtype=np.uint8)).save(data, "WEBP")
                archive.writestr(member, b"RIFFbroken" if member in damaged else data.getvalue())
    return folder


def test_loading(tmp_path):
    """Labels, splits and unlabelled rows; a name in two sets is one person, and dev in one set is dev in both."""
    pictures = load_faces(make_set(tmp_path))
    assert pictures.pixels.shape == (4, 128, 128, 3)
    assert pictures.labels.tolist() == [0, 0, 0, -1]
    assert pictures.splits.tolist() == ["dev", "dev", "dev", "train"]
    again = load_faces(tmp_path)
    assert (again.pixels == pictures.pixels).all()


def test_a_test_person_is_refused(tmp_path):
    """A manifest with a person of the test list is refused by name, or the rows are set aside on demand."""
    rows = [*ROWS, "pins,D/1.webp,pins:Tom_Cruise,train,,,"]
    make_set(tmp_path, rows)
    with pytest.raises(TestPersonRefused, match="Tom_Cruise"):
        load_faces(tmp_path)
    assert load_faces(tmp_path, drop_heldout=True).splits.tolist()[-1] == "test"


def test_names_are_compared_without_case_and_accents():
    """Spelling variants of a test person's name are the same person."""
    name = next(iter(sorted(heldout_people())))
    assert len(heldout_people()) == 1711
    assert canonical("lfw:Al_Pacino") == canonical("al  PACINO") == canonical("Ál Pacino")
    with pytest.raises(TestPersonRefused):
        refuse_heldout([name.upper()], "somewhere")


def test_a_missing_picture_names_its_row(tmp_path):
    """A row whose file is not in the archive."""
    with pytest.raises(ManifestInvalid, match="row 3"):
        load_faces(make_set(tmp_path, leave_out=["A/2.webp"]))


def test_an_unreadable_picture_names_its_row(tmp_path):
    """A row whose file is damaged."""
    with pytest.raises(ManifestInvalid, match="row 5"):
        load_faces(make_set(tmp_path, damaged=["c.webp"]))


def test_a_missing_archive_or_manifest(tmp_path):
    """What is looked for is named."""
    with pytest.raises(DataMissing, match=r"faces\.csv"):
        load_faces(tmp_path)
    make_set(tmp_path)
    (tmp_path / "faces_aaf.zip").unlink()
    with pytest.raises(DataMissing, match=r"faces_aaf\.zip"):
        load_faces(tmp_path)


def test_a_manifest_without_its_columns(tmp_path):
    """A header that lacks columns."""
    (tmp_path / "faces.csv").write_text("set,file\n", encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="person"):
        load_faces(tmp_path)

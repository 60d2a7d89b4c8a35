"""The face manifest: test people refused, unreadable rows named, one cache."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from train.data.faces import cache_folder, load_faces
from train.data.heldout import canonical, heldout_people, refuse_heldout
from train.errors import DataMissing, ManifestInvalid, TestPersonRefused
from train.measure import testsets

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


def test_test_people_under_other_names(tmp_path):
    """A test person whom another set numbers is refused, too; a photo that may show one is set aside with them."""
    rows = [*ROWS, "vggface2,D/1.webp,vggface2:n000029,train,,,", "fairface,t1018.webp,,train,,,"]
    make_set(tmp_path, rows)
    with pytest.raises(TestPersonRefused, match="n000029"):
        load_faces(tmp_path)
    assert load_faces(tmp_path, drop_heldout=True).splits.tolist()[-3:] == ["train", "test", "test"]


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


def unpacked(folder, name):
    with zipfile.ZipFile(folder / f"faces_{name}.zip") as archive:
        archive.extractall(folder / f"faces_{name}")
    (folder / f"faces_{name}.zip").unlink()


def test_crops_in_folders_read_like_those_in_zips(tmp_path):
    """A set's crops may lie in a zip or in a folder of the same name; a folder that is not there is a missing zip."""
    zipped = load_faces(make_set(tmp_path))
    for name in ("lfw", "aaf"):
        unpacked(tmp_path, name)
    assert np.array_equal(zipped.pixels, load_faces(tmp_path).pixels)
    (tmp_path / "faces_lfw" / "A" / "2.webp").unlink()
    with pytest.raises(ManifestInvalid, match="row 3"):
        load_faces(tmp_path)


def test_names_do_not_lead_out_of_a_set(tmp_path):
    """A row that names a file outside the set's folder is refused by its number."""
    make_set(tmp_path)
    unpacked(tmp_path, "aaf")
    rows = [*ROWS[:3], "aaf,../faces_lfw.zip,,train,,,"]
    (tmp_path / "faces.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="row 5 of the manifest cannot be read: leads out"):
        load_faces(tmp_path)


def test_another_manifest_beside_the_crops(tmp_path):
    """A manifest is read by its own name, too, from the crops beside it."""
    make_set(tmp_path)
    (tmp_path / "fewer.csv").write_text(HEADER + ROWS[3] + "\n", encoding="utf-8")
    fewer = load_faces(tmp_path / "fewer.csv")
    assert ["aaf/c.webp"] == fewer.names.tolist()
    assert np.array_equal(load_faces(tmp_path).pixels[3:], fewer.pixels)


def test_changed_crops_are_decoded_anew(tmp_path):
    """The same list over other pictures is another set: neither cache nor digest is shared."""
    first = load_faces(make_set(tmp_path))
    kept = np.array(first.pixels)
    with zipfile.ZipFile(tmp_path / "faces_aaf.zip", "w") as archive:
        data = io.BytesIO()
        Image.new("RGB", (128, 128), "white").save(data, "WEBP")
        archive.writestr("c.webp", data.getvalue())
    second = load_faces(tmp_path)
    assert first.digest != second.digest
    assert np.array_equal(kept[:3], second.pixels[:3])
    assert 255 == second.pixels[3].min()


def test_nothing_half_decoded_is_left(tmp_path):
    """A set that cannot be read leaves no unfinished file in the cache."""
    with pytest.raises(ManifestInvalid):
        load_faces(make_set(tmp_path, damaged=["c.webp"]))
    assert [] == list(cache_folder().iterdir())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEADER, "no rows"),
        (HEADER + "lfw,A/1.webp,lfw:X\n", "row 2 has too few"),
        (HEADER + ROWS[0] + "\n" + "lfw\n", "row 3"),
    ],
)
def test_a_manifest_that_breaks_off(tmp_path, text, match):
    """A list without rows, or with a row cut short, is one line with the row's number."""
    (tmp_path / "faces.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestInvalid, match=match):
        load_faces(tmp_path)


def test_a_manifest_in_another_encoding(tmp_path):
    """Bytes that are no UTF-8 are one line."""
    (tmp_path / "faces.csv").write_bytes(HEADER.encode() + "lfw,A/1.webp,lfw:Ren\u00e9,train,,,\n".encode("latin-1"))
    with pytest.raises(ManifestInvalid, match="UTF-8"):
        load_faces(tmp_path)


def test_names_in_other_scripts_stay_apart():
    """People whose names have no Latin letter are not all one nameless person."""
    assert canonical("lfw:\u674e_\u96f7") != canonical("lfw:\u738b_\u82b3") != ""
    assert canonical("\u0418\u0432\u0430\u043d_1") == canonical("\u0438\u0432\u0430\u043d 1")


def test_test_crops_belong_to_a_detector(tmp_path, monkeypatch, astronaut):
    """Test pictures are detected once, and anew when the detector or aligner has changed; no face is a miss."""
    data = io.BytesIO()
    Image.fromarray(astronaut[:256, 96:352]).save(data, "PNG")
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        archive.writestr("Eileen_Collins/1.png", data.getvalue())
        data = io.BytesIO()
        Image.new("RGB", (64, 64)).save(data, "PNG")
        archive.writestr("Nobody/1.png", data.getvalue())
    first = testsets.test_crops(tmp_path / "test.zip")
    assert [True, False] == first.found.tolist()
    assert not first.crops[1].any()
    assert np.array_equal(first.crops, testsets.test_crops(tmp_path / "test.zip").crops)
    assert 1 == len(list(cache_folder().iterdir()))
    monkeypatch.setattr(testsets, "way", lambda: "another")
    testsets.test_crops(tmp_path / "test.zip")
    assert 2 == len(list(cache_folder().iterdir()))

"""The card beside an encoder, and that it never tells another network's figures."""

import json

import numpy as np
import pytest

from enroll.card import load_card
from enroll.errors import EncoderMissing
from train.errors import FiguresForeign
from train.score.openset import Level
from train.ship.cards import install, record_figures, sealed, write_card

MODEL = {
    "people": 2,
    "pairs": 9,
    "quantiles": [[0.5, 0.0]],
    "tail": {"start": 0.1, "rate": 1e-3, "shape": 0.0, "scale": 0.03},
}


def made(folder, content=b"onnx", level=None):
    folder.mkdir(exist_ok=True)
    (folder / "encoder.onnx").write_bytes(content)
    facts = {"id": "tiny", "score_model": MODEL, "figures": {}}
    cohort = np.eye(4, dtype=np.float16)
    write_card(folder, facts, cohort=cohort, k=2, mirror=True, cohort_source="made", cameras=1, level=level)
    return folder


def raw_card(folder):
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def test_the_card_is_the_products(tmp_path):
    """A written card is read back by the product, sealed to the files beside it."""
    card = load_card(made(tmp_path))
    assert ("tiny", 4, 2, True) == (card.id, card.embedding, card.cohort_k, card.mirror)
    assert 4 == raw_card(tmp_path)["encoder"]["bytes"]
    assert 1 == raw_card(tmp_path)["cohort"]["cameras"]


def test_a_level_is_written_or_not(tmp_path):
    """What cohort means are measured from is in the card as the product reads it; without one nothing is."""
    card = load_card(made(tmp_path, level=Level(3, 0.5, 0.25)))
    assert (0.25, (3, 0.5)) == (card.cohort_floor, card.cohort_centre)
    card = load_card(made(tmp_path))
    assert (None, None) == (card.cohort_floor, card.cohort_centre)
    assert {"floor", "centre"}.isdisjoint(raw_card(tmp_path)["cohort"])


def test_figures_go_only_into_the_card_they_were_measured_on(tmp_path):
    """An encoder exported anew while the old one was measured refuses the old one's figures."""
    figures = {"name": "tiny", "measured": sealed(raw_card(made(tmp_path)))}
    record_figures(tmp_path, figures)
    assert figures == raw_card(tmp_path)["figures"]
    made(tmp_path, b"another")
    with pytest.raises(FiguresForeign):
        record_figures(tmp_path, figures)
    assert {} == raw_card(tmp_path)["figures"]


def test_an_install_that_breaks_off_leaves_no_card(tmp_path):
    """A folder half replaced is no encoder, so its former figures stand beside no other file."""
    to = made(tmp_path / "shipped")
    record_figures(to, {"measured": sealed(raw_card(to))})
    new = made(tmp_path / "new", b"another")
    (new / "cohort.npy").unlink()
    with pytest.raises(FileNotFoundError):
        install(new, to)
    with pytest.raises(EncoderMissing):
        load_card(to)
    install(made(tmp_path / "new", b"another"), to)
    assert {} == raw_card(to)["figures"]
    assert ["card.json", "cohort.npy", "encoder.onnx"] == sorted(entry.name for entry in to.iterdir())

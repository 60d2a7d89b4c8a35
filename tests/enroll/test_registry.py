"""Stages by name: what ships, what others register, and what becomes of names that nobody knows."""

from pathlib import Path

import pytest

from enroll import registry
from enroll.detectors.finder import FaceFinder
from enroll.encoder import OnnxEncoder
from enroll.errors import EncoderMissing, PartUnknown
from enroll.pipeline import open_pipeline, pipeline_id
from enroll.registry import (
    MODELS,
    Options,
    encoder_card,
    encoder_folder,
    names,
    open_detector,
    open_encoder,
    open_screen,
    register,
)
from enroll.stages import Screened


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """What a test registers is known to that test alone."""
    monkeypatch.setattr(registry, "_REGISTERED", {})


class Blink:
    """A screen that has nothing to say."""

    id = "blink-1"
    stages = frozenset({"check"})

    def look(self, sight, stage) -> Screened:  # noqa: ARG002 - the seam's signature
        return Screened()

    def watch(self, looks) -> Screened:  # noqa: ARG002 - the seam's signature
        return Screened()


def test_what_ships_is_known_by_name():
    """Without a registration there are the detector, the screen of quality and both encoders."""
    assert (["default"], ["quality"], ["default", "fast"]) == tuple(map(names, ("detector", "screen", "encoder")))
    assert isinstance(open_detector("default", Options(1, 0.6)), FaceFinder)
    assert isinstance(open_encoder("fast", Options(1)), OnnxEncoder)


def test_a_pipeline_is_opened_of_registered_parts(fake_detector, fake_encoder):
    """Detector, screens and encoder that a program registered are what a pipeline opened by their names consists of."""
    told = []
    screen, detector = Blink(), fake_detector([])
    register("screen", "blink", lambda options: told.append(options) or screen)
    register("detector", "found", lambda _: detector)
    register("encoder", "quarters", lambda _: fake_encoder)
    options = {"threads": 1, "detector_min_score": 0.7}
    pipeline = open_pipeline("quarters", detector="found", screens=["quality", "blink"], **options)
    assert (detector, fake_encoder, (screen,)) == (pipeline.detector, pipeline.encoder, pipeline.screens)
    assert [Options(1, 0.7)] == told
    assert "blink" in names("screen")


def test_a_name_belongs_to_one_part():
    """A name that ships or was registered is not given a second time; another kind may have it."""
    register("screen", "blink", lambda _: Blink())
    for kind, name in (("screen", "blink"), ("screen", "quality"), ("detector", "default"), ("encoder", "fast")):
        with pytest.raises(ValueError, match="taken"):
            register(kind, name, lambda _: None)
    register("encoder", "blink", lambda _: None)


@pytest.mark.parametrize(("kind", "name"), [("camera", "x"), ("screen", ""), ("encoder", "a/b"), ("encoder", "~me")])
def test_what_is_no_name_is_refused(kind, name):
    """Another kind, and a name that a path could be, are refused at once."""
    with pytest.raises(ValueError, match="expected"):
        register(kind, name, lambda _: None)


def test_unknown_names_say_which_are_known():
    """A detector or screen that nobody knows is named, with those that there are."""
    register("screen", "blink", lambda _: Blink())
    with pytest.raises(PartUnknown, match="blnk: there is no screen of this name; known are quality, blink"):
        open_screen("blnk")
    with pytest.raises(PartUnknown, match="there is no detector of this name; known are default"):
        open_pipeline("fast", threads=1, detector="found")


def test_an_encoder_is_found_by_name_or_folder(monkeypatch, tmp_path):
    """A plain name is that of a shipped encoder, anything else a folder, in which ~ is the user's own."""
    assert MODELS / "fast" == encoder_folder("fast")
    assert Path.home() / "enc" == encoder_folder("~/enc")
    assert tmp_path == encoder_folder(tmp_path)
    for name in ("", ".", "..", "../default", "other"):
        assert Path(name) == encoder_folder(name)

    def unknown(*_, **__):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(Path, "expanduser", unknown)
    with pytest.raises(EncoderMissing, match="home folder that ~ stands for is not known"):
        encoder_folder("~nobody/enc")


def test_a_pipelines_id_is_told_without_loading_it(monkeypatch):
    """The id from the cards alone is that of the pipeline that opens; no model is loaded for it."""
    opened = open_pipeline("fast", threads=1)
    monkeypatch.setattr("enroll._sealed.open_session", None)
    assert opened.id == pipeline_id("fast") == pipeline_id(MODELS / "fast")
    assert pipeline_id().endswith(f"+{encoder_card().id}")


def test_the_id_of_a_registered_pipeline(fake_detector, fake_encoder):
    """With registered parts, too, the id told is that of the pipeline that opens."""
    register("detector", "found", lambda _: fake_detector([]))
    fake_encoder.card = fake_encoder
    register("encoder", "quarters", lambda _: fake_encoder)
    opened = open_pipeline("quarters", threads=1, detector="found")
    assert opened.id == pipeline_id("quarters", detector="found")
    assert ("found-1", "fake-1") == (opened.id.split("+")[0], opened.id.split("+")[-1])

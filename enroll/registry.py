"""Detectors, screens and encoders by name: those that ship, those in a folder, and those that others register.

    from enroll import register
    register("screen", "blink", lambda options: BlinkScreen(options.threads))

From then on `open_pipeline(screens=["blink"])` asks it. A plain function, called once where a program begins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from enroll.errors import EncoderMissing, PartUnknown

if TYPE_CHECKING:
    from enroll.card import EncoderCard
    from enroll.encoder import OnnxEncoder
    from enroll.stages import Detector, Encoder, Screen

Kind = Literal["detector", "screen", "encoder"]
KINDS: Final = ("detector", "screen", "encoder")
MODELS: Final = Path(__file__).parent / "models"
DEFAULT: Final = "default"
QUALITY: Final = "quality"


@dataclass(frozen=True, slots=True)
class Options:
    """What a factory is told: `threads` (0: the cores at hand), and the least confidence of a face (None: its own)."""

    threads: int = 0
    detector_min_score: float | None = None


Factory = Callable[[Options], Any]

_REGISTERED: Final[dict[tuple[str, str], Factory]] = {}


def register(kind: Kind, name: str, factory: Factory) -> None:
    """Make a detector, screen or encoder known by `name`; `factory` makes one from `Options` each time it is asked for.

    Raises `ValueError` for another kind, for a name that holds a path, and for one that is taken.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not _is_plain(name):
        raise ValueError(f"name: expected a plain name, got {name!r}")
    if (kind, name) in _REGISTERED or name in _shipped(kind):
        raise ValueError(f"{kind} {name!r}: this name is taken")
    _REGISTERED[kind, name] = factory


def names(kind: Kind) -> list[str]:
    """Return the names that `kind` may be asked for by, those that ship first."""
    return [*_shipped(kind), *(name for held, name in _REGISTERED if held == kind)]


def open_detector(name: str = DEFAULT, options: Options | None = None) -> "Detector":
    """Load a detector by name; raises `PartUnknown` or a `DetectorError`."""
    options = options or Options()
    if name == DEFAULT:
        from enroll.detectors.finder import FaceFinder

        return FaceFinder(options.detector_min_score, options.threads)
    detector: Detector = _factory("detector", name)(options)
    return detector


def open_screen(name: str, options: Options | None = None) -> "Screen":
    """Make a screen by name; raises `PartUnknown`."""
    screen: Screen = _factory("screen", name)(options or Options())
    return screen


def open_encoder(name_or_folder: str | Path = DEFAULT, options: Options | None = None) -> "Encoder":
    """Load an encoder that is registered or ships by name, or any other by its folder; raises an `EncoderError`."""
    options = options or Options()
    factory = _REGISTERED.get(("encoder", str(name_or_folder)))
    if factory is not None:
        encoder: Encoder = factory(options)
        return encoder
    return load_encoder(name_or_folder, options.threads)


def load_encoder(name_or_folder: str | Path = DEFAULT, threads: int = 0) -> "OnnxEncoder":
    """Load an encoder that ships with the package by name, or any other by its folder; raises an `EncoderError`."""
    from enroll.encoder import OnnxEncoder

    return OnnxEncoder(encoder_folder(name_or_folder), threads)


def encoder_card(name_or_folder: str | Path = DEFAULT) -> "EncoderCard":
    """Return the card of the encoder that `open_encoder` loads; only one that is registered is loaded for it."""
    from enroll.card import load_card

    if ("encoder", str(name_or_folder)) in _REGISTERED:
        return open_encoder(name_or_folder, Options(threads=1)).card
    return load_card(encoder_folder(name_or_folder))


def encoder_folder(name_or_folder: str | Path = DEFAULT) -> Path:
    """Return the folder of an encoder: a shipped one by name, any other by its path, in which `~` is understood.

    Raises `EncoderMissing` where nobody has the home folder that `~` stands for.
    """
    text = str(name_or_folder)
    shipped = MODELS / text
    if _is_plain(text) and shipped.is_dir():
        return shipped
    try:
        return Path(name_or_folder).expanduser()
    except (RuntimeError, OSError, KeyError) as problem:
        raise EncoderMissing(text, "the home folder that ~ stands for is not known") from problem


def _factory(kind: Kind, name: str) -> Factory:
    factory = _REGISTERED.get((kind, name))
    if factory is None:
        raise PartUnknown(name, f"there is no {kind} of this name; known are {', '.join(names(kind)) or 'none'}")
    return factory


def _shipped(kind: str) -> list[str]:
    if kind == "encoder":
        return sorted(file.parent.name for file in MODELS.glob("*/cohort.npy"))
    return [DEFAULT] if kind == "detector" else [QUALITY]


def _is_plain(text: str) -> bool:
    return text == Path(text).name and text not in {"", ".", ".."} and not text.startswith("~")

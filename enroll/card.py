"""The encoder's card: what the file beside it is, and which score means how many false matches."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from enroll.errors import CardInvalid, EncoderMissing
from enroll.limits import NO_LIMITS, CardLimits, parse_limits
from enroll.naming import joined

SCHEMA: Final = 1
CARD_FILE: Final = "card.json"
LOWEST_SCORE: Final = -2.0  # cosine -1 less cohort means of 1: every comparison scores above
LOWEST_FMR: Final = 1e-9  # a tail fitted to a million scores says nothing below
UPPER_END: Final = 1.96  # of a 95 % interval, in standard deviations
_SHAPE_IS_ZERO: Final = 1e-6
_SHA256_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class Tail:
    """Generalised Pareto tail of the non-mated scores above `start`, where the FMR is `rate`."""

    start: float
    rate: float
    shape: float
    scale: float

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < 1.0:
            raise ValueError(f"tail.rate: expected above 0 and below 1, got {self.rate}")
        if not self.scale > 0.0:
            raise ValueError(f"tail.scale: expected above 0, got {self.scale}")
        if not (math.isfinite(self.start) and math.isfinite(self.shape) and math.isfinite(self.scale)):
            raise ValueError("tail: expected finite numbers")

    def fmr(self, score: float) -> float:
        """Return the share of non-mated comparisons at `score` or above, for `score >= start`."""
        z = (score - self.start) / self.scale
        if abs(self.shape) < _SHAPE_IS_ZERO:
            return max(LOWEST_FMR, self.rate * math.exp(-z))
        base = 1.0 + self.shape * z
        if base <= 0.0:  # beyond the end point of a negative shape
            return LOWEST_FMR
        return max(LOWEST_FMR, self.rate * math.exp(-math.log(base) / self.shape))

    def score(self, fmr: float) -> float:
        """Return the score whose false match rate is `fmr`, for `fmr <= rate`."""
        ratio = max(fmr, LOWEST_FMR) / self.rate
        if abs(self.shape) < _SHAPE_IS_ZERO:
            return self.start - self.scale * math.log(ratio)
        return self.start + self.scale * math.expm1(-self.shape * math.log(ratio)) / self.shape


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """Which share of non-mated comparisons scores at least t: measured quantiles, then a fitted tail.

    `quantiles` are (FMR, score) pairs, FMR falling, scores rising, from `pairs` comparisons of `people`.
    """

    people: int
    pairs: int
    quantiles: tuple[tuple[float, float], ...]
    tail: Tail
    source: str = ""

    def __post_init__(self) -> None:
        if self.people < 1 or self.pairs < 1:
            raise ValueError(f"score model: expected people and pairs, got {self.people} and {self.pairs}")
        points = self._points()
        for (fmr_a, score_a), (fmr_b, score_b) in pairwise(points):
            if not (1.0 >= fmr_a > fmr_b > 0.0 and math.isfinite(score_b) and score_a < score_b):
                raise ValueError("quantiles: expected FMR falling from below 1 and scores rising")

    def _points(self) -> list[tuple[float, float]]:
        """Return the knots from FMR 1 down to where the tail takes over."""
        body = [point for point in self.quantiles if point[0] > self.tail.rate]
        return [(1.0, LOWEST_SCORE), *body, (self.tail.rate, self.tail.start)]

    def fmr(self, score: float) -> float:
        """Return the chance that one comparison of two different people scores at least `score`.

        Between quantiles the logarithm of the FMR is linear in the score; never below `LOWEST_FMR`.
        """
        if math.isnan(score):
            raise ValueError("score: expected a number, got NaN")
        if score >= self.tail.start:
            return self.tail.fmr(score)
        points = self._points()
        if score <= points[0][1]:
            return 1.0
        (fmr_a, score_a), (fmr_b, score_b) = next(pair for pair in pairwise(points) if score <= pair[1][1])
        share = (score - score_a) / (score_b - score_a)
        return math.exp((1 - share) * math.log(fmr_a) + share * math.log(fmr_b))

    def score_at(self, fmr: float) -> float:
        """Return the score at which one comparison matches falsely with that chance: the inverse of `fmr`."""
        if not 0.0 < fmr <= 1.0:
            raise ValueError(f"fmr: expected above 0 and at most 1, got {fmr}")
        if fmr <= self.tail.rate:
            return self.tail.score(fmr)
        points = self._points()
        (fmr_a, score_a), (fmr_b, score_b) = next(pair for pair in pairwise(points) if fmr >= pair[1][0])
        share = math.log(fmr / fmr_a) / math.log(fmr_b / fmr_a)
        return score_a + share * (score_b - score_a)

    def threshold(self, gallery_size: int, target_fpir: float) -> float:
        """Return the score t at which a stranger is named with chance `target_fpir` in a gallery.

        Solves `1 - (1 - FMR(t)) ** N = f` for N people; an empty gallery counts as one person.
        """
        return self.score_at(max(LOWEST_FMR, per_comparison(gallery_size, target_fpir)))

    def most_people(self, target_fpir: float) -> int:
        """The largest gallery for which the model tells the score of `threshold`: beyond, it would be a guess.

        The FMR of one comparison would have to be below `LOWEST_FMR` there. Solves the equation of `threshold` for N.
        """
        if not 0.0 < target_fpir < 1.0:
            raise ValueError(f"target_fpir: expected above 0 and below 1, got {target_fpir}")
        return int(math.log1p(-target_fpir) / math.log1p(-LOWEST_FMR))

    def highest_fmr(self, fmr: float) -> float:
        """Return the highest FMR that counting alone allows where the model says `fmr`.

        That is the upper end of the 95 % interval of a Poisson count, of which `pairs * fmr` is expected: the fewer
        of the measured comparisons reach a score, the more it rests on the fitted tail. Byar's approximation (Breslow
        and Day, Statistical Methods in Cancer Research II, 1987, p. 69). Comparisons that share a person are not
        independent; where few are expected, resampling people gives about the same (benchmarks/tail.py).
        """
        above = self.pairs * fmr + 1
        limit = above * (1 - 1 / (9 * above) + UPPER_END / (3 * math.sqrt(above))) ** 3
        return min(1.0, limit / self.pairs)


def per_comparison(gallery_size: int, target_fpir: float) -> float:
    """Return the FMR per comparison that gives `target_fpir` over a gallery of `gallery_size` people."""
    if gallery_size < 0:
        raise ValueError(f"gallery_size: expected 0 or more, got {gallery_size}")
    if not 0.0 < target_fpir < 1.0:
        raise ValueError(f"target_fpir: expected above 0 and below 1, got {target_fpir}")
    return -math.expm1(math.log1p(-target_fpir) / max(1, gallery_size))


@dataclass(frozen=True, slots=True)
class FileSeal:
    """A file beside the card and the sha256 it must have."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not self.name or Path(self.name).name != self.name or self.name.startswith("."):
            raise ValueError(f"file: expected a plain file name, got {self.name!r}")
        if len(self.sha256) != _SHA256_DIGITS or set(self.sha256) - set("0123456789abcdef"):
            raise ValueError(f"sha256: expected {_SHA256_DIGITS} hex digits, got {self.sha256!r}")


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What is known of an encoder; `raw` is the whole card as read, with data, terms, figures, weaknesses.

    `finder` names the detector and the landmark network whose crops cohort and score model were made from, as
    `Pipeline.finder` does; empty for a card that does not tell.
    `cohort_floor` is the least mean cosine to the cohort that counts: a face unlike all of it comes from people whom it
    does not know, not from people who are less alike. `cohort_centre` (n, share): that share of the mean of the
    cohort's first n rows is taken off rows and embeddings before they are compared. `limits` are those of quality that
    the card names.
    """

    id: str
    encoder: FileSeal
    embedding: int
    size: int
    input_name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    mirror: bool
    cohort: FileSeal
    cohort_k: int
    cohort_size: int
    score_model: ScoreModel
    raw: Mapping[str, Any]
    finder: str = ""
    cohort_floor: float | None = None
    cohort_centre: tuple[int, float] | None = None
    limits: CardLimits = NO_LIMITS

    def __post_init__(self) -> None:
        if not self.id.strip():
            raise ValueError("id: expected a name, got nothing")
        if min(self.embedding, self.size, self.cohort_size) < 1:
            raise ValueError("embedding, input.size, cohort.size: expected at least 1")
        if not 1 <= self.cohort_k <= self.cohort_size:
            raise ValueError(f"cohort.k: expected 1 to {self.cohort_size}, got {self.cohort_k}")
        if self.cohort_centre is not None and not 1 <= self.cohort_centre[0] <= self.cohort_size:
            raise ValueError(f"cohort.centre.rows: expected 1 to {self.cohort_size}, got {self.cohort_centre[0]}")
        if not all(map(math.isfinite, self.mean + self.std)) or not all(value > 0 for value in self.std):
            raise ValueError("input.mean, input.std: expected finite numbers, std above 0")

    @property
    def pipeline(self) -> str | None:
        """The whole pipeline that templates of this encoder come from where nothing else is told; None: not known."""
        return joined(self.finder, self.id) if self.finder else None


def load_card(folder: str | Path) -> EncoderCard:
    """Read and check `card.json` of an encoder's folder; raises `EncoderMissing` or `CardInvalid`."""
    path = Path(folder, CARD_FILE)
    try:
        text = path.read_text("utf-8")
    except OSError as problem:
        raise EncoderMissing(str(path), (problem.strerror or "cannot be read").lower()) from problem
    except UnicodeDecodeError as problem:
        raise CardInvalid(str(path), "the card is not UTF-8") from problem
    try:
        return parse_card(json.loads(text, parse_constant=_refuse_constant))
    except json.JSONDecodeError as problem:
        raise CardInvalid(str(path), f"no JSON at line {problem.lineno}") from problem
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise CardInvalid(str(path), str(problem)) from problem
    except KeyError as problem:
        raise CardInvalid(str(path), f"the field {problem.args[0]} is missing") from problem


def parse_card(raw: Mapping[str, Any]) -> EncoderCard:
    """Check a card's fields, keep all in `raw`; raises `KeyError`, `TypeError` or `ValueError`."""
    if raw["schema"] != SCHEMA:
        raise ValueError(f"schema: expected {SCHEMA}, got {raw['schema']!r}")
    for field, expected in {"color": "RGB", "layout": "NCHW"}.items():
        if raw["input"][field] != expected:
            raise ValueError(f"input.{field}: expected {expected}, got {raw['input'][field]!r}")
    if raw["encoder"]["similarity"] != "cosine":
        raise ValueError(f"encoder.similarity: expected cosine, got {raw['encoder']['similarity']!r}")
    return EncoderCard(
        id=_text(raw["id"]),
        encoder=_seal(raw["encoder"]),
        embedding=_whole(raw["encoder"]["embedding"]),
        size=_whole(raw["input"]["size"]),
        input_name=_text(raw["input"]["name"]),
        mean=_triple(raw["input"]["mean"]),
        std=_triple(raw["input"]["std"]),
        mirror=bool(raw["mirror"]),
        cohort=_seal(raw["cohort"]),
        cohort_k=_whole(raw["cohort"]["k"]),
        cohort_size=_whole(raw["cohort"]["size"]),
        cohort_floor=_floor(raw["cohort"].get("floor")),
        cohort_centre=_centre(raw["cohort"].get("centre")),
        score_model=_score_model(raw["score_model"]),
        raw=MappingProxyType(dict(raw)),
        finder=_text(raw.get("finder", "")),
        limits=parse_limits(raw.get("limits")),
    )


def _score_model(raw: Mapping[str, Any]) -> ScoreModel:
    tail = Tail(*(_number(raw["tail"][name]) for name in ("start", "rate", "shape", "scale")))
    quantiles = tuple((_number(fmr), _number(score)) for fmr, score in raw["quantiles"])
    return ScoreModel(_whole(raw["people"]), _whole(raw["pairs"]), quantiles, tail, str(raw.get("source", "")))


def _seal(raw: Mapping[str, Any]) -> FileSeal:
    return FileSeal(_text(raw["file"]), _text(raw["sha256"]))


def _triple(values: Sequence[Any]) -> tuple[float, float, float]:
    red, green, blue = map(_number, values)
    return red, green, blue


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value


def _floor(value: object) -> float | None:
    """The least cohort mean; a card without one has none, as all had before there was one."""
    if value is None:
        return None
    floor = _number(value)
    if not -1.0 <= floor <= 1.0:  # a NaN, too
        raise ValueError(f"cohort.floor: expected a cosine, -1 to 1, got {floor}")
    return floor


def _centre(value: Mapping[str, Any] | None) -> tuple[int, float] | None:
    """How many rows make the centre and what share of it is taken off; None where nothing is."""
    if value is None:
        return None
    rows, share = _whole(value["rows"]), _number(value["share"])
    if not 0.0 < share <= 1.0:  # a NaN, too
        raise ValueError(f"cohort.centre.share: expected above 0, at most 1, got {share}")
    return rows, share


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, got {value!r}")
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _refuse_constant(text: str) -> float:
    raise ValueError(f"expected finite numbers, got {text}")

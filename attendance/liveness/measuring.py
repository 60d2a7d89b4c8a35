"""What liveness is worth at one door: figures of presentations that were made on purpose, in ISO/IEC 30107-3's terms.

A *presentation* is one face, or picture of one, brought before the camera once; *species* are kinds of pictures. Each
has a ruling, what the cues said of its track in the end, and each setting either marked somebody by it or did not.

* APCER, attack presentation classification error rate: of the presentations of one species, the share that was taken
  for a living face; the worst species counts, never the mean. With `review` what is `live` or `unsure` is marked, and
  so both count as bona fide; with `require` `live` alone does. A mark that was given counts, too, whatever was found
  out after it.
* BPCER, bona fide presentation classification error rate: of living people's presentations the share that was not.
* APNRR, BPNRR: the share in which no face could be judged. They are left out of the two above, and count below.
* IAPIR, impostor attack presentation identification rate: of all presentations of a species the share by which
  somebody was marked, whoever it was. It stands for IAPAR where, as at a door, nobody says who they are.
* FNIR: of all presentations of enrolled people the share by which they were not marked, whatever was in the way.
* RIAPAR, relative impostor attack presentation accept rate: 1 + IAPAR - (1 - FNMR) = IAPAR + FNMR, of the worst
  species, here with IAPIR and FNIR in their places. A door that marks nobody has 1, and so has one that marks all.

Presentations of one person, or of one printed photo, are no independent witnesses: the bounds hold for this person,
this photo. Pure; knows counts alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from attendance.liveness.bounds import SURE, Share, upper_bound
from attendance.liveness.saying import Ruling

Setting = Literal["off", "review", "require"]

SETTINGS: Final[tuple[Setting, ...]] = ("off", "review", "require")
ASKING: Final[tuple[Setting, ...]] = ("review", "require")
RULINGS: Final[tuple[Ruling, ...]] = ("live", "unsure", "attack")
BONA_FIDE: Final[Mapping[Setting, frozenset[Ruling]]] = MappingProxyType(
    {
        "off": frozenset({"live", "unsure", "attack"}),
        "review": frozenset({"live", "unsure"}),
        "require": frozenset({"live"}),
    }
)
"""The rulings that each setting takes for a living face."""
LIVE: Final = "live"
"""Presentations of people who are enrolled."""
GUEST: Final = "guest"
"""Presentations of people who are not."""
GENUINE: Final = (LIVE, GUEST)
SPECIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "print": "a printed photo, flat, with its border",
        "cutout": "a printed photo cut out along the face",
        "bent": "a printed photo bent around the middle, as around a head",
        "phone": "a photo or film on a phone",
        "tablet": "a photo or film on a tablet",
        "screen": "a film on a laptop or a large screen",
    }
)
"""The kinds of pictures that a door is usually measured with; others may have any name."""
_LONGEST: Final = 32


def species_name(name: str) -> str:
    """The name as it is kept: small letters, digits and hyphens. Raises `ValueError`."""
    found = name.strip().lower()
    if not (0 < len(found) <= _LONGEST and found[0].isalnum() and found.isascii()):
        raise ValueError(f"species: expected 1 to {_LONGEST} letters, digits and hyphens, got {name!r}")
    if not found.replace("-", "").isalnum():
        raise ValueError(f"species: expected letters, digits and hyphens, got {name!r}")
    return found


@dataclass(frozen=True, slots=True)
class Presentation:
    """One presentation: its ruling (None: no face could be judged) and the settings that would have marked somebody.

    `person` numbers whom genuine ones are of, from 1; it is 0 for pictures.
    """

    species: str
    ruling: Ruling | None
    marked: frozenset[Setting] = frozenset()
    person: int = 0

    def __post_init__(self) -> None:
        if self.species != species_name(self.species):
            raise ValueError(f"species: expected {species_name(self.species)!r}, got {self.species!r}")
        if self.ruling is not None and self.ruling not in RULINGS:
            raise ValueError(f"ruling: expected one of {RULINGS} or None, got {self.ruling!r}")
        if not self.marked <= set(SETTINGS) or (self.ruling is None and self.marked):
            raise ValueError(f"marked: expected some of {SETTINGS}, none where no face was judged, got {self.marked}")
        if (self.species in GENUINE) != (self.person > 0) or self.person < 0:
            raise ValueError(f"person: expected a number of a genuine one alone, got {self.person} of {self.species}")

    @property
    def taken(self) -> frozenset[Setting]:
        """The settings that took it for a living face: by its ruling, or by a mark that they gave before that."""
        return frozenset(each for each in SETTINGS if self.ruling in BONA_FIDE[each] or each in self.marked)


@dataclass(frozen=True, slots=True)
class Counts:
    """How the presentations of one species, or of one genuine person, went; `taken` and `marked` by setting.

    `taken` are those that a setting took for a living face.
    """

    species: str
    person: int = 0
    rulings: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    marked: Mapping[str, int] = field(default_factory=dict)
    unjudged: int = 0

    def __post_init__(self) -> None:
        Presentation(self.species, None, person=self.person)
        told = (("rulings", self.rulings, RULINGS), ("taken", self.taken, SETTINGS), ("marked", self.marked, SETTINGS))
        for name, counts, known in told:
            if not set(counts) <= set(known) or not all(map(_is_count, counts.values())):
                raise ValueError(f"{name}: expected counts of {known}, got {dict(counts)}")
        if not _is_count(self.unjudged):
            raise ValueError(f"unjudged: expected a count, got {self.unjudged!r}")
        if max([*self.marked.values(), *self.taken.values()], default=0) > self.judged:
            raise ValueError(
                f"marked, taken: expected {self.judged} at most, got {dict(self.marked)}, {dict(self.taken)}"
            )

    @property
    def judged(self) -> int:
        """How many had a ruling."""
        return sum(self.rulings.values())

    @property
    def made(self) -> int:
        """How many were made."""
        return self.judged + self.unjudged

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "species": self.species,
            "number": self.person,
            "rulings": {each: self.rulings.get(each, 0) for each in RULINGS},
            "taken": {each: self.taken.get(each, 0) for each in SETTINGS},
            "marked": {each: self.marked.get(each, 0) for each in SETTINGS},
            "unjudged": self.unjudged,
        }


def counts_from(told: Mapping[str, Any]) -> Counts:
    """What `Counts.to_dict` told. Raises `ValueError`."""
    try:
        by_name = {name: dict(told[name]) for name in ("rulings", "taken", "marked")}
        return Counts(told["species"], told["number"], unjudged=told["unjudged"], **by_name)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"counts: expected what 'to_dict' tells, got {told!r}") from error


def counted(presentations: Iterable[Presentation]) -> tuple[Counts, ...]:
    """The counts of each species and of each genuine person, in the order in which they were met."""
    found: dict[tuple[str, int], list[Presentation]] = {}
    for each in presentations:
        found.setdefault((each.species, each.person), []).append(each)
    return tuple(
        Counts(
            species,
            person,
            {ruling: sum(each.ruling == ruling for each in some) for ruling in RULINGS},
            {setting: sum(setting in each.taken for each in some) for setting in SETTINGS},
            {setting: sum(setting in each.marked for each in some) for setting in SETTINGS},
            sum(each.ruling is None for each in some),
        )
        for (species, person), some in found.items()
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """What a setting does with presentations: by so many somebody is `marked`.

    So many are `held` for a look by liveness though the face was recognised, so many `missed` whatever it says.
    """

    marked: int
    held: int
    missed: int

    @property
    def of(self) -> int:
        """How many presentations."""
        return self.marked + self.held + self.missed

    def to_dict(self) -> dict[str, int]:
        """All of it as plain values."""
        return {"marked": self.marked, "held": self.held, "missed": self.missed, "of": self.of}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a measurement; each is None where there is nothing that it could be told from."""

    counts: tuple[Counts, ...]

    def __post_init__(self) -> None:
        keys = [(each.species, each.person) for each in self.counts]
        if len(set(keys)) != len(keys):
            raise ValueError(f"counts: expected each species and person once, got {keys}")

    @property
    def species(self) -> tuple[str, ...]:
        """The kinds of pictures that were presented, those of `SPECIES` first."""
        found = [each.species for each in self.counts if each.species not in GENUINE]
        return (*(each for each in SPECIES if each in found), *(each for each in found if each not in SPECIES))

    @property
    def people(self) -> tuple[Counts, ...]:
        """The counts of each genuine person."""
        return tuple(each for each in self.counts if each.species in GENUINE)

    def of(self, species: str) -> Counts:
        """The counts of one species. Raises `KeyError`."""
        for each in self.counts:
            if each.species == species:
                return each
        raise KeyError(species)

    # What the cues are worth

    def apcer(self, species: str, setting: Setting) -> Share | None:
        """Of one species."""
        found = self.of(species)
        return _share(found.taken.get(setting, 0), found.judged)

    def worst(self, setting: Setting) -> str | None:
        """The species with the highest APCER; of several alike the one whose bound is highest."""
        found = {each: share for each in self.species if (share := self.apcer(each, setting)) is not None}
        return max(found, key=lambda each: (found[each].share, found[each].high), default=None)

    def bpcer(self, setting: Setting, person: int | None = None) -> Share | None:
        """Of everybody who came before the camera, or of the person of this number."""
        found = [each for each in self.people if person in {None, each.person}]
        return _share(
            sum(each.judged - each.taken.get(setting, 0) for each in found), sum(each.judged for each in found)
        )

    def people_held(self, setting: Setting) -> Share | None:
        """People of whom at least one presentation was not taken for a living face. People are the witnesses here."""
        found = [each for each in self.people if each.judged]
        return _share(sum(each.taken.get(setting, 0) < each.judged for each in found), len(found))

    def apnrr(self, species: str) -> Share | None:
        """Of one species."""
        found = self.of(species)
        return _share(found.unjudged, found.made)

    def bpnrr(self) -> Share | None:
        """Of everybody who came before the camera."""
        return _share(sum(each.unjudged for each in self.people), sum(each.made for each in self.people))

    # What the whole is worth

    def iapir(self, species: str, setting: Setting) -> Share | None:
        """Of one species."""
        found = self.of(species)
        return _share(found.marked.get(setting, 0), found.made)

    def worst_marked(self, setting: Setting) -> str | None:
        """The species with the highest IAPIR; of several alike the one whose bound is highest."""
        found = {each: share for each in self.species if (share := self.iapir(each, setting)) is not None}
        return max(found, key=lambda each: (found[each].share, found[each].high), default=None)

    def fnir(self, setting: Setting) -> Share | None:
        """Of the people who are enrolled."""
        found = self._enrolled()
        made = sum(each.made for each in found)
        return _share(made - sum(each.marked.get(setting, 0) for each in found), made)

    def riapar(self, setting: Setting) -> tuple[float, float] | None:
        """IAPIR of the worst species and FNIR, added, from 0 to 2; and a bound from above.

        The bound adds one of 97.5 % for each of the two, so that both hold by 95 %, of this species.
        """
        worst, fnir = self.worst_marked(setting), self.fnir(setting)
        iapir = None if worst is None else self.iapir(worst, setting)
        if iapir is None or fnir is None:
            return None
        bounds = [upper_bound(each.hits, each.of, (1 - SURE) / 2) for each in (iapir, fnir)]
        return iapir.share + fnir.share, sum(bounds)

    def cost(self, setting: Setting, species: str | None = None) -> Cost | None:
        """What a setting does with a species, or (None) with people who are enrolled."""
        found = self._enrolled() if species is None else [self.of(species)]
        made = sum(each.made for each in found)
        marked, known = (sum(each.marked.get(name, 0) for each in found) for name in (setting, "off"))
        held = max(0, known - marked)
        return Cost(marked, held, made - marked - held) if made else None

    def guests_marked(self, setting: Setting) -> Share | None:
        """Presentations of people who are not enrolled by which somebody was marked."""
        found = [each for each in self.counts if each.species == GUEST]
        return _share(sum(each.marked.get(setting, 0) for each in found), sum(each.made for each in found))

    def _enrolled(self) -> Sequence[Counts]:
        return [each for each in self.counts if each.species == LIVE]


def _share(hits: int, of: int) -> Share | None:
    return Share(hits, of) if of else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

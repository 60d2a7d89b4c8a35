"""The guide through a measurement of liveness before a camera: what to hold up, one presentation after the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from attendance.cameras import Frame, ProcessCamera
from attendance.errors import CameraLost, CameraNoFrames
from attendance.live import CameraFeed, Lost, Stale
from attendance.live.presenting import Presented, Presenting
from attendance.liveness.measuring import GUEST, LIVE, SPECIES, Counts, Presentation, counted
from attendance.services.watching import asking_of
from refusal import Refusal
from refusal import counted as so_many

if TYPE_CHECKING:
    from attendance.cameras import Address, Camera
    from attendance.clock import Clock
    from attendance.live import Condition
    from attendance.live.living import Asking
    from attendance.live.ports import Desk
    from attendance.scope import Scope
    from attendance.settings import Settings

Say = Callable[[str], object]
Ask = Callable[[str], str | None]
"""Puts a question; None where nobody answers any more."""

FIRST_FRAME_S: Final = 15.0
HANDLING_S: Final = 4.0  # beside a presentation itself: taking the next sheet, pressing Enter
HOW: Final[Mapping[str, str]] = MappingProxyType(
    {
        LIVE: "One person alone, as people come to this door: walk up, look towards the camera, move as you would.",
        "print": "Print a photo of an enrolled person, A5 or larger, with its white border. Hold it at arm's length,"
        " so that the face is as large as a real one there, your own face out of the picture.",
        "cutout": "Cut such a print out along the face, without border. Hold it from behind or below by a stick.",
        "bent": "Bend a print around an upright bottle, or hold it bent, as a face is round.",
        "phone": "Show a photo of an enrolled person on a phone, full screen and bright; for every second one play a"
        " film of that person.",
        "tablet": "The same on a tablet.",
        "screen": "Play a film of an enrolled person on a laptop, or on a large screen, before the camera.",
    }
)
OWN: Final = "Hold it as somebody would who wants to be taken for an enrolled person, your own face out of the picture."
MOVE: Final = "Press Enter, and move it for {seconds:g} seconds as a person moves: a little aside, nearer, turned."
KEYS: Final = "Enter begins, r repeats the last one, s goes on to the next kind, q ends here"


@dataclass(slots=True)
class Kept:
    """The presentations so far; whom genuine ones were recognised as is known until they are counted, and not kept."""

    presentations: list[Presentation] = field(default_factory=list)
    known_as: list[str | None] = field(default_factory=list)
    whole: bool = True
    interrupted: bool = False

    def add(self, species: str, person: int, seen: Presented) -> None:
        """Count one more."""
        self.presentations.append(Presentation(species, seen.ruling, seen.marked, person))
        self.known_as.append(None if seen.person is None else seen.person.id)

    def drop_last(self) -> None:
        """Forget the last one."""
        self.presentations.pop()
        self.known_as.pop()

    def counts(self) -> tuple[Counts, ...]:
        """What is kept. A person who was taken for somebody else than most of the time counts as missed then."""
        pairs = list(zip(self.presentations, self.known_as, strict=True))
        return counted(self._own(each, known, pairs) for each, known in pairs)

    @staticmethod
    def _own(each: Presentation, known: str | None, pairs: Sequence[tuple[Presentation, str | None]]) -> Presentation:
        if each.species != LIVE or known is None:
            return each
        names = Counter(name for other, name in pairs if other.person == each.person and name is not None)
        if known == names.most_common(1)[0][0]:
            return each
        return Presentation(each.species, each.ruling, frozenset(), each.person)


class Door:
    """The camera, kept open from one presentation to the next, and opened anew after it was lost."""

    def __init__(self, make: "Callable[[], Camera]", name: str, monotonic: Callable[[], float]) -> None:
        self._make, self._name, self._monotonic = make, name, monotonic
        self._feed: CameraFeed | None = None
        self._items: Iterator[Frame | Condition | None] = iter(())

    def frames(self, seconds: float) -> Iterator[Frame]:
        """The frames of so many seconds from now on. Raises CameraError, also where the camera stops delivering."""
        self._open()
        begun, asked = None, self._monotonic()
        for item in self._items:
            if isinstance(item, Lost | Stale):
                break
            if isinstance(item, Frame):
                begun = item.time if begun is None else begun
                yield item
                if item.time - begun >= seconds:
                    return
            elif self._monotonic() - asked > seconds + FIRST_FRAME_S:
                self.close()
                raise CameraNoFrames(self._name, "no picture came")
        self.close()
        raise CameraLost(self._name, "it stopped delivering pictures")

    def close(self) -> None:
        """Let the camera go."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.__exit__(None, None, None)

    def _open(self) -> None:
        if self._feed is None:
            feed = CameraFeed(self._make())
            feed.__enter__()
            self._feed, self._items = feed, iter(feed)


class _Ended(Exception):  # noqa: N818  never leaves this module
    """Whoever measures wants no more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many presentations of each person and species, of how many seconds, and how liveness is asked for."""

    species: tuple[str, ...]
    each: int
    seconds: float
    asking: "Asking"

    @property
    def minutes(self) -> int:
        """About how long it takes, with one person."""
        presentations = self.each * (1 + len(self.species))
        return max(1, round(presentations * (self.seconds + HANDLING_S) / 60))


def plan_of(settings: "Settings", species: tuple[str, ...], each: int, seconds: float) -> Plan:
    """A plan that asks for liveness as runs before cameras do."""
    return Plan(species, each, seconds, asking_of(settings, "review"))


def door_of(address: "Address", settings: "Settings", clock: "Clock") -> Door:
    """The camera at an address."""

    def make() -> ProcessCamera:
        stall, retry = settings.camera_stall_s, settings.camera_retry_max_s
        return ProcessCamera(address, clock, stall_s=stall, retry_max_s=retry)

    return Door(make, address.shown, clock.monotonic)


class Guide:
    """Leads through the presentations; all that it says and asks goes by `say` and `ask`."""

    def __init__(self, desk: "Desk", scope: "Scope", door: Door, plan: Plan, *, say: Say, ask: Ask) -> None:
        self._desk, self._scope, self._door, self._plan = desk, scope, door, plan
        self._say, self._ask = say, ask
        self.kept = Kept()

    def run(self) -> Kept:
        """Everything, or until somebody ends it: what was measured until then is kept."""
        try:
            self._people()
            for species in self._plan.species:
                self._say(f"{species}: {SPECIES.get(species, 'a kind of your own')}. {HOW.get(species, OWN)}")
                self._say(MOVE.format(seconds=self._plan.seconds))
                self._round(species, 0)
        except _Ended:
            self.kept.whole = False
        except KeyboardInterrupt:
            self.kept.whole, self.kept.interrupted = False, True
        finally:
            self._door.close()
        if not self.kept.whole:
            made = so_many(len(self.kept.presentations), "presentation")
            self._say(f"ended early: {made} made until now, which count")
        return self.kept

    def _people(self) -> None:
        """Genuine presentations, of one person after the other."""
        self._say(f"people: {HOW[LIVE]}")
        number = 1
        while (species := self._next_person(number)) is not None:
            self._round(species, number)
            number += 1

    def _next_person(self, number: int) -> str | None:
        """What the next person is, None where there is none."""
        question = (
            f"person {number}: Enter for somebody who is enrolled, g for somebody who is not, s for nobody, q ends"
        )
        while True:
            answer = self._answer(question)
            if answer in {"", "g"}:
                return GUEST if answer else LIVE
            if answer == "s":
                self.kept.whole = self.kept.whole and number > 1
                return None
            self._say(question)

    def _round(self, species: str, person: int) -> None:
        """All presentations of a species or of a person."""
        done, what = 0, f"person {person}" if person else species
        while done < self._plan.each:
            answer = self._answer(f"{what}, {done + 1} of {self._plan.each} ({KEYS})")
            if answer == "s":
                self.kept.whole = False
                return
            if answer not in {"", "r"} or (answer == "r" and not done):
                self._say(KEYS)
                continue
            seen = self._present()
            if seen is None:
                continue
            if answer == "r":
                self.kept.drop_last()
                done -= 1
            self.kept.add(species, person, seen)
            done += 1
            self._say(f"{what}, {done} of {self._plan.each}: {in_words(seen)}")

    def _present(self) -> Presented | None:
        """One presentation; None where the camera failed, which is said, so that it can be made again."""
        presenting = Presenting(self._desk, self._scope, self._plan.asking)
        try:
            for frame in self._door.frames(self._plan.seconds):
                presenting.see(frame)
        except Refusal as error:  # the camera, mostly
            self._door.close()
            self._say(f"{error.line} This presentation does not count; Enter tries again.")
            return None
        return presenting.finish()

    def _answer(self, question: str) -> str:
        """What was typed, in small letters. Raises _Ended."""
        told = self._ask(question)
        answer = "q" if told is None else told.strip().lower()
        if answer == "q":
            raise _Ended
        return answer


def in_words(seen: Presented) -> str:
    """What became of a presentation, with each cue."""
    if seen.ruling is None:
        why = f" ({', '.join(seen.reasons)})" if seen.reasons else ""
        return f"no face that can be judged{why}"
    who = f"recognised as {seen.person.name}" if seen.person is not None else f"not recognised ({seen.decision})"
    marked = ", ".join(each for each in ("off", "review", "require") if each in seen.marked)
    told = f"{seen.ruling}, by {so_many(seen.frames, 'picture')}; {_cues(seen)}; {who}"
    told += f"; marked with {marked}" if marked else "; marked with no setting"
    more = "; more than one face was in view, the one seen longest and largest counts" if seen.faces > 1 else ""
    return told + more


def _cues(seen: Presented) -> str:
    parts = []
    for name, said in seen.cues.items():
        weight = said["score"] * said["quality"]
        parts.append(
            f"{name} {weight:+.2f} {said['why']}" if said["quality"] else f"{name} cannot tell ({said['why']})"
        )
    return ", ".join(parts)

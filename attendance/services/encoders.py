"""Which encoder a home goes by: another one is prepared beside it, compared with it, put in force, and taken back.

Templates of both lie side by side, and each finds its own alone. What is in force is written in the database, so that
all processes of the home go by it from their next face on, whatever their settings say.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from attendance.access import needs
from attendance.errors import EncoderBefore
from attendance.home import ENCODER_IN_FORCE
from attendance.services.encodercompare import MOST, Comparison
from attendance.services.reembedding import Reembedding
from gallery.repositories.events import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.encoderside import Side
    from gallery import Gallery
    from gallery.values import Reached

BEFORE: Final = "encoder_before"
"""Under which a home keeps the name of the encoder that was in force before."""
SWITCHED: Final = "encoder.switch"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an encoder is: ``missing`` kept crops are not embedded by it yet, and whom it reaches."""

    encoder: str
    pipeline: str
    missing: int
    reached: "Reached"

    @classmethod
    def of(cls, side: "Side") -> Self:
        """As it is now."""
        with side.gallery.store.reading():
            missing = sum(side.gallery.missing().values())
            return cls(side.encoder, side.gallery.pipeline_id, missing, side.gallery.reached())


@dataclass(frozen=True, slots=True)
class Switched:
    """What is in force now instead of what; ``changed`` is false where it was so before."""

    old: str
    new: Standing
    changed: bool


class Encoders:
    """The encoders of a home; ``side`` sees it with the one of a name or folder, ``present`` is the one in force."""

    def __init__(
        self, gallery: "Gallery", clock: "Clock", side: "Callable[[str], Side]", present: "Callable[[], str]"
    ) -> None:
        self._gallery, self._clock, self._side, self._present = gallery, clock, side, present

    @property
    def in_force(self) -> str:
        """The name of the encoder in force."""
        return self._gallery.store.meta(ENCODER_IN_FORCE) or settled_name(self._present())

    @property
    def before(self) -> str | None:
        """The name of the encoder that was in force before; None where there was none."""
        return self._gallery.store.meta(BEFORE)

    def side(self, name: str) -> "Side":
        """The home seen with an encoder. Raises EncoderError, HomeUnknown."""
        return self._side(settled_name(name))

    def standing(self, name: str) -> Standing:
        """How far an encoder is; raises as `side`."""
        return Standing.of(self.side(name))

    @needs("upkeep.run")
    def prepare(self, actor: "Actor", name: str) -> Reembedding:
        """Iterate to make the templates that an encoder lacks, of all kept crops, each in a step of its own.

        What is in force stays so, and goes on meanwhile. Broken off and begun again, it goes on where it was.
        """
        side = self.side(name)
        return Reembedding(side.gallery, self._clock, side.load, actor, missing=True)

    @needs("upkeep.run")
    def compare(self, actor: "Actor", name: str, most: int = MOST) -> Comparison:  # noqa: ARG002 - asked for the right
        """Iterate to tell what another encoder would have decided of the newest sightings and of the photos."""
        return Comparison(self.side(self.in_force), self.side(name), most)

    @needs("upkeep.run")
    def switch(self, actor: "Actor", name: str) -> Switched:
        """Put an encoder in force for all processes of the home, once all crops are embedded by it that can be.

        What is missing is made first; somebody enrolled meanwhile is not forgotten.
        """
        side = self.side(name)
        side.load()  # an encoder that does not load here is not put in force
        while True:
            done = self._put(actor, side, self._caught_up(actor, side))
            if done is not None:
                return done

    def _put(self, actor: "Actor", side: "Side", left: int) -> Switched | None:
        """Put it in force in one step; None where more crops than those ``left`` are not embedded by it."""
        store = self._gallery.store
        with store.atomic() as transaction:
            old, now = self.in_force, Standing.of(side)
            if now.missing > left:
                return None
            if side.encoder != old:
                store.set_meta(BEFORE, old)
                store.set_meta(ENCODER_IN_FORCE, side.encoder)
                details = {"from": old, "to": side.encoder, "pipeline": now.pipeline}
                at = self._clock.utc()
                record(transaction, at=at, by=actor.name, action=SWITCHED, subject="gallery", details=details)
                store.bump(transaction)
            return Switched(old, now, side.encoder != old)

    def _caught_up(self, actor: "Actor", side: "Side") -> int:
        """Make what is missing; how many crops are left that give no template."""
        run = Reembedding(side.gallery, self._clock, side.load, actor, missing=True)
        for _ in run:
            pass
        return run.failed + run.refused

    @needs("upkeep.run")
    def rollback(self, actor: "Actor") -> Switched:
        """Put the encoder in force again that was before; raises EncoderBefore where none was."""
        before = self.before
        if before is None:
            raise EncoderBefore("encoder", "no other encoder was in force before")
        return self.switch(actor, before)


def settled_name(name: str) -> str:
    """The name of an encoder as every process understands it: a folder of this computer is told whole."""
    from enroll.registry import names

    return name if name in names("encoder") else str(Path(name).expanduser().resolve())

"""Photos that programs send, judged: who is on it, and in which session they are marked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.faults import only_here

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.records import Decision
    from attendance.scope import Scope
    from attendance.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision a face, in their order; where there is no face, why, in words."""

    decisions: "tuple[Decision, ...]"
    remark: str | None = None


class Deciding:
    """Judges single photos."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    @needs("faces.judge")
    def photo(self, actor: "Actor", data: bytes, source: str, scope: "Scope") -> Decided:
        """Judge every face of a photo, and mark who is present unless it is a dry run, all in one step.

        ``source`` is what records call it. Raises PhotoError, SourceFailed, SessionClosed.
        """
        from enroll.photo import decode_photo
        from enroll.pipeline import no_face

        desk = self._desk.by(actor)
        photo = decode_photo(data, source)
        with only_here(source):
            faces = desk.pipeline.faces(photo.pixels)
        if scope.dry_run:
            found = desk.judge(faces, scope, source=source)
        else:
            desk.purge()
            found = desk.settle(faces, scope, source=source)
        return Decided(tuple(found), None if faces else no_face(source, photo.pixels).detail)

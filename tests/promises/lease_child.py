"""A process that marks before a camera as long as its lease stands: ``lease_child.py HOME PLACE``.

It says ``held``; then for each person that it is told it says ``marked`` or ``lost``.
"""

import sys
from datetime import timedelta

from attendance.app import Attendance
from attendance.services import leases
from attendance.services.leases import Leased, camera_lease
from gallery.errors import LeaseLost

leases.LASTS, leases.RENEWED_S = timedelta(seconds=1), 0.3


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class ByName:
    """A desk that marks whom it is told."""

    def __init__(self, app):
        self._app, self.settings, self.clock, self.pipeline = app, app.settings, app.clock, None

    def record(self, name, _scope, **_more):
        return self._app.enter(name, session="door")


def main(home: str, number: str) -> None:
    with Attendance.open(home) as app:
        place = next(each.place for each in app.places.all() if each.place.id == int(number))
        lease = app.leases.take(camera_lease(place.id))
        desk = Leased(ByName(app), app.store, app.leases, lease, place.name)
        say("held")
        for line in sys.stdin:
            try:
                desk.record(line.strip(), None)
            except LeaseLost:
                say("lost")
            else:
                say("marked")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How the gallery is searched: measured beside the service's work, and told once it is known."""

import threading
from types import SimpleNamespace

from attendance.services.searching import Searching
from gallery.errors import GalleryLocked


def found(probes: int) -> SimpleNamespace:
    return SimpleNamespace(probes=probes)


def ran(measure) -> Searching:
    searching = Searching(measure)
    searching.start()
    searching.start()
    searching._thread.join(10)
    return searching


def test_what_is_found_is_told():
    """Once it is measured it is there, and beginning twice measures once."""
    asked = []
    searching = ran(lambda ended: asked.append(ended()) or found(3))

    assert ([False], 3) == (asked, searching.measured.probes)


def test_nobody_enrolled_is_nothing_to_tell():
    """Where no template was looked for nothing is said."""
    assert ran(lambda _: found(0)).measured is None


def test_a_database_out_of_reach_harms_nothing():
    """What keeps it from measuring is left to those who search."""

    def locked(_):
        raise GalleryLocked("home", "another program writes")

    assert ran(locked).measured is None


def test_closing_ends_it():
    """Whoever closes does not wait for a thousand searches; what was never begun is closed, too."""
    begun = threading.Event()

    def long(ended):
        begun.set()
        while not ended():
            pass
        return found(1)

    searching = Searching(long)
    searching.close()
    searching = Searching(long)
    searching.start()
    begun.wait(10)
    searching.close(10)

    assert not searching._thread.is_alive()

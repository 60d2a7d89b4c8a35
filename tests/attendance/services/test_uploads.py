"""What somebody sends and has not decided about: private, for an hour, under a name that can do no harm."""

import io
import stat

import pytest

from attendance.access import Actor
from attendance.service_errors import RequestInvalid
from attendance.services import uploads as module
from attendance.services.uploads import file_name

ADA, BOB = Actor("Ada"), Actor("Bob")


def test_kept_for_whoever_sent_it(app, clock):
    """It is found by its key by whoever sent it, in a private folder, for an hour."""
    kept = app.uploads.keep(ADA, "list.csv", io.BytesIO(b"abc"))
    found = app.uploads.find(ADA, kept.key)
    assert (b"abc", "list.csv") == (found.path.read_bytes(), found.path.name)
    assert (0o700, 0o600) == tuple(stat.S_IMODE(each.stat().st_mode) for each in (found.path.parent, found.path))
    for actor, key in ((BOB, kept.key), (ADA, "0" * 32), (ADA, "*"), (ADA, ""), (ADA, "../..")):
        with pytest.raises(RequestInvalid):
            app.uploads.find(actor, key)
    clock.forward(minutes=61)
    with pytest.raises(RequestInvalid):
        app.uploads.find(ADA, kept.key)
    assert not kept.path.exists()


def test_dropped_and_not_too_many(app, monkeypatch):
    """What was used is deleted, and of many the oldest go."""
    monkeypatch.setattr(module, "MOST", 2)
    kept = [app.uploads.keep(ADA, "a", io.BytesIO(b"")) for _ in range(4)]
    app.uploads.drop(ADA, kept[3].key)
    assert not kept[3].path.exists()
    assert sum(each.path.exists() for each in kept) <= 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("list.csv", "list.csv"), ("../../etc/passwd", "passwd"), ("C:\\Users\\x\\a.zip", "a.zip"), ("..", "file"),
        ("", "file"), (".hidden", "hidden"), ("a\x00\n\u202eb.csv", "ab.csv"), ("x" * 300 + ".csv", "x" * 97 + ".csv"),
        ('<"|?*:>.csv', "csv"), ("Zürich 😀.ics", "Zürich 😀.ics"),
    ],
)  # fmt: skip
def test_names(sent, kept):
    """Names lose folders, control characters and what shells and systems take for more; their ending stays."""
    assert kept == file_name(sent)

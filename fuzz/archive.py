"""Any bytes as an archive of a gallery, or as a backup: taken in as a whole, or refused by one error.

The first byte tells which: `a` an archive as it is, `p` the people of a sound archive, `b` a backup.
"""

import contextlib
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

from begin import Target, fuzz, new_folder


class _Enough(Exception):  # noqa: N818 - no error: it undoes what was taken in
    """Everything was taken in."""


def prepared() -> Target:
    """The target."""
    from gallery import Gallery, Store
    from gallery.backup.source import Source
    from refusal import Refusal

    folder = new_folder()
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    store = Store.open(folder / "home", create=True, at=now)
    gallery = Gallery(store, "fuzzed")
    path = folder / "file"

    def target(data: bytes) -> None:
        kind, content = data[:1], data[1:]
        path.write_bytes(_archive(content) if kind == b"p" else content)
        with contextlib.suppress(Refusal, _Enough):
            if kind == b"b":
                Source(path)
                return
            with store.atomic():
                gallery.import_(path, at=now, by="fuzz", passphrase=None)
                raise _Enough

    return target


def _archive(people: bytes) -> bytes:
    """A sound archive of these people."""
    packed = io.BytesIO()
    manifest = {"format": "attendance-gallery", "version": 1, "id": "x", "salt": None}
    digests = {"people.json": hashlib.sha256(people).hexdigest()}
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**manifest, "digests": digests}))
        archive.writestr("people.json", people)
    return packed.getvalue()


if __name__ == "__main__":
    fuzz("archive", prepared, ["gallery", "zipfile"])

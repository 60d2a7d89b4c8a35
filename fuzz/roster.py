"""Any bytes as a list: of photos, of a device's marks, or a zip of a school's system; read, or refused by one error.

The first byte tells which; what follows are the file's bytes, or with `z` the texts of a zip's files, divided by a line
of their name: `=users.csv`.
"""

import contextlib
import io
import re
import zipfile

from begin import Target, fuzz, new_folder


def prepared() -> Target:
    """The target."""
    from attendance.roster.marks import read_marks
    from attendance.roster.reading import read_school
    from enroll.roster import read_roster
    from refusal import Refusal

    folder = new_folder()
    path = folder / "list"

    def target(data: bytes) -> None:
        kind, content = data[:1], data[1:]
        path.write_bytes(_zipped(content) if kind == b"z" else content)
        with contextlib.suppress(Refusal):
            if kind == b"m":
                read_marks(path, "Europe/Berlin", day_first=content[:1] < b"M")
            elif kind in {b"z", b"Z"}:
                read_school(path)
            else:
                read_roster(path)

    return target


def _zipped(content: bytes) -> bytes:
    """A sound zip of files whose texts are any."""
    packed = io.BytesIO()
    parts = re.split(rb"(?m)^=([\w.]{1,40})\r?\n", content)
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in dict(zip(parts[1::2], parts[2::2], strict=True)).items():
            archive.writestr(name.decode("latin-1"), text)
    return packed.getvalue()


if __name__ == "__main__":
    fuzz("roster", prepared, ["enroll", "attendance", "csv", "zipfile"])

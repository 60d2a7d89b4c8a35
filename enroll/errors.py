"""Everything that `enroll` may raise, as one tree.

EnrollError
├── PhotoError            the bytes are no picture that can be used
│   ├── PhotoMissing          photo.missing
│   ├── PhotoIsDirectory      photo.is_directory
│   ├── PhotoUnreadable       photo.unreadable
│   ├── PhotoEmpty            photo.empty
│   ├── PhotoTooManyBytes     photo.too_many_bytes
│   ├── PhotoTooManyPixels    photo.too_many_pixels
│   ├── PhotoTooSmall         photo.too_small
│   ├── PhotoUnknownFormat    photo.unknown_format
│   ├── PhotoTruncated        photo.truncated
│   └── PhotoDamaged          photo.damaged
├── FaceError             the picture is fine, its faces are not
│   ├── NoFace                face.none
│   ├── SeveralFaces          face.several
│   └── PhotoRefused          enroll.refused (carries the reason codes)
├── NameInvalid           name.invalid
├── RosterError           a list or folder of photos cannot be read
│   ├── RosterMissing         roster.missing
│   ├── RosterEncoding        roster.encoding
│   ├── RosterHeader          roster.header
│   ├── RosterBroken          roster.broken
│   ├── RosterEmpty           roster.empty
│   ├── RosterDeep            roster.deep
│   └── RosterRow             roster.row
├── EncoderError          the encoder cannot be used
│   ├── EncoderMissing        encoder.missing
│   ├── EncoderAltered        encoder.altered
│   ├── CardInvalid           encoder.card
│   └── EncoderFailed         encoder.failed
└── DetectorError         the face detector cannot be used
    ├── DetectorMissing       detector.missing
    ├── DetectorAltered       detector.altered
    └── DetectorFailed        detector.failed
"""

# ruff: noqa: N818 - the ids and the tree say "error"; the names say which one

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from enroll.face import Quality


# File names may hold anything; what would command a terminal, or cannot be encoded, is shown escaped.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _one_line(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], " ".join(text.split()))


class EnrollError(Exception):
    """Base of the tree: `where` names the file or thing, `detail` says what is wrong with it."""

    id: ClassVar[str] = "enroll.failed"
    exit_code: ClassVar[int] = 1
    help: ClassVar[str] = "Run the command again with --debug and report what it prints."

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(where, detail)
        self.where = _one_line(where)
        self.detail = _one_line(detail)

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}"


class PhotoError(EnrollError):
    """The bytes are no picture that can be used."""


class PhotoMissing(PhotoError):
    """There is no such file."""

    id = "photo.missing"
    help = "Check the path's spelling and that the disk is mounted."


class PhotoIsDirectory(PhotoError):
    """A folder was given where one photo is expected."""

    id = "photo.is_directory"
    help = "Name one photo, or enrol the whole folder."


class PhotoUnreadable(PhotoError):
    """The system refuses to hand out the bytes."""

    id = "photo.unreadable"
    help = "Check the file's permissions and that it is an ordinary file."


class PhotoEmpty(PhotoError):
    """The file holds no bytes."""

    id = "photo.empty"
    help = "Copy the photo again: this file holds no bytes."


class PhotoTooManyBytes(PhotoError):
    """The file is larger than any photo needs to be."""

    id = "photo.too_many_bytes"
    help = "Save the photo smaller, for example as a JPEG of 12 megapixels."


class PhotoTooManyPixels(PhotoError):
    """The header promises more pixels than can be decoded safely."""

    id = "photo.too_many_pixels"
    help = "Scale the photo down, for example to 4000 pixels on its longer side."


class PhotoTooSmall(PhotoError):
    """No face fits into so few pixels."""

    id = "photo.too_small"
    help = "Use a photo in which the face is at least 50 pixels high."


class PhotoUnknownFormat(PhotoError):
    """The content is none of the formats that are read."""

    id = "photo.unknown_format"
    help = "Save the photo as JPEG, PNG or WebP; renaming the file does not change its format."


class PhotoTruncated(PhotoError):
    """The file ends before the picture does."""

    id = "photo.truncated"
    help = "Copy the photo again: its end is missing."


class PhotoDamaged(PhotoError):
    """The file's format is known, its content makes no sense."""

    id = "photo.damaged"
    help = "Open the photo in a viewer and save it anew, or take another one."


class FaceError(EnrollError):
    """The picture is fine, its faces are not."""


class NoFace(FaceError):
    """The detector finds no face."""

    id = "face.none"
    help = "Use a photo that shows the face from the front, upright and unobstructed."


class SeveralFaces(FaceError):
    """More than one face could be meant."""

    id = "face.several"
    help = (
        "Cut the photo to one face, or run the command again with --multi largest: "
        "it takes the largest face, and leaves photos that are enrolled already as they are."
    )


class PhotoRefused(FaceError):
    """The face was found but is not good enough; `reasons` holds the codes, `quality` the measurements."""

    id = "enroll.refused"
    help = "Take another photo: near, sharp, evenly lit, looking into the camera."

    def __init__(self, where: str, reasons: tuple[str, ...], quality: "Quality | None" = None) -> None:
        super().__init__(where, "refused because of " + ", ".join(reasons))
        self.reasons = reasons
        self.quality = quality

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.where, self.reasons, self.quality)


class NameInvalid(EnrollError):
    """A person's name is empty, too long or holds control characters."""

    id = "name.invalid"
    exit_code = 2
    help = "Give a name of 1 to 200 visible characters."


class RosterError(EnrollError):
    """A list or folder of photos cannot be read."""

    exit_code = 2


class RosterMissing(RosterError):
    """There is no such list or folder, or it cannot be opened."""

    id = "roster.missing"
    help = "Check the path of the list or folder."


class RosterEncoding(RosterError):
    """The list is neither UTF-8 nor UTF-16."""

    id = "roster.encoding"
    help = "Save the list as UTF-8 (in Excel: 'CSV UTF-8')."


class RosterHeader(RosterError):
    """The first line does not name the columns that are needed."""

    id = "roster.header"
    help = "Start the list with the line photo,name or photo,name,id,group."


class RosterBroken(RosterError):
    """The list cannot be divided into rows: a quote is not closed, or it is far too long."""

    id = "roster.broken"
    help = "Correct the line named, or save the list anew from a spreadsheet."


class RosterEmpty(RosterError):
    """The list or folder names no photo."""

    id = "roster.empty"
    help = "Add at least one photo."


class RosterDeep(RosterError):
    """A photo lies deeper in a folder than a person's folder, so that nobody can tell whose it is."""

    id = "roster.deep"
    exit_code = 1
    help = "Enrol the folder in which the people's own folders lie."


class RosterRow(RosterError):
    """A row is incomplete, its id stands for another name as well, or its name without an id in another source."""

    id = "roster.row"
    exit_code = 1
    help = "Correct the row, or give people ids, and run the command again; the others are enrolled."


class EncoderError(EnrollError):
    """The encoder cannot be used."""

    exit_code = 3


class EncoderMissing(EncoderError):
    """The encoder's folder or one of its files is absent."""

    id = "encoder.missing"
    help = "Install the package again, or name a folder that holds encoder.onnx, cohort.npy and card.json."


class EncoderAltered(EncoderError):
    """A file differs from what its card promises."""

    id = "encoder.altered"
    help = "Restore the encoder's folder from where it came; nothing is compared with an altered encoder."


class CardInvalid(EncoderError):
    """The card cannot be understood."""

    id = "encoder.card"
    help = "Restore card.json from where the encoder came, or export the encoder again."


class EncoderFailed(EncoderError):
    """The encoder does not load or gives numbers that are no embedding."""

    id = "encoder.failed"
    help = "Run `attendance doctor`; if the files are intact, report the message."


class DetectorError(EnrollError):
    """The face detector cannot be used."""

    exit_code = 3


class DetectorMissing(DetectorError):
    """The detector's file or its card is absent."""

    id = "detector.missing"
    help = "The detector comes with the package: pip install --force-reinstall attendance."


class DetectorAltered(DetectorError):
    """The detector's file is not the one on its card."""

    id = "detector.altered"
    help = "Restore it; no face is searched with an altered detector: pip install --force-reinstall attendance."


class DetectorFailed(DetectorError):
    """The detector does not load or gives numbers that are no face."""

    id = "detector.failed"
    help = "Run `attendance doctor`; if the file is intact, report the message."

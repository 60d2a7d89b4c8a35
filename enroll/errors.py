"""Everything that `enroll` may raise, as one tree; docs/errors.md draws it."""

# ruff: noqa: N818 - the ids and the tree say "error"; the names say which one

from typing import TYPE_CHECKING, Final

from refusal import Refusal

if TYPE_CHECKING:
    from enroll.face import Quality

HELP: Final = {
    "photo.missing": "Check the path's spelling and that the disk is mounted.",
    "photo.is_directory": "Name one photo, or enrol the whole folder.",
    "photo.unreadable": "Check the file's permissions and that it is an ordinary file.",
    "photo.empty": "Copy the photo again: this file holds no bytes.",
    "photo.too_many_bytes": "Save the photo smaller, for example as a JPEG of 12 megapixels.",
    "photo.too_many_pixels": "Scale the photo down, for example to 4000 pixels on its longer side.",
    "photo.too_small": "Use a photo in which the face is at least 50 pixels high.",
    "photo.unknown_format": "Save the photo as JPEG, PNG or WebP; renaming the file does not change its format.",
    "photo.truncated": "Copy the photo again: its end is missing.",
    "photo.damaged": "Open the photo in a viewer and save it anew, or take another one.",
    "face.none": "Use a photo that shows the face from the front, upright and unobstructed.",
    "face.several": (
        "Cut the photo to one face, or run the command again with --multi largest: "
        "it takes the largest face, and leaves photos that are enrolled already as they are."
    ),
    "enroll.refused": "Take another photo: near, sharp, evenly lit, looking into the camera.",
    "name.invalid": "Give a name of 1 to 200 visible characters.",
    "roster.missing": "Check the path of the list or folder.",
    "roster.encoding": "Save the list as UTF-8 (in Excel: 'CSV UTF-8').",
    "roster.header": "Start the list with the line photo,name or photo,name,id,group.",
    "roster.broken": "Correct the line named, or save the list anew from a spreadsheet.",
    "roster.empty": "Add at least one photo.",
    "roster.deep": "Enrol the folder in which the people's own folders lie.",
    "roster.row": "Correct the row, or give people ids, and run the command again; the others are enrolled.",
    "part.unknown": "Check the name's spelling, and that the program that brings it has registered it.",
    "screen.failed": "No mark is made of what it was asked about; report the message to whoever made the screen.",
    "encoder.missing": "Install the package again, or name a folder that holds encoder.onnx, cohort.npy and card.json.",
    "encoder.altered": "Restore the encoder's folder from where it came; nothing is compared with an altered encoder.",
    "encoder.card": "Restore card.json from where the encoder came, or export the encoder again.",
    "encoder.failed": "Run `attendance doctor`; if the files are intact, report the message.",
    "detector.missing": "The detector comes with the package: pip install --force-reinstall attendance.",
    "detector.altered": (
        "Restore it; no face is searched with an altered detector: pip install --force-reinstall attendance."
    ),
    "detector.failed": "Run `attendance doctor`; if the file is intact, report the message.",
}


class EnrollError(Refusal, helps=HELP):
    """Base of the tree: `where` names the file or thing, `detail` says what is wrong with it."""


class PhotoError(EnrollError):
    """The bytes are no picture that can be used."""


class PhotoMissing(PhotoError, id="photo.missing"):
    """There is no such file."""


class PhotoIsDirectory(PhotoError, id="photo.is_directory"):
    """A folder was given where one photo is expected."""


class PhotoUnreadable(PhotoError, id="photo.unreadable"):
    """The system refuses to hand out the bytes."""


class PhotoEmpty(PhotoError, id="photo.empty"):
    """The file holds no bytes."""


class PhotoTooManyBytes(PhotoError, id="photo.too_many_bytes"):
    """The file is larger than any photo needs to be."""


class PhotoTooManyPixels(PhotoError, id="photo.too_many_pixels"):
    """The header promises more pixels than can be decoded safely."""


class PhotoTooSmall(PhotoError, id="photo.too_small"):
    """No face fits into so few pixels."""


class PhotoUnknownFormat(PhotoError, id="photo.unknown_format"):
    """The content is none of the formats that are read."""


class PhotoTruncated(PhotoError, id="photo.truncated"):
    """The file ends before the picture does."""


class PhotoDamaged(PhotoError, id="photo.damaged"):
    """The file's format is known, its content makes no sense."""


class FaceError(EnrollError):
    """The picture is fine, its faces are not."""


class NoFace(FaceError, id="face.none"):
    """The detector finds no face."""


class SeveralFaces(FaceError, id="face.several"):
    """More than one face could be meant."""


class PhotoRefused(FaceError, id="enroll.refused"):
    """The face was found but is not good enough; `reasons` holds the codes, `quality` the measurements."""

    def __init__(self, where: str, reasons: tuple[str, ...], quality: "Quality | None" = None) -> None:
        super().__init__(where, "refused because of " + ", ".join(reasons))
        self.reasons = reasons
        self.quality = quality
        self.args = (where, reasons, quality)  # what it is made from again beyond a process border


class NameInvalid(EnrollError, id="name.invalid", exit_code=2):
    """A person's name is empty, too long or holds control characters."""


class RosterError(EnrollError, exit_code=2):
    """A list or folder of photos cannot be read."""


class RosterMissing(RosterError, id="roster.missing"):
    """There is no such list or folder, or it cannot be opened."""


class RosterEncoding(RosterError, id="roster.encoding"):
    """The list is neither UTF-8 nor UTF-16."""


class RosterHeader(RosterError, id="roster.header"):
    """The first line does not name the columns that are needed."""


class RosterBroken(RosterError, id="roster.broken"):
    """The list cannot be divided into rows: a quote is not closed, or it is far too long."""


class RosterEmpty(RosterError, id="roster.empty"):
    """The list or folder names no photo."""


class RosterDeep(RosterError, id="roster.deep", exit_code=1):
    """A photo lies deeper in a folder than a person's folder, so that nobody can tell whose it is."""


class RosterRow(RosterError, id="roster.row", exit_code=1):
    """A row is incomplete, its id stands for another name as well, or its name without an id in another source."""


class StageError(EnrollError, exit_code=3):
    """A link of the chain from picture to template is none, or broke."""


class PartUnknown(StageError, id="part.unknown"):
    """No detector or screen is known by this name."""


class ScreenFailed(StageError, id="screen.failed"):
    """A screen broke, or gave an answer that is none, so that nobody knows what speaks against the face."""


class EncoderError(EnrollError, exit_code=3):
    """The encoder cannot be used."""


class EncoderMissing(EncoderError, id="encoder.missing"):
    """The encoder's folder or one of its files is absent."""


class EncoderAltered(EncoderError, id="encoder.altered"):
    """A file differs from what its card promises."""


class CardInvalid(EncoderError, id="encoder.card"):
    """The card cannot be understood."""


class EncoderFailed(EncoderError, id="encoder.failed"):
    """The encoder does not load or gives numbers that are no embedding."""


class DetectorError(EnrollError, exit_code=3):
    """The face detector cannot be used."""


class DetectorMissing(DetectorError, id="detector.missing"):
    """The detector's file or its card is absent."""


class DetectorAltered(DetectorError, id="detector.altered"):
    """The detector's file is not the one on its card."""


class DetectorFailed(DetectorError, id="detector.failed"):
    """The detector does not load or gives numbers that are no face."""

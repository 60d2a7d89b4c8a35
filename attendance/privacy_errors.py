"""What is refused for data protection: consent, holds, erasure, receipts, the log's chain, backups by schedule.

They belong to the tree of `attendance.errors`, in a file of their own.
"""

# ruff: noqa: N818  as in attendance.errors

from typing import Final

from attendance.errors import AttendanceError

HELP: Final = {
    "audit.anchor": "Give a file made by 'attendance audit anchor', whole and unchanged, of this very home.",
    "audit.broken": "Keep the database as it is, and compare it with the last backup before you go on.",
    "backup.folder": "Give a folder that is there and may be written to: 'attendance config set backup_folder DIR'.",
    "backup.keep": "Write numbers with d, w, m or y, such as 7d,4w,12m.",
    "backup.none": "'attendance backups run' writes one; a file that lies elsewhere can be named.",
    "consent.form": "Ask for a new form; 'attendance consent form FILE PERSON' makes one.",
    "consent.missing": (
        "Record it first, 'attendance consent give PERSON' (somebody new is entered by 'attendance gallery add NAME'), "
        "or 'enroll --consent self'; PIN, QR code and badge need none."
    ),
    "consent.text": "'attendance consent texts' lists the texts by version and language.",
    "consent.unknown": "'attendance consent show PERSON' tells what was said.",
    "erase.traces": "The receipt names the files: delete what is yours, then 'attendance privacy scan --person NAME'.",
    "hold.active": "'attendance hold list' tells why; 'attendance hold lift NUMBER' ends it.",
    "hold.unknown": "'attendance hold list' shows the numbers.",
    "key.place": "Choose a place apart from the home and from the folder for backups, such as a stick or a safe.",
    "purge.clock": "Set the clock right; '--clock-is-right' goes on all the same.",
    "receipt.invalid": "Keep it apart, and ask who has changed it; 'attendance audit list' tells what was done.",
    "totp.off": "Set it up on the page Account.",
    "totp.wrong": "Type the six digits that the telephone shows now, or one of the codes that you kept.",
}


class PrivacyError(AttendanceError, helps=HELP):
    """Data protection does not allow it, or its evidence does not hold."""


class AuditBroken(PrivacyError, id="audit.broken"):
    """The log is not as it was written."""


class AnchorInvalid(PrivacyError, id="audit.anchor"):
    """A file of anchors cannot be used."""


class BackupFolder(PrivacyError, id="backup.folder"):
    """There is no folder for backups by schedule, or it cannot be used."""


class BackupKeep(PrivacyError, id="backup.keep"):
    """How many backups to keep cannot be understood."""


class BackupUnknown(PrivacyError, id="backup.none"):
    """There is no backup that could be tried."""


class ConsentMissing(PrivacyError, id="consent.missing"):
    """Somebody has not agreed that a template is made of their face, or not any more."""


class ConsentFormInvalid(PrivacyError, id="consent.form"):
    """A form of consent was used, is over, was taken back, or belongs to somebody else."""


class ConsentTextUnknown(PrivacyError, id="consent.text"):
    """There is no text of this version and language."""


class ConsentUnknown(PrivacyError, id="consent.unknown"):
    """Nothing was said that could be taken back."""


class ErasureTraces(PrivacyError, id="erase.traces"):
    """Bytes of somebody erased were found in a file of the home."""


class HoldActive(PrivacyError, id="hold.active"):
    """What is to be erased must be kept for the time being."""


class HoldUnknown(PrivacyError, id="hold.unknown"):
    """There is no hold of this number."""


class KeyPlace(PrivacyError, id="key.place"):
    """A copy of the key, or a recovery key, would lie beside what it opens."""


class PurgeClock(PrivacyError, id="purge.clock"):
    """The clock is far from where the log ends, so that too much would be deleted."""


class ReceiptInvalid(PrivacyError, id="receipt.invalid"):
    """A receipt was changed, or is no receipt of this home."""


class TotpOff(PrivacyError, id="totp.off"):
    """The account has no second factor, and needs one."""


class TotpWrong(PrivacyError, id="totp.wrong"):
    """The code of the second factor is wrong, or was used."""

"""What the service refuses: accounts, tokens, credentials, kiosks, uploads, edits, receivers, cameras it runs.

They belong to the tree of `attendance.errors`, in a file of their own as only the service raises them.
"""

# ruff: noqa: N818  as in attendance.errors

from typing import Final

from attendance.errors import AttendanceError

HELP: Final = {
    "access.form": "Load the page again and send it once more; nothing was changed.",
    "access.refused": "Ask somebody who may; an admin gives roles and groups under Settings.",
    "access.signin": "Check name and password; an admin can give a new password.",
    "access.signedout": "Sign in, then try again.",
    "account.exists": "Choose another name, or change the account that is there.",
    "account.last": "Make somebody else an admin first.",
    "account.password": "Choose a longer one: three or four words that do not belong together are good.",
    "account.unknown": "'attendance account list' shows the accounts.",
    "camera.itself": "Give the address of a camera, not of this service.",
    "credential.invalid": "Try again, or ask at the desk for another way in.",
    "credential.taken": "It belongs to somebody already: take it away there first.",
    "credential.unknown": "'attendance credential list' shows the numbers.",
    "edit.changed": "Look at what it is now, then send the change again.",
    "edit.unconditional": "Send the ETag that you read as If-Match.",
    "group.refused": "Choose among your own groups; an admin gives teachers more of them under Settings.",
    "job.unknown": "The page Jobs lists those that are remembered.",
    "key.reused": "Use a new Idempotency-Key for another request.",
    "kiosk.frame": "Reload the kiosk page.",
    "kiosk.undo": "Ask at the desk: it is too late to take it back here.",
    "limit.reached": "Wait as long as it says, then try again.",
    "mqtt.missing": "Install it with: pip install 'attendance[mqtt]'",
    "method.unknown": "Ask in one of the ways that the header Allow names.",
    "path.unknown": "/api/v1/openapi.json lists every path; /api/docs shows it.",
    "photo.unknown": "The list of the person's photos tells their numbers.",
    "page.cursor": "Begin again without the cursor.",
    "receiver.address": "Give an https:// address (or mqtt:// and mqtts:// for a broker) that this computer reaches.",
    "receiver.exists": "Choose another name, or change the receiver that is there.",
    "receiver.kind": "'attendance receiver add --help' lists the kinds of news.",
    "receiver.unknown": "'attendance receiver list' shows the receivers.",
    "request.invalid": "Correct what is named, then send it again.",
    "request.slow": "Send it again over a better connection.",
    "service.busy": "Try again in a moment; nothing was lost and nothing marked.",
    "serve.certificate": "Give both --tls-cert and --tls-key, PEM files that belong together, or --tls-self-signed.",
    "serve.insecure": "Pass --tls-self-signed, or --tls-cert and --tls-key; --insecure sends passwords unprotected.",
    "serve.port": "Choose another --port, or stop the program that uses it.",
    "serve.running": "Use that service, or stop it first; another home is served with --home and another --port.",
    "setup.over": "Start 'attendance serve' again: as long as nobody has an account it prints a new link.",
    "similarity.unknown": "Name folders of exported runs in the setting similarity; 'attendance doctor' examines them.",
    "similarity.unusable": "Export the run again: 'attendance train export RUN --to FOLDER --id NAME'.",
    "token.invalid": "Make a new one with 'attendance token add'.",
    "token.scope": "Make a token that has this scope.",
    "token.unknown": "'attendance token list' shows the numbers.",
    "upload.large": "Send a smaller file; a photo of 2,000 pixels is plenty.",
    "web.missing": "Install it with: pip install 'attendance[web]'",
}


class ServiceError(AttendanceError, helps=HELP):
    """The service cannot do what was asked."""


class AccessError(ServiceError):
    """Somebody may not do this, or has not shown who they are."""


class FormStale(AccessError, id="access.form"):
    """A form came without the token of its page: it may be another site's."""


class AccessRefused(AccessError, id="access.refused"):
    """The role of whoever asks does not allow it."""


class SignInRefused(AccessError, id="access.signin"):
    """Name and password do not belong together."""


class SignedOut(AccessError, id="access.signedout"):
    """Nobody is signed in, or not any more."""


class AccountError(ServiceError):
    """An account cannot be used as asked."""


class AccountExists(AccountError, id="account.exists"):
    """There is an account of this name already."""


class AccountLast(AccountError, id="account.last"):
    """Without this account nobody could administer the service."""


class AccountPassword(AccountError, id="account.password"):
    """The password is too short, or too easily guessed."""


class AccountUnknown(AccountError, id="account.unknown"):
    """There is no account of this name."""


class CameraItself(ServiceError, id="camera.itself", exit_code=4):
    """The camera's address is that of this service, which would watch itself."""


class CredentialError(ServiceError):
    """A PIN, a QR code or a badge cannot be used as asked."""


class CredentialInvalid(CredentialError, id="credential.invalid"):
    """It belongs to nobody, is wrong, or was taken away."""


class CredentialTaken(CredentialError, id="credential.taken"):
    """It belongs to somebody else."""


class CredentialUnknown(CredentialError, id="credential.unknown"):
    """There is none of this number."""


class EditChanged(ServiceError, id="edit.changed"):
    """Somebody else has changed it since it was read."""


class EditUnconditional(ServiceError, id="edit.unconditional"):
    """A change came without saying which state it is a change of."""


class GroupsRefused(ServiceError, id="group.refused"):
    """Somebody would be put into a group of which whoever asks is no teacher."""


class JobUnknown(ServiceError, id="job.unknown"):
    """There is no job of this number."""


class KeyReused(ServiceError, id="key.reused"):
    """An Idempotency-Key came again with another request."""


class KioskFrame(ServiceError, id="kiosk.frame"):
    """What a kiosk sent is old, came before, or is not signed by its key."""


class KioskUndo(ServiceError, id="kiosk.undo"):
    """A mark can be taken back at the kiosk for some seconds only, and there alone."""


class LimitReached(ServiceError, id="limit.reached"):
    """It was tried too often; ``retry_after_s`` tells for how long it waits."""

    def __init__(self, where: str, detail: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(where, detail)
        self.retry_after_s = retry_after_s


class MqttMissing(ServiceError, id="mqtt.missing", exit_code=3):
    """The library that speaks MQTT is not installed."""


class MethodUnknown(ServiceError, id="method.unknown"):
    """There is something at this path, but it is not asked so."""


class PathUnknown(ServiceError, id="path.unknown"):
    """The API has nothing at this path."""


class PhotoUnknown(ServiceError, id="photo.unknown"):
    """A person has no photo of this number, or its face is not kept."""


class PageCursor(ServiceError, id="page.cursor"):
    """The cursor of a list is none that was given out."""


class ReceiverError(ServiceError):
    """A receiver cannot be used as asked."""


class ReceiverAddress(ReceiverError, id="receiver.address", exit_code=2):
    """The address cannot be used, or leads into a private network without leave."""


class ReceiverExists(ReceiverError, id="receiver.exists"):
    """There is a receiver of this name already."""


class ReceiverKind(ReceiverError, id="receiver.kind", exit_code=2):
    """There are no news of this kind."""


class ReceiverUnknown(ReceiverError, id="receiver.unknown"):
    """There is no receiver of this name."""


class RequestInvalid(ServiceError, id="request.invalid", exit_code=2):
    """A request lacks something, or says something that cannot be."""


class RequestSlow(ServiceError, id="request.slow"):
    """What was sent came so slowly that it was cut off."""


class ServiceBusy(ServiceError, id="service.busy"):
    """More is waiting than can be judged soon."""


class ServeError(ServiceError):
    """The service cannot start as asked."""


class ServeCertificate(ServeError, id="serve.certificate", exit_code=2):
    """Certificate and key cannot be used."""


class ServeInsecure(ServeError, id="serve.insecure", exit_code=2):
    """Other computers would reach the service without TLS."""


class ServePort(ServeError, id="serve.port", exit_code=3):
    """The port cannot be used."""


class ServeRunning(ServeError, id="serve.running", exit_code=3):
    """Another service serves this home."""


class SetupOver(ServiceError, id="setup.over"):
    """The link of the first setup was used, is over, or is not needed any more."""


class SimilarityError(ServiceError):
    """Pictures cannot be compared as asked."""


class SimilarityUnknown(SimilarityError, id="similarity.unknown"):
    """There is no such model that compares pictures, or none at all."""


class SimilarityUnusable(SimilarityError, id="similarity.unusable"):
    """The folder of a model that compares pictures is broken, altered or of something else."""


class TokenError(ServiceError):
    """A token cannot be used as asked."""


class TokenInvalid(TokenError, id="token.invalid"):
    """The token is unknown, revoked or over."""


class TokenScope(TokenError, id="token.scope"):
    """The token does not reach this far."""


class TokenUnknown(TokenError, id="token.unknown"):
    """There is no token of this number."""


class UploadLarge(ServiceError, id="upload.large"):
    """What was sent is larger than is taken in."""


class WebMissing(ServiceError, id="web.missing", exit_code=3):
    """The libraries of the service are not installed."""

"""What a recovery key cannot bring back: all that is sealed with the home's own key, which is lost.

People, marks, timetable, accounts and the log are there; who is to be recognised is enrolled anew, and addresses are
given anew. A new key takes the place of the lost one, and an entry of the log under it vouches for those before.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from gallery.repositories import chain, events, resealing
from gallery.schema import Meta
from gallery.vault.filevault import CHECK, KEY_FILE, check_value
from gallery.vault.key import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gallery.ports import Cipher, Transaction

RECOVERED = "key.recover"


def begin_anew(
    transaction: "Transaction", cipher: "Cipher", lying: bytes, *, at: datetime, by: str
) -> "Mapping[str, int]":
    """Forget what the lost key sealed, and have a new one be the home's; how much went, by kind.

    `lying` is what its key file holds, `cipher` what that seals with; the key of the log's links must be at hand.
    """
    gone = {kind: count for kind, count in resealing.drop_all(transaction).items() if count}
    for name, value in ((CHECK, check_value(cipher)), (KEY_FILE, fingerprint(lying))):
        transaction.merge(Meta(key=name, value=value))
    transaction.flush()
    chain.begin_anew(transaction, at=at, by=by)
    events.record(transaction, at=at, by=by, action=RECOVERED, subject="gallery", details=gone)
    return gone

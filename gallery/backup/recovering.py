"""What a recovery key cannot bring back: all that is sealed with the home's own key, which is lost.

People, marks, timetable, accounts and the log are there; who is to be recognised is enrolled anew, and addresses are
given anew. A new key takes the place of the lost one.
"""

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from gallery.privacytables import SecondFactorRow
from gallery.repositories import receivers
from gallery.schema import Crop, Meta, PlaceRow, SightingCrop, Template
from gallery.servicetables import AnswerRow, SecretRow
from gallery.vault.filevault import CHECK, check_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gallery.ports import Cipher, Transaction

RECOVERED = "key.recover"
_ROWS = {
    "crops": Crop,
    "templates": Template,
    "faces": SightingCrop,
    "answers": AnswerRow,
    "second_factors": SecondFactorRow,
    "secrets": SecretRow,
}
"""By kind, the tables whose rows are of no use without what is sealed in them."""


def forget_sealed(transaction: "Transaction", cipher: "Cipher") -> "Mapping[str, int]":
    """Forget what the lost key sealed, and have the new one (`cipher`) be the home's; how much went, by kind."""
    gone = {kind: transaction.scalar(select(func.count()).select_from(table)) or 0 for kind, table in _ROWS.items()}
    for table in _ROWS.values():
        transaction.execute(delete(table))
    unsent = [each.id for each in receivers.sealed(transaction)]
    receivers.drop_sealed(transaction, unsent, "gallery.key_missing")
    addresses = select(func.count()).select_from(PlaceRow).where(PlaceRow.address.is_not(None))
    gone |= {"receivers": len(unsent), "addresses": transaction.scalar(addresses) or 0}
    transaction.execute(update(PlaceRow).values(address=None))
    transaction.execute(update(Meta).where(Meta.key == CHECK).values(value=check_value(cipher)))
    transaction.expire_all()
    return {kind: count for kind, count in gone.items() if count}

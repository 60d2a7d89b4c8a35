"""From an open store to its sealer: the right key, or a clear refusal."""

import base64

from sqlalchemy import select

from gallery.errors import KeyWrong, TemplateAltered
from gallery.schema import Template
from gallery.sqlite.store import Store
from gallery.vault.seal import KEY, Sealer, load_key

_CHECK = "key_check"
_PLAIN = b"this key belongs to this home"


def _check_value(sealer: Sealer) -> str:
    return base64.b64encode(sealer.seal(_PLAIN, person="", encoder_id="", purpose="check")).decode()


def _opens(sealer: Sealer, check: str) -> bool:
    try:
        return sealer.open(base64.b64decode(check), person="", encoder_id="", purpose="check") == _PLAIN
    except (TemplateAltered, ValueError):
        return False


def _any_template(store: Store) -> bool:
    with store.reading() as session:
        return session.scalar(select(Template.id).limit(1)) is not None


def unlock(store: Store) -> Sealer:
    """The sealer of `store`; makes a key where nothing is sealed yet, and never over existing templates.

    Raises KeyMissing, KeyExposed, KeyWrong.
    """
    sealed = _any_template(store)
    key = load_key(store.home, create=not sealed and not store.read_only)
    sealer = Sealer(key, store.meta("home_id") or "")
    check = store.meta(_CHECK)
    if check is not None and _opens(sealer, check):
        return sealer
    if sealed:
        raise KeyWrong(str(store.home / KEY), "it does not open what is stored here")
    if not store.read_only:
        _adopt(store, sealer)
    return sealer


def _adopt(store: Store, sealer: Sealer) -> None:
    """Remember the key, unless somebody enrolled with another one in the meantime."""
    with store.atomic():
        check = store.meta(_CHECK)
        if check is not None and _opens(sealer, check):
            return
        if _any_template(store):
            raise KeyWrong(str(store.home / KEY), "it does not open what is stored here")
        store.set_meta(_CHECK, _check_value(sealer))

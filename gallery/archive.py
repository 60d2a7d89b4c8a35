"""Export and import of a gallery as one archive.

An archive is a zip of `manifest.json` and `people.json`, with a passphrase also `templates.json`. Without one
it holds people and groups alone, never a template. With one, each template is sealed under a key derived from
the passphrase by scrypt, and so is the digest of the other members: a changed archive or a wrong passphrase is
refused as a whole. Names are readable in every archive, so its file has mode 0600.
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gallery.errors import (
    DuplicateId,
    GalleryError,
    ImportInvalid,
    TemplateAltered,
)
from gallery.files import new_output
from gallery.names import clean
from gallery.repositories import changes, groups, news, people, templates
from gallery.repositories.events import PERSON_ADDED, record
from gallery.values import Pipelines, SealedTemplate
from gallery.vault.envelope import COST, KEY_BYTES
from gallery.vault.passphrases import checked_new
from gallery.vault.seal import Sealer
from refusal import Refusal
from refusal.zips import BROKEN_ZIP

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault

FORMAT = "attendance-gallery"
_MANIFEST, _PEOPLE, _TEMPLATES = "manifest.json", "people.json", "templates.json"
_LIMIT = 1 << 30
PLAIN, SEALED = 1, 2
"""The versions that are written, without a passphrase and with one."""
_COSTS = {PLAIN: {"n": 1 << 15, "r": 8, "p": 1}, SEALED: COST}
"""Of scrypt (RFC 7914) by version; archives of the first were sealed for less."""


@dataclass(frozen=True)
class Exported:
    """How much went into the archive."""

    people: int
    templates: int


@dataclass(frozen=True)
class Imported:
    """How much was new, and how much was there already."""

    people_added: int
    people_unchanged: int
    templates_added: int
    templates_unchanged: int
    not_admitted: tuple[str, ...] = ()
    """The ids of those of whom no template was taken, as they have not agreed to it."""


def _derived(passphrase: str, salt: bytes, archive_id: str, version: int) -> Sealer:
    key = Scrypt(salt=salt, length=KEY_BYTES, **_COSTS[version]).derive(passphrase.encode("utf-8", "surrogateescape"))
    return Sealer(key, archive_id)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# Writing


def export(database: "Database", vault: "Vault", path: Path, *, at: datetime, passphrase: str | None) -> Exported:
    """Write the archive `path`; raises NotEmpty where it exists, PassphraseShort."""
    if passphrase is not None:
        checked_new(passphrase, str(path))
    archive_id, salt = uuid4().hex, uuid4().bytes
    version = SEALED if passphrase else PLAIN
    sealer = _derived(passphrase, salt, archive_id, version) if passphrase else None
    with database.reading() as session:
        listed = _people(session)
        members = {_PEOPLE: _json(listed)}
        filed = _templates(session, vault.unlock(), sealer) if sealer else []
    if sealer:
        members[_TEMPLATES] = _json(filed)
    manifest = {
        "format": FORMAT,
        "version": version,
        "id": archive_id,
        "created": at.isoformat(),
        "salt": _text(salt) if sealer else None,
        "digests": _digests(members),
    }
    if sealer:
        manifest["seal"] = _text(sealer.seal(_json(manifest["digests"]), person="", pipeline_id="", purpose="digests"))
    _write(path, {_MANIFEST: _json(manifest), **members})
    return Exported(len(listed), len(filed))


def _digests(members: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}


def _people(session: "Transaction") -> list[dict[str, Any]]:
    return [
        {
            "id": person.external_id,
            "name": person.name,
            "note": person.note,
            "groups": list(person.groups),
            "active": person.active,
            "created": person.created.isoformat(),
        }
        for person in people.listed(session, (), None, active=None)
    ]


def _templates(session: "Transaction", source: "Cipher", target: Sealer) -> list[dict[str, Any]]:
    return [_filed(source, target, each) for each in templates.sealed(session)]


def _filed(source: "Cipher", target: "Cipher", each: SealedTemplate) -> dict[str, Any]:
    row, ref = each.template, each.external_id

    def moved(sealed: bytes, purpose: str) -> str:
        plain = source.open(sealed, person=row.person_id, pipeline_id=row.pipeline_id, purpose=purpose)
        return _text(target.seal(plain, person=ref, pipeline_id=row.pipeline_id, purpose=purpose))

    return {
        "person": ref,
        "encoder": row.pipeline_id,
        "vector": moved(each.vector, templates.VECTOR),
        "crop": None if each.crop is None else moved(each.crop, templates.CROP),
        "form": None if each.crop is None else each.form,
        "quality": row.quality,
        "source": row.source,
        "sha256": row.source_sha256,
        "created": row.created.isoformat(),
    }


def _write(path: Path, members: Mapping[str, bytes]) -> None:
    with new_output(path, "archive") as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)


# Reading


@dataclass(frozen=True)
class Taking:
    """When an archive is taken in and by whom; from ``day`` on those who are here already belong to its groups.

    ``admitted`` gives a photo as it may be filed for somebody, and raises what refuses it.
    """

    at: datetime
    by: str
    day: date
    admitted: "Callable[[Transaction, int, templates.Photo], templates.Photo]"


@dataclass(frozen=True)
class _Archive:
    people: list[dict[str, Any]]
    templates: list[dict[str, Any]]
    sealer: Sealer | None


def _members(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            names = set(file.namelist()) & {_MANIFEST, _PEOPLE, _TEMPLATES}
            if any(file.getinfo(name).file_size > _LIMIT for name in names):
                raise ImportInvalid(str(path), "it is larger than any gallery")
            return {name: file.read(name) for name in names}
    except (*BROKEN_ZIP, OSError) as error:
        raise ImportInvalid(str(path), f"it cannot be read as an archive ({error})") from error


def _read(path: Path, passphrase: str | None) -> _Archive:
    members = _members(path)
    try:
        manifest = json.loads(members.pop(_MANIFEST))
        if manifest["format"] != FORMAT or manifest["version"] not in _COSTS:
            raise ImportInvalid(str(path), f"expected {FORMAT} version {PLAIN} or {SEALED}")
        if manifest["digests"] != _digests(members):
            raise ImportInvalid(str(path), "its parts do not match its manifest")
        sealer = _unlock(path, manifest, passphrase)
        people = json.loads(members[_PEOPLE])
        filed = json.loads(members[_TEMPLATES]) if sealer else []
        return _Archive(people, filed, sealer)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ImportInvalid(str(path), "it is not an archive of a gallery") from error


def _unlock(path: Path, manifest: Mapping[str, Any], passphrase: str | None) -> Sealer | None:
    if manifest["salt"] is None:
        return None
    if not passphrase:
        raise ImportInvalid(str(path), "it is sealed: a passphrase is needed")
    try:
        sealer = _derived(passphrase, base64.b64decode(manifest["salt"]), manifest["id"], manifest["version"])
        sealed = base64.b64decode(manifest["seal"])
        digests = sealer.open(sealed, person="", pipeline_id="", purpose="digests")
    except (TemplateAltered, InvalidKey) as error:
        raise ImportInvalid(str(path), "the passphrase is wrong, or the archive was changed") from error
    if digests != _json(manifest["digests"]):
        raise ImportInvalid(str(path), "the archive was changed")
    return sealer


def import_(
    database: "Database",
    vault: "Vault",
    pipelines: Pipelines,
    path: Path,
    taking: Taking,
    *,
    passphrase: str | None,
) -> Imported:
    """Take in the archive `path`, all of it or nothing.

    People are matched by id; the same id under another name is refused as DuplicateId. Raises ImportInvalid.
    """
    found = _read(Path(path), passphrase)
    try:
        with database.atomic() as session:
            added = [_take_person(database, session, person, taking) for person in found.people]
            without = dict[str, None]()
            filed = [
                _take_template(vault, pipelines, session, found, entry, taking, without) for entry in found.templates
            ]
            told = [each for each in filed if each is not None]
            result = Imported(sum(added), len(added) - sum(added), sum(told), len(told) - sum(told), tuple(without))
            if any(added) or any(told):
                counts = {"people": result.people_added, "templates": result.templates_added}
                subject = "gallery"
                record(session, at=taking.at, by=taking.by, action="gallery.import", subject=subject, details=counts)
                database.bump(session)
            return result
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ImportInvalid(str(path), "an entry of it cannot be understood") from error


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _take_person(database: "Database", session: "Transaction", entry: Mapping[str, Any], taking: Taking) -> bool:
    ref, name = clean(entry["id"], "id"), clean(entry["name"], "name")
    row = people.by_id(session, ref)
    if row is not None and row.name != name:
        raise DuplicateId(ref, "somebody with another name has this id here")
    new = row is None
    if row is None:
        row = people.insert(session, name, ref, str(entry["note"]), _instant(entry["created"]))
        row.active = bool(entry["active"])
        changes.note(session, [row.id])
        record(session, at=taking.at, by=taking.by, action=PERSON_ADDED, subject=row.id)
    day = None if new else taking.day
    joined = groups.add_member(session, row.id, entry["groups"], day=day, at=taking.at, by=taking.by)
    if joined and not new:
        database.bump(session)
        _tell(session, row.id, taking)
    return new


def _take_template(
    vault: "Vault",
    pipelines: Pipelines,
    session: "Transaction",
    found: _Archive,
    entry: Mapping[str, Any],
    taking: Taking,
    without: dict[str, None],
) -> bool | None:
    """Whether it is new; None where its person has not agreed to it, whose id is then among those ``without``."""
    ref, pipeline = clean(entry["person"], "id"), str(entry["encoder"])

    def opened(text: str, purpose: str) -> bytes:
        if found.sealer is None:
            raise ValueError("no key")
        return found.sealer.open(base64.b64decode(text), person=ref, pipeline_id=pipeline, purpose=purpose)

    person = people.by_id(session, ref)
    if person is None:
        raise ImportInvalid(ref, "a template of the archive is of nobody in it")
    blank = templates.Photo({}, "", "", None, taking.at)
    try:
        taking.admitted(session, person.id, blank)
    except Refusal:
        without[ref] = None
        return None
    try:
        payload = opened(entry["vector"], templates.VECTOR)
        crop = None if entry["crop"] is None else opened(entry["crop"], templates.CROP)
    except GalleryError as error:
        raise ImportInvalid(ref, "a template of the archive does not open") from error
    created = _instant(entry["created"])
    picture, landmarks = (None, None) if crop is None else templates.unpacked(crop, entry.get("form") or "aligned")
    photo = templates.Photo(entry["quality"], str(entry["source"]), str(entry["sha256"]), picture, created, landmarks)
    photo = taking.admitted(session, person.id, photo)
    names = pipelines if pipeline in pipelines else (pipeline,)
    added = templates.insert(session, vault.unlock(), names, person.id, payload, photo)
    if added.changed:
        details = {"template": added.template_id, "pipeline": names[0]}
        record(session, at=taking.at, by=taking.by, action="template.add", subject=person.id, details=details)
        _tell(session, person.id, taking)
    return added.changed


def _tell(session: "Transaction", person: int, taking: Taking) -> None:
    """Somebody who was here is not as they were."""
    news.add(session, [news.New(taking.at, news.PERSON_CHANGED, str(person), person)])

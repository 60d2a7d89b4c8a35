"""The sites of a home, and who belongs to which: somebody of no site belongs to all of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, or_, select, true
from sqlalchemy.orm import Session

from gallery.errors import SiteUnknown
from gallery.names import clean
from gallery.near import close_names, did_you_mean
from gallery.repositories.batches import in_batches
from gallery.schema import Person, PlaceRow
from gallery.sitetables import PersonSite, SiteRow


@dataclass(frozen=True, slots=True)
class Site:
    """A site as it stands; ``people`` of it are active, and so are those of ``everybody`` who belong to none."""

    name: str
    created: datetime
    by: str
    active: bool = True
    people: int = 0
    places: int = 0


# The sites


def add(session: Session, name: str, *, at: datetime, by: str) -> bool:
    """A new site, or one that was retired in use again; false where it is there already. Raises PersonInvalid."""
    wanted = clean(name, "site")
    row = session.get(SiteRow, wanted)
    if row is None:
        session.add(SiteRow(name=wanted, created=at, by=by, active=True))
    elif row.active:
        return False
    else:
        row.active = True
    session.flush()
    return True


def retire(session: Session, name: str) -> bool:
    """Have nobody assigned to it any more; who belongs to it stays there. False where it was retired before."""
    row = session.get(SiteRow, find(session, name))
    if row is None or not row.active:
        return False
    row.active = False
    session.flush()
    return True


def find(session: Session, name: str, *, active: bool = False) -> str:
    """The name as it is kept, by itself or but for upper and lower case; raises SiteUnknown, which tells near ones."""
    wanted = clean(name, "site")
    known = _pairs(session, select(SiteRow.name, SiteRow.active).order_by(SiteRow.name))
    found = wanted if wanted in known else next((each for each in known if each.casefold() == wanted.casefold()), None)
    if found is None:
        raise SiteUnknown(wanted, f"there is no site of this name{did_you_mean(close_names(wanted, known))}")
    if active and not known[found]:
        raise SiteUnknown(found, "this site was retired")
    return found


def names(session: Session, *, active: bool | None = None) -> list[str]:
    """The names of the sites, sorted: all, or those that are in use, or those that are not."""
    query = select(SiteRow.name).order_by(SiteRow.name)
    return list(session.scalars(query if active is None else query.where(SiteRow.active == active)))


def listed(session: Session) -> list[Site]:
    """Every site by name, with how many active people and how many places are its own."""
    people = select(PersonSite.site, func.count()).join(Person, Person.id == PersonSite.person_id).where(Person.active)
    counted = _pairs(session, people.group_by(PersonSite.site))
    places = select(PlaceRow.site, func.count()).where(PlaceRow.active).group_by(PlaceRow.site)
    standing = _pairs(session, places)
    rows = session.scalars(select(SiteRow).order_by(SiteRow.name))
    return [
        Site(row.name, row.created, row.by, row.active, counted.get(row.name, 0), standing.get(row.name, 0))
        for row in rows
    ]


def _pairs(session: Session, query: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in session.execute(query)}


# Who belongs where


def belongs(person: Any, site: str | None) -> Any:
    """Whether somebody, told by a column of internal ids, belongs to the site, or to none; with None, to any."""
    if site is None:
        return true()
    own = exists().where(PersonSite.person_id == person, PersonSite.site == site)
    return or_(own, ~exists().where(PersonSite.person_id == person))


def members_at(session: Session, site: str | None) -> set[int]:
    """The internal ids of the active people of a site and of those who belong to none; with None, of everybody."""
    return set(session.scalars(select(Person.id).where(Person.active, belongs(Person.id, site))))


def everybody_at(session: Session, site: str | None) -> set[int]:
    """As `members_at`, but those who were set inactive, too."""
    return set(session.scalars(select(Person.id).where(belongs(Person.id, site))))


def of_people(session: Session, people: Collection[int] | None = None) -> dict[int, tuple[str, ...]]:
    """By internal id the sites that somebody belongs to, sorted; who belongs to none is left out."""
    query = select(PersonSite.person_id, PersonSite.site).order_by(PersonSite.person_id, PersonSite.site)
    parts = (
        [query]
        if people is None
        else [query.where(PersonSite.person_id.in_(some)) for some in in_batches(sorted(people))]
    )
    found: dict[int, list[str]] = {}
    for part in parts:
        for person, site in session.execute(part):
            found.setdefault(person, []).append(site)
    return {person: tuple(sites) for person, sites in found.items()}


def of(session: Session, person: int) -> tuple[str, ...]:
    """The sites that somebody belongs to, sorted; none: all of them."""
    return of_people(session, [person]).get(person, ())


def assign(session: Session, person: int, sites: Iterable[str]) -> bool:
    """Have somebody belong to these sites alone (none: to all); whether that is new. The names are those of `find`."""
    wanted, before = set(sites), set(of(session, person))
    gone, new = before - wanted, wanted - before
    if gone:
        session.execute(delete(PersonSite).where(PersonSite.person_id == person, PersonSite.site.in_(gone)))
    if new:
        session.execute(insert(PersonSite), [{"person_id": person, "site": each} for each in sorted(new)])
    return bool(gone or new)


def move(session: Session, person: int, heir: int) -> None:
    """Whoever is merged into another: the other belongs wherever one of the two did, or to all where one did."""
    own, others = of(session, person), of(session, heir)
    assign(session, heir, {*own, *others} if own and others else ())
    assign(session, person, ())


def unknown(session: Session, wanted: Mapping[str, object] | Iterable[str]) -> list[str]:
    """Of these names those that are no site's."""
    known = {each.casefold() for each in names(session)}
    return sorted({each for each in wanted if each.casefold() not in known})

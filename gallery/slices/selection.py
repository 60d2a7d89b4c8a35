"""Which rows a site's slice holds, table by table: no more than it takes to know people and to mark them.

A table that is not named here is not in a slice. What nobody needs who only marks is left empty in the rows that are:
notes, reasons, passwords, the addresses of other sites' cameras.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Select, and_, case, false, literal, null, or_, select, true

from gallery.columns import JsonText
from gallery.privacytables import ConsentRow, ConsentTextRow, HoldRow
from gallery.repositories import chain
from gallery.repositories.sites import belongs
from gallery.schema import (
    METADATA,
    Alias,
    ApprovalRow,
    CalendarEntryRow,
    CorrectionRow,
    Group,
    LookalikeRow,
    MarkRow,
    Membership,
    MembershipChange,
    MonthRow,
    Person,
    PlaceRow,
    RuleRow,
    RuleVersionRow,
    SessionRow,
    SightingRow,
    Template,
    WithdrawalRow,
)
from gallery.servicetables import (
    AccountGroup,
    AccountRow,
    AttemptRow,
    CredentialRow,
    SecretRow,
    SignInRow,
    TokenRow,
    WatchRow,
)
from gallery.sitetables import PersonSite, SiteRow

RECENT: Final = timedelta(days=2)
"""How far back days are taken along: a night that began yesterday goes on."""
ASIDE: Final = "aside"
"""The secret that seals what was done in a slice and could not be taken yet."""
_HERE_ALONE: Final = (chain.PURPOSE, "erased", ASIDE)
"""The secrets that stay with the database: of the log's links, of the lists of what was erased, of what is aside."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of which site (None: all of the home) the rows are, at which instant."""

    site: str | None
    at: datetime

    @property
    def people(self) -> Any:
        """The internal ids of the active people of the site."""
        return select(Person.id).where(Person.active, belongs(Person.id, self.site))

    @property
    def sessions(self) -> Any:
        """Named ones that are open and those of the last days."""
        here = true() if self.site is None else or_(SessionRow.site.is_(None), SessionRow.site == self.site)
        still = or_(SessionRow.closes.is_(None), SessionRow.closes > self.at)
        named = and_(SessionRow.kind == "named", still, here)
        days = and_(SessionRow.kind == "day", SessionRow.opens >= self.at - RECENT)
        return select(SessionRow.id).where(or_(named, days))

    @property
    def marks(self) -> Any:
        """The marks of these people in these sessions."""
        return select(MarkRow.id).where(MarkRow.person_id.in_(self.people), MarkRow.session_id.in_(self.sessions))

    @property
    def places(self) -> Any:
        """The places of the site, and those of none."""
        return select(PlaceRow.id).where(self.own_place)

    @property
    def own_place(self) -> Any:
        """Whether `PlaceRow` is one of the site, or of none."""
        return true() if self.site is None else or_(PlaceRow.site.is_(None), PlaceRow.site == self.site)


def _blank(row: Any, **instead: Any) -> Select[Any]:
    """All columns of a table, these with another value."""
    return select(*(instead.get(each.name, each).label(each.name) for each in row.__table__.columns))


_EMPTY: Final = literal("")


def _tokens(chosen: Chosen) -> Any:
    here = or_(TokenRow.place_id.is_(None), TokenRow.place_id.in_(chosen.places))
    return select(TokenRow.__table__).where(TokenRow.kind.in_(("api", "kiosk")), TokenRow.revoked.is_(None), here)


def _rules(chosen: Chosen) -> Any:
    return or_(RuleRow.person_id.is_(None), RuleRow.person_id.in_(chosen.people))


def _sightings(chosen: Chosen) -> Any:
    """Those that marks rest on, for how these were made; they name nobody."""
    wanted = select(MarkRow.sighting_id).where(MarkRow.id.in_(chosen.marks), MarkRow.sighting_id.is_not(None))
    nothing = {
        "person_id": null(),
        "candidates": literal([], JsonText()),
        "quality": literal({}, JsonText()),
        "box": null(),
    }
    return _blank(SightingRow, source=_EMPTY, **nothing).where(SightingRow.id.in_(wanted))


def _of(column: str) -> Callable[[Any], Callable[[Chosen], Any]]:
    def of(row: Any) -> Callable[[Chosen], Any]:
        return lambda chosen: select(row.__table__).where(getattr(row, column).in_(chosen.people))

    return of


def _all(row: Any) -> Callable[[Chosen], Any]:
    return lambda _: select(row.__table__)


_OF_PEOPLE = _of("person_id")
_ROWS: Final[Mapping[str, Callable[[Chosen], Any]]] = MappingProxyType(
    {
        row.__tablename__: query
        for row, query in (
            (AccountGroup, lambda _: select(AccountGroup.__table__).join(AccountRow).where(AccountRow.active)),
            (AccountRow, lambda _: _blank(AccountRow, password=_EMPTY).where(AccountRow.active)),
            (Alias, _OF_PEOPLE(Alias)),
            (
                ApprovalRow,
                lambda chosen: _blank(ApprovalRow, reason=_EMPTY).where(ApprovalRow.mark_id.in_(chosen.marks)),
            ),
            (AttemptRow, _all(AttemptRow)),
            (CalendarEntryRow, _all(CalendarEntryRow)),
            (
                ConsentRow,
                lambda chosen: _blank(ConsentRow, giver=_EMPTY, reason=_EMPTY, document_sha256=null()).where(
                    ConsentRow.person_id.in_(chosen.people)
                ),
            ),
            (ConsentTextRow, _all(ConsentTextRow)),
            (
                CorrectionRow,
                lambda chosen: _blank(CorrectionRow, reason=_EMPTY).where(CorrectionRow.mark_id.in_(chosen.marks)),
            ),
            (CredentialRow, _OF_PEOPLE(CredentialRow)),
            (Group, _all(Group)),
            (
                HoldRow,
                lambda chosen: _blank(HoldRow, reason=_EMPTY).where(
                    or_(HoldRow.person_id.is_(None), HoldRow.person_id.in_(chosen.people))
                ),
            ),
            (
                LookalikeRow,
                lambda chosen: select(LookalikeRow.__table__).where(
                    LookalikeRow.first_id.in_(chosen.people), LookalikeRow.second_id.in_(chosen.people)
                ),
            ),
            (MarkRow, lambda chosen: select(MarkRow.__table__).where(MarkRow.id.in_(chosen.marks))),
            (Membership, _OF_PEOPLE(Membership)),
            (MembershipChange, _OF_PEOPLE(MembershipChange)),
            (MonthRow, lambda _: _blank(MonthRow, reason=_EMPTY)),
            (Person, lambda chosen: _blank(Person, note=_EMPTY).where(Person.id.in_(chosen.people))),
            (PersonSite, _OF_PEOPLE(PersonSite)),
            (PlaceRow, lambda chosen: _blank(PlaceRow, address=case((chosen.own_place, PlaceRow.address)))),
            (RuleRow, lambda chosen: select(RuleRow.__table__).where(_rules(chosen))),
            (
                RuleVersionRow,
                lambda chosen: select(RuleVersionRow.__table__).where(
                    RuleVersionRow.rule_id.in_(select(RuleRow.id).where(_rules(chosen)))
                ),
            ),
            (SecretRow, lambda _: select(SecretRow.__table__).where(SecretRow.purpose.not_in(_HERE_ALONE))),
            (SessionRow, lambda chosen: select(SessionRow.__table__).where(SessionRow.id.in_(chosen.sessions))),
            (SightingRow, _sightings),
            (SignInRow, lambda _: select(SignInRow.__table__).join(AccountRow).where(AccountRow.active)),
            (SiteRow, _all(SiteRow)),
            (Template, _OF_PEOPLE(Template)),
            (TokenRow, _tokens),
            (WatchRow, lambda chosen: select(WatchRow.__table__).where(WatchRow.place_id.in_(chosen.places))),
            (
                WithdrawalRow,
                lambda _: _blank(WithdrawalRow, reason=_EMPTY).where(WithdrawalRow.calendar_entry_id.is_not(None)),
            ),
        )
    }
)


def rows(name: str, chosen: Chosen) -> Any:
    """The query of a table's rows; of none for a table that slices leave empty."""
    table = METADATA.tables[name]
    return _ROWS[name](chosen) if name in _ROWS else select(table).where(false())


def held() -> Iterator[str]:
    """The names of the tables that a slice holds rows of, each after those that it refers to."""
    return (table.name for table in METADATA.sorted_tables if table.name in _ROWS)

"""Everything that is kept of one person, read in one view: what they are handed over who ask what is known of them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gallery.errors import TemplateAltered
from gallery.repositories import (
    aliases,
    answers,
    approvals,
    arrivals,
    consentforms,
    consents,
    corrections,
    credentials,
    erasures,
    events,
    excuses,
    foreign_ids,
    groups,
    holds,
    lookalikes,
    marks,
    news,
    people,
    places,
    rules,
    sessions,
    sightings,
    sites,
    templates,
)
from gallery.standing import NEVER_LEFT, Standing

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction, Vault
    from gallery.privacyvalues import ConsentForm, ConsentText, ConsentWord
    from gallery.repositories.arrivals import Arrival
    from gallery.repositories.erasures import Erasure
    from gallery.repositories.holds import Hold
    from gallery.servicevalues import Credential, News
    from gallery.timetablevalues import MembershipWord, StoredExcuse, StoredRule
    from gallery.values import (
        Approval,
        Correction,
        Event,
        Named,
        OpenedTemplate,
        PersonInfo,
        Place,
        Sighting,
        StoredMark,
        StoredSession,
    )


@dataclass(frozen=True)
class PrivacyData:
    """What somebody has said on consent, the forms that they were handed, and the texts of both by number.

    ``holds`` are theirs and those of the whole home, also lifted ones.
    """

    words: "Sequence[ConsentWord]"
    forms: "Sequence[ConsentForm]"
    texts: "Mapping[int, ConsentText]"
    holds: "Sequence[Hold]"
    erasures: "Sequence[Erasure]"


@dataclass(frozen=True)
class Everything:
    """All that a home keeps of one person.

    ``keys`` are the internal ids that records name them by; ``faces`` the pictures kept of sightings, by sighting, None
    where one does not open; ``sessions`` and ``places`` are those of the home, by number. ``lookalikes`` is with how
    many others they are remembered, ``compared`` of how many other sightings they are among the candidates. ``rules``
    are those for this person alone, ``approvals`` those of marks by mark, ``words`` what was said of when they belonged
    to groups, ``foreign_ids`` what other systems call them, ``credentials`` their other ways in, ``news`` what other
    systems are told of them. ``answers`` is how many answers to programs are kept that tell of them. ``sites`` are
    those that they belong to (none: all), ``arrivals`` what sites said of them late that was not taken, or not needed.
    ``privacy`` is what they agreed to, and what must or must not be kept of them. ``others`` is how everybody else is
    called, whom a copy of these data must not name.
    """

    person: "PersonInfo"
    keys: frozenset[int]
    standing: Standing
    templates: "Sequence[OpenedTemplate]"
    marks: "Sequence[StoredMark]"
    sightings: "Sequence[Sighting]"
    corrections: "Sequence[Correction]"
    faces: Mapping[int, bytes | None]
    sessions: "Mapping[int, StoredSession]"
    places: "Mapping[int, Place]"
    events: "Sequence[Event]"
    lookalikes: int
    compared: int
    excuses: "Sequence[StoredExcuse]"
    approvals: "Mapping[str, Approval]"
    rules: "Sequence[StoredRule]"
    words: "Sequence[MembershipWord]"
    foreign_ids: Sequence[tuple[str, str]]
    credentials: "Sequence[Credential]"
    news: "Sequence[News]"
    answers: int
    sites: tuple[str, ...]
    arrivals: "Sequence[Arrival]"
    privacy: PrivacyData
    others: "Sequence[Named]"


def everything(database: "Database", vault: "Vault", person: int) -> Everything:
    """What is kept of the person of this internal id, of one moment; needs the key where something is sealed.

    Raises PersonUnknown, KeyMissing, KeyExposed, KeyWrong.
    """
    with database.reading() as view:
        row, keys = people.find_row(view, person), aliases.keys_of(view, person)
        marked, seen = marks.of_person(view, person), sightings.of_person(view, person)
        ids, numbers = {each.id for each in marked}, {each.id for each in seen if each.id is not None}
        said = corrections.about(view, ids, numbers)
        excused, own = excuses.of(view, [person], withdrawn=True), rules.of_person(view, person)
        return Everything(
            person=people.info(view, (), row),
            keys=keys,
            standing=people.standings(view).get(person, NEVER_LEFT),
            templates=_templates(view, vault, person),
            marks=marked,
            sightings=seen,
            corrections=said,
            faces=_faces(view, vault, numbers - _of_others(said, person)),
            sessions={each.id: each for each in sessions.all_sessions(view)},
            places={each.id: each for each in places.all_places(view)},
            events=events.concerning(
                view,
                keys,
                ids,
                numbers,
                {each.id for each in excused},
                {each.id for each in own},
                {each.session for each in marked} | {each.session for each in seen if each.session is not None},
            ),
            lookalikes=lookalikes.count_of(view, person),
            compared=sightings.compared(view, person, keys),
            excuses=excused,
            approvals=approvals.of_marks(view, ids),
            rules=own,
            words=groups.words(view, person),
            foreign_ids=foreign_ids.of_person(view, person),
            credentials=credentials.of_person(view, person),
            news=news.of_person(view, person),
            answers=answers.count_of(view, person),
            sites=sites.of(view, person),
            arrivals=arrivals.of_people(view, keys),
            privacy=_privacy(view, person, keys),
            others=tuple(people.others(view, person)),
        )


def _privacy(view: "Transaction", person: int, keys: frozenset[int]) -> PrivacyData:
    words, forms = consents.of_person(view, person), consentforms.of_person(view, person)
    asked = {each.text for each in words} | {each.text for each in forms}
    return PrivacyData(
        words=words,
        forms=forms,
        texts={each.id: each for each in consents.all_texts(view) if each.id in asked},
        holds=[each for each in holds.all_holds(view, lifted=True) if each.person in {None, person}],
        erasures=[each for each in erasures.all_erasures(view) if each.person_key in keys],
    )


def _templates(view: "Transaction", vault: "Vault", person: int) -> "list[OpenedTemplate]":
    return templates.opened(view, vault.unlock(), person) if templates.of_person(view, person) else []


def _of_others(said: "Sequence[Correction]", person: int) -> set[int]:
    """The sightings of which it stands that they show somebody else: what was taken back does not."""
    last = {each.sighting: each for each in said if each.sighting is not None}
    return {
        number
        for number, each in last.items()
        if each.kind == "dismiss" or (each.kind == "reassign" and each.person != person)
    }


def _faces(view: "Transaction", vault: "Vault", numbers: set[int]) -> dict[int, bytes | None]:
    found: dict[int, bytes | None] = {}
    for number in sorted(numbers & set(sightings.crop_ids(view))):
        found[number] = None
        with suppress(TemplateAltered):
            found[number] = sightings.open_crop(view, vault.unlock(), number)
    return found

"""Who in a register is who here: by ids, never by a name alone."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from attendance.roster.school import Pupil, Remark, School
from gallery.near import folded
from refusal import usable_name

IDENTITY = "import.identity"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody enrolled: ``key`` is the gallery's number, ``id`` the external id."""

    key: int
    id: str
    name: str
    active: bool = True
    groups: frozenset[str] = frozenset()
    recognisable: bool = True

    @property
    def called(self) -> str:
        """For people: name and id."""
        return f"{self.name} ({self.id})"


class Claims:
    """Whom each row of a register means.

    Two schools may number alike: whoever is to be another person by every word of their name is asked about, and of
    those whom another system knows (``elsewhere``) a word in common is not enough.

    ``known`` are the people of all rows that ids tell; after `settle`, of those rows that are wanted, ``found`` are
    people who are here, ``new`` the ids of new ones, ``refused`` what a person has to choose. ``disputed`` are those,
    by the gallery's number, whom a refused row may mean: nothing is to happen to them.
    """

    def __init__(
        self,
        school: School,
        people: Iterable[Member],
        foreign: Mapping[str, int],
        matches: Mapping[str, int | None],
        elsewhere: Collection[int] = (),
    ) -> None:
        self._school, self._foreign, self._matches = school, foreign, matches
        self._elsewhere = frozenset(elsewhere)
        self._pupils = {each.id: each for each in school.people}
        self._members = {each.key: each for each in people}
        self._by_id = {each.id: each for each in self._members.values()}
        self._by_name: dict[str, list[Member]] = defaultdict(list)
        for each in self._members.values():
            self._by_name[folded(each.name)].append(each)
        self._doubts: dict[str, list[Member]] = {}
        self.known: dict[str, Member] = {}
        self.found: dict[str, Member] = {}
        self.new: set[str] = set()
        self.refused: list[Remark] = []
        self.disputed: set[int] = set()
        for pupil in school.people:
            self._look(pupil)
        self._part()

    def settle(self, wanted: Iterable[str]) -> None:
        """Say of each of these ids who it is."""
        claimed = {each.key for each in self.known.values()}
        for key in wanted:
            pupil = self._pupils[key]
            if key in self._doubts:
                self._refuse(pupil, self._doubts[key])
            elif key in self.known:
                self.found[key] = self.known[key]
            elif key not in self._matches and (alike := self._namesakes(pupil, claimed)):
                self._refuse(pupil, alike)
            else:
                self.new.add(key)

    def _look(self, pupil: Pupil) -> None:
        """By a person's choice, else by what the system calls them, else by an id of theirs."""
        number = self._matches[pupil.id] if pupil.id in self._matches else self._foreign.get(pupil.id)
        if number is not None and number in self._members:
            self._meet(pupil, self._members[number])
        if pupil.id in self._matches or pupil.id in self.known or pupil.id in self._doubts:
            return
        ids = (pupil.identifier, pupil.username, pupil.id)
        met = {each.key: each for key in ids if key is not None and (each := self._by_id.get(key)) is not None}
        if len(met) == 1 and all(self._may_be(each, pupil) for each in met.values()):
            self.known[pupil.id] = next(iter(met.values()))
        elif met:
            self._doubts[pupil.id] = list(met.values())

    def _meet(self, pupil: Pupil, member: Member) -> None:
        """Somebody whom a person or an earlier import names, unless not one word of the name is the same any more."""
        if pupil.id in self._matches or pupil.leaves or _share_a_word(member.name, pupil.name):
            self.known[pupil.id] = member
        else:
            self._doubts[pupil.id] = [member]

    def _may_be(self, member: Member, pupil: Pupil) -> bool:
        if member.key in self._elsewhere:
            return _is_part(member.name, pupil.name)
        return _share_a_word(member.name, pupil.name)

    def _part(self) -> None:
        """Two rows that mean one person mean nobody, unless the system itself or a person says so of one."""
        rows: dict[int, list[str]] = defaultdict(list)
        for key, member in self.known.items():
            rows[member.key].append(key)
        for number, keys in rows.items():
            sure = [key for key in keys if key in self._matches] or [key for key in keys if key in self._foreign]
            if len(keys) > 1:
                for key in keys if len(sure) != 1 else [key for key in keys if key not in sure]:
                    del self.known[key]
                    self._doubts[key] = [self._members[number]]

    def _namesakes(self, pupil: Pupil, claimed: set[int]) -> list[Member]:
        """The enrolled people of this name whom no other row means.

        Whom the system calls otherwise is another person, unless a register that tells all does not have them.
        """
        alike = [each for each in self._by_name[folded(pupil.name)] if each.key not in claimed]
        if self._school.people_told == "bulk":
            return alike
        called = set(self._foreign.values())
        return [each for each in alike if each.key not in called]

    def _refuse(self, pupil: Pupil, met: list[Member]) -> None:
        self.disputed |= {each.key for each in met}
        if [self._foreign.get(pupil.id)] == [each.key for each in met]:
            self.refused.append(Remark(IDENTITY, pupil.where, self._renamed(pupil, met[0])))
            return
        shown = " or ".join(each.called for each in met[:3])
        choices = " or ".join(f"--match {pupil.id}={each.id}" for each in met[:3])
        self.refused.append(
            Remark(
                IDENTITY,
                pupil.where,
                f"{pupil.name} ({pupil.id}) may be {shown} or somebody new: {choices} or --match {pupil.id}=new",
            )
        )

    def _renamed(self, pupil: Pupil, member: Member) -> str:
        """What to choose between where an earlier import had quite another name for this id."""
        return (
            f"{pupil.id} was {member.called} in an earlier import and is {pupil.name} now: --match "
            f"{pupil.id}={member.id} renames them, and another --system keeps a second school with the same ids apart"
        )


def _is_part(one: str, other: str) -> bool:
    """Whether all words of the one name are in the other one, whichever is longer."""
    words, others = set(folded(one).split()), set(folded(other).split())
    return words <= others or others <= words


def _share_a_word(one: str, other: str) -> bool:
    return not set(folded(one).split()).isdisjoint(folded(other).split())


def free_id(pupil: Pupil, taken: set[str]) -> str | None:
    """The external id for somebody new: their number at the school, else the system's id; taken from then on."""
    for wanted in (pupil.identifier, pupil.id):
        if wanted is None or wanted in taken:
            continue
        try:
            clean = usable_name(wanted)
        except ValueError:
            continue
        if clean == wanted:
            taken.add(wanted)
            return wanted
    return None

"""Sites that were cut off come back in any order: the marks are the same, none is lost and none is there twice."""

import itertools
import random

import pytest
from site_world import OneSite, state

from attendance import Attendance

SEEDS = range(20)
FLAGS = {"guard_people": 0}
HERE = {"Ada": ("North",), "Bob": ("North", "South"), "Cy": (), "Dee": ("South",), "Eve": ("North", "South", "West")}
FACES = {name: number for number, name in enumerate(HERE, 1)}
ORDERS = ((0, 1, 2), (2, 1, 0))
SITES = ("North", "South", "West")


class World:
    """A database and three sites, cut off, on which things happen by chance; every computer has the same clock."""

    def __init__(self, home, clock, pipeline, draw, chance) -> None:
        self.clock, self.draw, self.chance, self.pipeline = clock, draw, chance, pipeline
        self.central = Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS)
        for name, number in FACES.items():
            self.central.enroll(draw(f"{name}.png", (number,)), name=name)
        for site in SITES:
            self.central.sites.add(self.central.actor, site)
        for name, sites in HERE.items():
            self.central.sites.assign(self.central.actor, name, sites)
        folder = home.parent / "computers"
        folder.mkdir()
        self.sites = [OneSite(self.central, folder / site, site) for site in SITES]
        for each in self.sites:
            each.fill()

    def happen(self) -> None:
        """One thing, somewhere."""
        self.clock.forward(minutes=self.chance.randint(1, 30))
        if self.chance.random() < 0.2:
            self._at_the_centre()
            return
        self._at(self.chance.choice(self.sites))

    def at_each_site(self) -> None:
        """One thing at every site, in whatever order."""
        for site in self.chance.sample(self.sites, len(self.sites)):
            self.clock.forward(minutes=self.chance.randint(1, 30))
            self._at(site)

    def _at(self, site: OneSite) -> None:
        faces = [(FACES[each],) for each in self.chance.sample(sorted(FACES), self.chance.randint(1, 3))]
        way = self.chance.choice([None, None, "in", "out"])
        list(site.app.check(self.draw(f"{self.clock.now:%H%M%S}.png", *faces), direction=way))

    def _at_the_centre(self) -> None:
        name = self.chance.choice(["Ada", "Bob", "Eve"])
        what = self.chance.choice(["mark", "check", "void"])
        if what == "mark":
            self.central.mark(name)
        elif what == "check":
            list(self.central.check(self.draw(f"c{self.clock.now:%H%M%S}.png", (FACES[name],))))
        elif any(each.valid and each.person == self.key(name) for each in self.marks()):
            self.central.void(name, reason="wrong")

    def key(self, name: str) -> int:
        return self.central.people.find(name).id

    def marks(self):
        return [each for session in self.central.sessions.all() for each in self.central.marks.of_session(session.id)]

    def close(self) -> None:
        for each in self.sites:
            each.close()
        self.central.close()


@pytest.fixture(params=SEEDS)
def world(request, homes, clock, pipeline, draw):
    """Nine things have happened while every site was cut off."""
    made = World(homes.new(), clock, pipeline, draw, random.Random(request.param))  # noqa: S311  the same each time
    made.at_each_site()
    for _ in range(6):
        made.happen()
    yield made
    made.close()


def test_any_order_gives_the_same(world, homes, clock, pipeline):
    """Whatever order sites come back in, and however often they are interrupted, the same marks count."""
    made = {each.site: each.slice.waiting() for each in world.sites}
    outcomes = []
    world.central.close()
    for number, order in enumerate(ORDERS):
        home = homes.copy(world.central.home, f"copy{number}")
        with Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS) as central:
            for which in order:
                back(world.sites[which], central)
            outcomes.append(state(central))
            doubles(central)
    assert any(made.values())
    assert [outcomes[0]] * len(outcomes) == outcomes


def back(site: OneSite, central: Attendance) -> None:
    """The site comes back to a copy of the database; half of it arrives, then all, then all once more."""
    before = site.slice.state
    central.arrivals.deliver(site.slice)
    with site.slice.database.atomic():
        site.slice.database.set_meta("slice", before.to_text())
    again = central.arrivals.deliver(site.slice)
    assert 0 == again.all
    with site.slice.database.atomic():
        site.slice.database.set_meta("slice", before.to_text())


def doubles(central: Attendance) -> None:
    """Nobody has two marks that count without having gone the other way in between."""
    for session in central.sessions.all():
        by_person: dict[int, list] = {}
        for mark in central.marks.of_session(session.id):
            if mark.valid and mark.how != "manual":
                by_person.setdefault(mark.person, []).append(mark)
        for marks in by_person.values():
            ways = [each.direction for each in sorted(marks, key=lambda each: each.at) if each.direction]
            assert all(one != other for one, other in itertools.pairwise(ways))
            assert 1 >= sum(each.direction is None for each in marks)

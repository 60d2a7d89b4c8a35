"""The figures of a measurement of liveness, for people and for programs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attendance.liveness.measuring import ASKING, LIVE, RULINGS, SETTINGS, SPECIES, Cost, Counts, Figures, Setting
from attendance.records import instant
from refusal import counted

if TYPE_CHECKING:
    from attendance.liveness.bounds import Share
    from attendance.services.livenessmeasure import Measured

NO_WITNESSES = (
    "Presentations of one person, or of one picture, are no independent witnesses: for people and pictures at large"
    " the bounds are wider."
)


def plain(measured: "Measured", place: str | None) -> dict[str, Any]:
    """All figures as plain values; shares from 0 to 1."""
    found = measured.figures
    return {
        "schema": 1,
        "place": place,
        "at": None if measured.at is None else instant(measured.at),
        "by": measured.by or None,
        "camera": measured.camera,
        "means": measured.means,
        "whole": measured.whole,
        "settings": dict(measured.asked),
        "pipeline": measured.pipeline,
        "version": measured.version,
        "species": [_plain_species(found, each) for each in found.species],
        "people": [
            {**each.to_dict(), "bpcer": _by(ASKING, lambda s, p=each.person: found.bpcer(s, p))}
            for each in found.people
        ],
        "worst": {each: found.worst(each) for each in ASKING},
        "bpcer": _by(ASKING, found.bpcer),
        "people_held": _by(ASKING, found.people_held),
        "bpnrr": _told(found.bpnrr()),
        "fnir": _by(SETTINGS, found.fnir),
        "guests_marked": _by(SETTINGS, found.guests_marked),
        "riapar": {each: _plain_riapar(found, each) for each in SETTINGS},
        "cost": {each: None if (cost := found.cost(each)) is None else cost.to_dict() for each in SETTINGS},
    }


def _plain_species(found: Figures, species: str) -> dict[str, Any]:
    costs = {each: found.cost(each, species) for each in SETTINGS}
    return {
        **found.of(species).to_dict(),
        "apcer": _by(ASKING, lambda each: found.apcer(species, each)),
        "apnrr": _told(found.apnrr(species)),
        "iapir": _by(SETTINGS, lambda each: found.iapir(species, each)),
        "cost": {name: None if each is None else each.to_dict() for name, each in costs.items()},
    }


def _plain_riapar(found: Figures, setting: Setting) -> dict[str, Any] | None:
    told = found.riapar(setting)
    if told is None:
        return None
    return {"value": round(told[0], 6), "bound": round(told[1], 6), "species": found.worst_marked(setting)}


def _by(settings: tuple[Setting, ...], ask: Any) -> dict[str, Any]:
    return {each: _told(ask(each)) for each in settings}


def _told(share: "Share | None") -> dict[str, Any] | None:
    return None if share is None else share.to_dict()


def lines(measured: "Measured") -> Iterator[str]:
    """All figures in lines for people."""
    found = measured.figures
    yield _head(measured)
    yield "Pictures of people, taken for a living face (APCER, attack presentations; exact 95 % bounds):"
    for species in found.species:
        yield from _species_lines(found, species)
    if found.species:
        yield f"  the worst: {_worst(found)}"
    else:
        yield "  none was presented"
    yield "People, not taken for a living face (BPCER, bona fide presentations):"
    for each in found.people:
        yield f"  {_person(each)}: {_went(each)}"
    yield from _people_lines(found)
    yield "What each setting does, with people who are enrolled and with pictures:"
    for setting in SETTINGS:
        yield f"  {setting}: {_cost_words(found, setting)}"
    yield "RIAPAR adds the share of the worst pictures that are marked and that of enrolled people who are not."
    yield NO_WITNESSES


def _head(measured: "Measured") -> str:
    when = "" if measured.at is None else f"measured {measured.at:%Y-%m-%d %H:%M} UTC, "
    early = "" if measured.whole else "; ended early, what was measured until then counts"
    wait = measured.asked.get("liveness_wait_s")
    return f"{when}{measured.means} {measured.camera}, {measured.pipeline}, liveness_wait_s {wait}{early}".replace(
        "films films", "films"
    )


def _species_lines(found: Figures, species: str) -> Iterator[str]:
    yield f"  {species} ({SPECIES.get(species, 'of your own')}): {_went(found.of(species))}"
    parts = []
    for setting in ASKING:
        apcer = found.apcer(species, setting)
        parts.append(f"{setting} {'no figure' if apcer is None else apcer.text}")
    yield f"    {', '.join(parts)}"


def _worst(found: Figures) -> str:
    told = {each: found.worst(each) for each in ASKING}
    parts = []
    for setting, species in told.items():
        apcer = None if species is None else found.apcer(species, setting)
        parts.append(f"{setting} {'no figure' if apcer is None else f'{species}, {apcer.text}'}")
    return "; ".join(parts)


def _people_lines(found: Figures) -> Iterator[str]:
    if not found.people:
        yield "  nobody came before the camera"
        return
    for setting in ASKING:
        share, held = found.bpcer(setting), found.people_held(setting)
        if share is not None and held is not None:
            yield f"  {setting}: {share.text} of presentations, {held.hits} of {counted(held.of, 'person', 'people')}"
    marked = found.guests_marked("off")
    if marked is not None and marked.hits:
        yield f"  {marked.hits} of {marked.of} presentations of people who are not enrolled were taken for somebody"


def _person(each: Counts) -> str:
    return f"person {each.person}, {'enrolled' if each.species == LIVE else 'not enrolled'}"


def _went(each: Counts) -> str:
    told = ", ".join(f"{each.rulings.get(ruling, 0)} {ruling}" for ruling in RULINGS)
    lost = f", {each.unjudged} without a face that can be judged" if each.unjudged else ""
    return (
        f"{counted(each.made, 'presentation')}: {told}{lost}; recognised without liveness: {each.marked.get('off', 0)}"
    )


def _cost_words(found: Figures, setting: Setting) -> str:
    parts = [_cost("presentations of people", found.cost(setting))]
    pictures = [cost for each in found.species if (cost := found.cost(setting, each)) is not None]
    if pictures:
        whole = Cost(*(sum(getattr(each, name) for each in pictures) for name in ("marked", "held", "missed")))
        parts.append(_cost("of pictures", whole))
    told = found.riapar(setting)
    if told is not None:
        value = f"<= {told[1]:.2f}" if not told[0] else f"{told[0]:.2f} (<= {told[1]:.2f})"
        parts.append(f"RIAPAR {value} by {found.worst_marked(setting)}")
    return "; ".join(each for each in parts if each) or "nothing to tell from"


def _cost(what: str, cost: Cost | None) -> str:
    if cost is None:
        return ""
    held = f", {cost.held} held for a look" if cost.held else ""
    missed = f", {cost.missed} not recognised" if cost.missed else ""
    return f"{cost.marked} of {cost.of} {what} marked{held}{missed}"

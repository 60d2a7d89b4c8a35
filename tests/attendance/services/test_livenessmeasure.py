"""Measurements of liveness in the log: kept without names, read back, and when they do not hold any more."""

import json
from dataclasses import replace

import pytest

from attendance.access import Actor
from attendance.errors import PlaceUnknown
from attendance.liveness.measuring import Counts
from attendance.service_errors import AccessRefused
from attendance.services.audit import AuditWanted
from attendance.services.doctor_liveness import liveness_findings
from attendance.services.livenessfigures import lines, plain
from attendance.services.livenessmeasure import LivenessMeasures, asked_by
from gallery.repositories.events import LIVENESS_MEASURED, record

PRINTS = Counts("print", rulings={"attack": 29, "unsure": 1}, taken={"review": 1, "off": 30}, marked={"off": 30})
ADA = Counts("live", 1, {"live": 9, "unsure": 1}, {"off": 10, "review": 10, "require": 9}, {"off": 10, "require": 9})
GUEST = Counts("guest", 2, {"live": 1}, {"off": 1}, {"off": 1}, 1)


@pytest.fixture
def door(app):
    """A camera's place."""
    return app.places.add(app.actor, "Front door", "rtsp://door:s3cret@10.0.0.9/live").place


def kept(app, *counts, **more):
    measures = app.liveness_measures
    return measures.keep(app.actor, "Front door", measures.made(counts or (PRINTS,), camera="cam", **more))


@pytest.mark.usefixtures("door")
def test_what_is_kept_is_read_back(app):
    """Counts, settings, encoder, camera and who did it when; the last one counts."""
    assert app.liveness_measures.last("Front door") is None
    kept(app, PRINTS, means="films")
    second = kept(app, PRINTS, ADA, GUEST, whole=False)
    found = app.liveness_measures.last("Front door")
    assert second.details() == found.details()
    assert (PRINTS.to_dict(), ADA.to_dict(), GUEST.to_dict()) == tuple(each.to_dict() for each in found.counts)
    assert (app.gallery.pipeline_id, "cam", False, app.clock.utc()) == (
        found.pipeline, found.camera, found.whole, found.at
    )  # fmt: skip
    assert asked_by(app.settings) == dict(found.asked)


def test_the_log_tells_it_in_words(app, door):
    """The entry has the place's name, and no person is in it."""
    kept(app, PRINTS, ADA)
    entry = app.audit.page(AuditWanted(action="liveness"))[0]
    assert ("liveness.measured", "Front door", str(door.id)) == (entry.action, entry.subject_name, entry.subject)
    assert ("It was measured what liveness is worth at a place", ()) == (entry.says, entry.people)
    assert "Ada" not in json.dumps(dict(entry.details))


@pytest.mark.usefixtures("door")
def test_only_who_may(app):
    """A teacher is refused, and nothing is written; a place that is not there is told."""
    measures = app.liveness_measures
    with pytest.raises(AccessRefused):
        measures.keep(Actor("x", frozenset({"teacher"})), "Front door", measures.made((PRINTS,), camera="0"))
    assert measures.last("Front door") is None
    with pytest.raises(PlaceUnknown):
        measures.keep(app.actor, "Back door", measures.made((PRINTS,), camera="0"))


def test_an_entry_of_another_form_is_passed_over(app, door):
    """What a later version wrote is not guessed at; the last one that can be read counts."""
    kept(app)
    for details in ({"form": 2}, {"form": 1}, {"form": 1, "counts": [{"species": "print"}]}, {}):
        with app.store.atomic() as step:
            record(step, at=app.clock.utc(), by="x", action=LIVENESS_MEASURED, subject=door.id, details=details)
    assert (PRINTS.rulings["attack"],) == tuple(
        e.rulings["attack"] for e in app.liveness_measures.last("Front door").counts
    )


def states(app, **settings):
    measures = LivenessMeasures(app.gallery, app.clock, replace(app.settings, **settings))
    return {each.place.name: (each.measured is not None, each.outdated) for each in measures.states()}


@pytest.mark.usefixtures("door")
def test_what_does_not_hold_any_more(app):
    """Other settings that matter, or another encoder, make a measurement outdated; `liveness` does not."""
    app.places.add(app.actor, "Yard", "1")
    app.places.add(app.actor, "Shed", "2")
    app.places.retire(app.actor, "Shed")
    assert {"Front door": (False, ()), "Yard": (False, ())} == states(app)
    kept(app)
    assert {"Front door": (True, ()), "Yard": (False, ())} == states(app, liveness="require")
    assert ("with another liveness_wait_s, vote_frames",) == states(app, liveness_wait_s=2, vote_frames=9)[
        "Front door"
    ][1]
    app.places.change(app.actor, "Front door", site="North")
    assert () == states(app)["Front door"][1]
    app.gallery.go_by("other+other-1")
    assert ("with another detector or encoder",) == states(app)["Front door"][1]


def test_another_camera_and_a_year_are_told(app, door):
    """An address that was changed since, and a year, each make it outdated; a new measurement is not."""
    kept(app)
    app.clock.forward(days=1)
    app.places.change(app.actor, door.name, address="rtsp://10.0.0.7/live")
    assert ("with another camera",) == states(app)["Front door"][1]
    app.clock.forward(days=1)
    kept(app)
    assert () == states(app)["Front door"][1]
    app.clock.forward(days=366)
    assert ("on 2026-03-04, more than a year ago",) == states(app)["Front door"][1]


def findings(app, **settings):
    found = liveness_findings(app.gallery, replace(app.settings, **settings), app.clock.utc())
    return {each.id: each for each in found}


@pytest.mark.usefixtures("door")
def test_doctor_hints_at_what_was_never_measured(app):
    """It is a hint and no problem, with the command; where liveness is off there is none."""
    found = findings(app)["liveness.unmeasured"]
    assert (True, "attendance liveness measure --place 'Front door'") == (found.ok, found.repair)
    assert {} == findings(app, liveness="off")


@pytest.mark.usefixtures("door")
def test_doctor_hints_at_what_was_measured_otherwise(app):
    """With other settings the figures do not hold; measured anew, all is well."""
    kept(app)
    assert [None] == list(findings(app))
    found = findings(app, liveness_wait_s=5)["liveness.outdated"]
    assert (True, True) == (found.ok, "Front door with another liveness_wait_s" in found.detail)


def test_doctor_asks_for_a_kiosk_s_camera(app):
    """A kiosk may be without an address, so the command has a camera's."""
    app.places.add(app.actor, "Gate", kind="kiosk")
    repair = findings(app)["liveness.unmeasured"].repair
    assert "attendance liveness measure --place 'Gate' --camera ADDRESS" == repair


def test_doctor_names_a_few_places(app):
    """Of many places five are named, and the others counted; quotes in a name are escaped."""
    for number in range(7):
        app.places.add(app.actor, f"Door's {number}", str(number))
    found = findings(app)["liveness.unmeasured"]
    assert "Door's 4 and 2 more" in found.detail
    assert "attendance liveness measure --place 'Door'\\''s 0'" == found.repair


@pytest.mark.usefixtures("door")
def test_figures_in_lines_and_as_values(app):
    """People read shares with bounds, the worst species and what each setting costs; programs the same numbers."""
    found = kept(app, PRINTS, ADA, GUEST, whole=False)
    text = "\n".join(lines(found))
    assert "review 3.3 % (0.08 to 17.2 %), require <= 9.5 %" in text
    assert "the worst: review print, 3.3 % (0.08 to 17.2 %); require print, <= 9.5 %" in text
    assert "person 1, enrolled: 10 presentations: 9 live, 1 unsure, 0 attack" in text
    assert "person 2, not enrolled: 2 presentations: 1 live, 0 unsure, 0 attack, 1 without a face" in text
    assert "1 of 2 presentations of people who are not enrolled were taken for somebody" in text
    assert "off: 10 of 10 presentations of people marked; 30 of 30 of pictures marked; RIAPAR 1.00" in text
    assert (
        "require: 9 of 10 presentations of people marked, 1 held for a look; 0 of 30 of pictures marked, 30 held"
        in text
    )
    assert "ended early" in text
    told = plain(found, "Front door")
    assert json.loads(json.dumps(told)) == told
    assert (0.1, "print") == (told["riapar"]["require"]["value"], told["riapar"]["require"]["species"])
    assert "<= 9.5 %" == told["species"][0]["apcer"]["require"]["text"]


@pytest.mark.usefixtures("door")
def test_figures_of_nothing_much(app):
    """People alone, or pictures alone, are told as such."""
    assert "none was presented" in "\n".join(lines(kept(app, ADA)))
    text = "\n".join(lines(kept(app, Counts("mask", unjudged=3))))
    assert "nobody came before the camera" in text
    assert "mask (of your own): 3 presentations" in text
    assert "review no figure, require no figure" in text

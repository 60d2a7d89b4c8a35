"""A decision's JSON is exactly the documented object."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from attendance.records import Decision, PersonRef, ScoredPerson, instant

ADA, GRACE = PersonRef("E-17", "Ada Lovelace", key=4), PersonRef("E-03", "Grace 🎓 هوبر", key=9)


def decision(**changes) -> Decision:
    values = {
        "source": "door.mp4",
        "at": datetime(2026, 3, 2, 7, 58, 11, 204_700, tzinfo=UTC),
        "box": (212.2, 79.6, 96.0, 118.4),
        "decision": "present",
        "threshold": 0.158,
        "target_fpir": 0.003,
        "gallery_size": 418,
        "encoder": "default-2026.1",
        "person": ADA,
        "score": 0.412,
        "cosine": 0.712,
        "margin": 0.31,
        "candidates": (ScoredPerson(ADA, 0.412, 0.712), ScoredPerson(GRACE, 0.102, 0.4)),
        "quality": {"face_px": 118, "sharpness": 71},
        "frame": 118,
        "track": 3,
        "mark": "9f0c",
        "sighting": 12,
        "liveness": "live",
    }
    return Decision(**{**values, **changes})


def test_exact_json():
    """Keys, order, rounding and instants are those of the documentation."""
    assert decision().to_json() == (
        '{"schema": 1, "source": "door.mp4", "frame": 118, "at": "2026-03-02T07:58:11.204Z", "track": 3, '
        '"box": [212, 80, 96, 118], "decision": "present", "person": {"id": "E-17", "name": "Ada Lovelace"}, '
        '"score": 0.412, "cosine": 0.712, "threshold": 0.158, "margin": 0.31, "target_fpir": 0.003, '
        '"gallery_size": 418, "candidates": [{"id": "E-17", "name": "Ada Lovelace", "score": 0.412}, '
        '{"id": "E-03", "name": "Grace 🎓 هوبر", "score": 0.102}], "quality": {"face_px": 118, '
        '"sharpness": 71}, "reasons": [], "mark": "9f0c", "encoder": "default-2026.1", "sighting": 12, '
        '"liveness": "live"}'
    )


def test_one_line_whatever_the_name():
    """A name with line breaks still makes one line of JSON."""
    text = decision(person=PersonRef("1", "a\nb\u2028c")).to_json()
    assert "\n" not in text
    assert json.loads(text)["person"]["name"] == "a\nb\u2028c"


def test_refuses_nan():
    """JSON that other programs could not read is never written."""
    with pytest.raises(ValueError, match="JSON"):
        decision(score=float("nan")).to_json()


def test_instants_are_utc():
    """Any zone is written as UTC; a naive instant is refused."""
    east = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    assert instant(east) == "2026-03-02T07:00:00.000Z"
    with pytest.raises(ValueError, match="aware"):
        decision(at=datetime(2026, 3, 2))  # noqa: DTZ001 - the point


def test_unknown_kind_is_refused():
    """There are five decisions and no sixth."""
    with pytest.raises(ValueError, match="decision must be one of"):
        decision(decision="maybe")


def test_unknown_liveness_is_refused():
    """A living face was told, was not, or something else was; or it was not asked."""
    assert decision(liveness=None).to_dict()["liveness"] is None
    with pytest.raises(ValueError, match="liveness must be one of"):
        decision(liveness="maybe")

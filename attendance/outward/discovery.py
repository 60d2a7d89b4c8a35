"""What Home Assistant learns of a home by MQTT: one device with its entities, by device-based discovery.

A camera or kiosk is an *event* entity: what it sees is an event, and nothing of it is kept by the broker, so that a
restart fires nothing again. Home Assistant's documentation of ``homeassistant/device/<id>/config`` is the source of the
keys (``dev``, ``o``, ``cmps``).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

EVENTS: Final = ("present", "already", "review", "unknown")
"""The types of event that an entity of a place may fire."""
ONLINE, OFFLINE = "online", "offline"
PREFIX: Final = "homeassistant"
STATUS: Final = f"{PREFIX}/status"
"""Where Home Assistant says that it has started, so that it is told everything again."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one home, which `node` names."""

    node: str

    @property
    def availability(self) -> str:
        """Whether the service is there: retained, and the broker itself says ``offline`` when it is lost."""
        return f"attendance/{self.node}/availability"

    @property
    def config(self) -> str:
        """Where the device is announced."""
        return f"{PREFIX}/device/attendance_{self.node}/config"

    def event(self, place: int | None) -> str:
        """Where what a place sees is told; None is everything that has no place."""
        return f"attendance/{self.node}/{_part(place)}/event"

    def connected(self, place: int) -> str:
        """Whether a camera delivers."""
        return f"attendance/{self.node}/{_part(place)}/connected"

    @property
    def counts(self) -> str:
        """How many were marked today, and how many reviews wait."""
        return f"attendance/{self.node}/counts"


def _part(place: int | None) -> str:
    return "home" if place is None else f"place_{place}"


def announcement(topics: Topics, name: str, version: str, places: Sequence[tuple[int, str]]) -> bytes:
    """The JSON that announces a home of this name and its places (number and name)."""
    parts: dict[str, Any] = {"home": _event(topics, None, "Decision", _slug(name))}
    for number, called in places:
        parts[_part(number)] = _event(topics, number, called, f"{_slug(name)}_{_slug(called)}")
        parts[f"{_part(number)}_connected"] = {
            "p": "binary_sensor",
            "name": f"{called} connected",
            "dev_cla": "connectivity",
            "ent_cat": "diagnostic",
            "stat_t": topics.connected(number),
            "pl_on": "ON",
            "pl_off": "OFF",
            "uniq_id": f"attendance_{topics.node}_{_part(number)}_connected",
        }
    parts |= {each: _count(topics, each, words) for each, words in _COUNTS.items()}
    told = {
        "dev": {"ids": [f"attendance_{topics.node}"], "name": name, "mf": "attendance", "sw": version},
        "o": {"name": "attendance", "sw": version},
        "cmps": parts,
        "avty_t": topics.availability,
        "pl_avail": ONLINE,
        "pl_not_avail": OFFLINE,
        "qos": 0,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


_COUNTS: Final[Mapping[str, str]] = {"marked_today": "Marked today", "reviews_waiting": "Reviews waiting"}


def _event(topics: Topics, place: int | None, name: str, slug: str) -> dict[str, Any]:
    return {
        "p": "event",
        "name": name,
        "stat_t": topics.event(place),
        "evt_typ": [*EVENTS],
        "uniq_id": f"attendance_{topics.node}_{_part(place)}",
        "default_entity_id": f"event.{slug}",
    }


def _count(topics: Topics, key: str, words: str) -> dict[str, Any]:
    return {
        "p": "sensor",
        "name": words,
        "stat_t": topics.counts,
        "val_tpl": f"{{{{ value_json.{key} }}}}",
        "stat_cla": "measurement",
        "uniq_id": f"attendance_{topics.node}_{key}",
    }


def _slug(name: str) -> str:
    """Letters, digits and underscores: what an entity's id may hold."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "attendance"

"""What a data-protection officer asks for, drafted from this installation's own settings and counts."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access.rights import needs
from attendance.privacy.drafting import draft
from attendance.privacy.facts import Accuracy, Answers, Facts, Language, LivenessMeasured, Part, Recipient, ReportFormat
from attendance.privacy.pages import to_html
from attendance.register.draftpdf import to_pdf
from attendance.register.others import Others
from attendance.services.livenessmeasure import asked_by, states
from gallery.repositories import people, places, privacycounts, receivers, tokens
from gallery.repositories.events import PRIVACY_REPORTED, record
from gallery.values import Named

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.liveness.measuring import Setting
    from attendance.services.livenessmeasure import State
    from attendance.settings import Settings
    from enroll.card import EncoderCard
    from gallery import Gallery
    from gallery.ports import Transaction

_KEY: Final = "key"
PROTECTED_BY: Final = ("passphrase", "environment", "command")
_YOUNG: Final = ", under 13"


class PrivacyReports:
    """Reads how data protection stands, and drafts what is to be written down of it. No draft names a person."""

    def __init__(
        self,
        gallery: "Gallery",
        clock: "Clock",
        settings: "Settings",
        home: Path,
        zone: str,
        card: "Callable[[], EncoderCard]",
    ) -> None:
        self._gallery, self._clock, self._settings, self._home = gallery, clock, settings, home
        self._zone, self._card = zone, card

    @needs("privacy.read")
    def facts(self, actor: "Actor") -> Facts:  # noqa: ARG002 - asked by the table of rights
        """How it stands now. Raises AccessRefused."""
        return self._facts()

    @needs("privacy.read")
    def report(
        self,
        actor: "Actor",
        language: Language = Language.EN,
        form: ReportFormat = ReportFormat.MD,
        parts: Sequence[Part] = tuple(Part),
    ) -> bytes:
        """The drafts as a file; that they were taken out is an entry of the log where one can be written.

        Raises AccessRefused, ReportsMissing for pages without the library that prints them.
        """
        facts = self._facts()
        text = draft(facts, language, parts)
        data = self._formed(text, language, form, facts)
        if not self._gallery.store.read_only:
            with self._gallery.store.atomic() as step:
                told = {"language": str(language), "format": str(form), "parts": len(parts)}
                record(step, at=facts.now, by=actor.name, action=PRIVACY_REPORTED, subject="", details=told)
        return data

    def _formed(self, text: str, language: Language, form: ReportFormat, facts: Facts) -> bytes:
        if form is ReportFormat.MD:
            return text.encode()
        if form is ReportFormat.HTML:
            return to_html(text, language).encode()
        return to_pdf(text, language, site=self._settings.site_name, zone=self._zone, now=facts.now)

    def _facts(self) -> Facts:
        now = self._clock.utc()
        with self._gallery.store.reading() as view:
            counts = privacycounts.counted(view, now)
            kinds = [each.kind for each in places.all_places(view) if each.active]
            return Facts(
                now=now,
                zone=self._zone,
                version=version("attendance"),
                settings=self._settings,
                people=counts.people,
                with_face=counts.with_face,
                waiting_faces=counts.waiting_faces,
                cameras=kinds.count("camera"),
                kiosks=kinds.count("kiosk"),
                accounts=counts.accounts,
                admins_with_totp=counts.admins_with_totp,
                answers={purpose: Answers(yes, no) for purpose, (yes, no) in counts.answers.items()},
                holds=counts.holds,
                recipients=tuple(_recipients(view, now)),
                key_by=_key_by(self._home / _KEY),
                accuracy=_accuracy(self._card()),
                backups=counts.backups,
                last_backup=counts.last_backup,
                last_tested=counts.last_tested,
                last_anchor=privacycounts.last_done(view, "audit.anchor"),
                last_purge=privacycounts.last_done(view, "purge.run"),
                liveness=self._liveness(view, now),
            )

    def _liveness(self, view: "Transaction", now: "datetime") -> LivenessMeasured:
        asked, pipeline = asked_by(self._settings), self._gallery.pipeline_id
        setting: Setting = "require" if self._settings.liveness == "require" else "review"
        return _worst(list(states(view, asked, pipeline, now)), setting)


def _worst(found: "Sequence[State]", setting: "Setting") -> LivenessMeasured:
    """What the measurements that hold tell of the worst place, by this setting."""
    holding = [each.measured.figures for each in found if each.measured is not None and not each.outdated]
    worst: tuple[float, str | None] = (-1.0, None)
    for figures in holding:
        for species in figures.species:
            share = figures.apcer(species, setting)
            if share is not None:
                worst = max(worst, (100 * share.high, species))
    people = [100 * share.high for each in holding if (share := each.bpcer(setting)) is not None]
    pictures = None if worst[1] is None else worst[0]
    return LivenessMeasured(len(found), len(holding), worst[1], pictures, max(people, default=None))


def _recipients(view: "Transaction", now: "datetime") -> "Iterator[Recipient]":
    """Receivers in use and tokens that hold; a person's name in what somebody has called them is left out."""
    others = Others(Named("", ""), people.others(view, 0))
    for each in receivers.all_receivers(view):
        if each.active:
            yield Recipient(each.kind, others.left_out(each.name), each.kinds, each.allow_private)
    held = [each for each in tokens.all_tokens(view) if each.holds(now)]
    for token in held:
        if token.kind == "api":
            yield Recipient("api", others.left_out(token.name), token.scopes, ends=token.ends)
    feeds = sum(each.kind == "feed" for each in held)
    if feeds:
        yield Recipient("feed", str(feeds))


def _key_by(path: Path) -> str:
    """What protects the key of the home: file, passphrase, environment, command; none where there is no key yet."""
    try:
        text = path.read_text("utf-8")
        told = json.loads(text) if text.lstrip().startswith("{") else {}
    except FileNotFoundError:
        return "none"
    except (OSError, ValueError):
        return "file"
    return by if (by := told.get("by")) in PROTECTED_BY else "file"


def _accuracy(card: "EncoderCard") -> Accuracy:
    """What the card tells of errors, as far as it does."""
    figures = card.raw.get("figures", {})
    default = figures.get("default threshold", {})
    return Accuracy(
        encoder=card.id,
        measured_on=figures.get("N"),
        fpir=default.get("fpir"),
        fnir=default.get("fnir"),
        children=_of_children(figures.get("with cohort", figures.get("plain", {})).get("P4", {})),
    )


def _of_children(groups: Mapping[str, Any]) -> float | None:
    """How many times as often as two adults two children are taken for each other, the worst of the sets; None."""
    found = [
        each["fmr"] / groups[adults]["fmr"]
        for name, each in groups.items()
        if name.endswith(_YOUNG) and groups.get(adults := name.replace(_YOUNG, ", adults"), {}).get("fmr")
    ]
    return max(found, default=None)

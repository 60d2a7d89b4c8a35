"""Facts of an installation become drafts: each text with its gaps filled by the sentences that fit what is set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from attendance.privacy.facts import Language, Part
from attendance.privacy.law import HEADINGS, LAWS, READ
from attendance.privacy.sentences import sentences
from attendance.zones import zone

if TYPE_CHECKING:
    from attendance.privacy.facts import Facts, Recipient

_MONTHS: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November"),
    "Dezember",
)


def draft(facts: "Facts", language: Language, parts: Sequence[Part] = tuple(Part)) -> str:
    """The parts asked for, as Markdown, one after the other."""
    filled = _Filled(facts, language)
    texts = files("attendance.privacy") / "texts"
    return "\n".join(
        (texts / f"{part}.{language}.md").read_text(encoding="utf-8").format_map(filled.gaps) for part in parts
    )


def retention(facts: "Facts", language: Language) -> list[tuple[str, str]]:
    """What is kept how long, in words: pairs of what, and how long."""
    return _Filled(facts, language).kept()


class _Filled:
    """What stands in the gaps of the texts."""

    def __init__(self, facts: "Facts", language: Language) -> None:
        self._facts, self._set, self._language = facts, facts.settings, language

    def _say(self, key: str, **values: object) -> str:
        return sentences(self._language)[key].format(**values)

    @cached_property
    def gaps(self) -> Mapping[str, str]:
        """Every gap by its name."""
        facts, settings = self._facts, self._set
        return {
            "today": self._day(facts.now.astimezone(zone(facts.zone)).date()),
            "version": facts.version,
            "site": _cell(settings.site_name or self._say("site")),
            "where": self._say(f"where {settings.site_kind or 'none'}"),
            "basis": self._say("basis asked" if settings.asks_consent else "basis open"),
            "consent_rule": self._say("consent asked" if settings.asks_consent else "consent open"),
            "consent_table": self._consent_table(),
            "people": self._number(facts.people),
            "with_face": self._number(facts.with_face),
            "accounts": self._number(sum(facts.accounts.values())),
            "devices": self._say("devices", cameras=facts.cameras, kiosks=facts.kiosks),
            "where_cameras": self._say("where_cameras", cameras=facts.cameras, kiosks=facts.kiosks),
            "recipients": self._recipients(),
            "recipients_short": self._recipients_short(),
            "retention": self._retention(),
            "measures": _listed(self._measures()),
            "open_points": "\n".join(f"- [ ] {each}" for each in self._open()),
            "holds": self._holds(),
            "longest": self._say("longest"),
            "log_kept": self._log_kept(),
            "strangers_kept": self._by_days(settings.keep_unknown_days, "strangers none", "strangers days"),
            "review_days": str(settings.keep_review_days),
            "second_approval": self._say("on" if settings.second_approval else "off"),
            "encoder": facts.accuracy.encoder,
            "risk_false": self._risk_false(),
            "risk_missed": self._risk_missed(),
            "risk_unequal": self._risk_unequal(),
            "risk_attack": self._say(f"risk attack {settings.liveness}"),
            "liveness": self._say(f"liveness {settings.liveness}"),
            "liveness_notice": self._say("notice off" if settings.liveness == "off" else "notice on"),
            "risk_leak": self._say(f"risk leak {_LEAKS.get(facts.key_by, 'other')}"),
            "risk_strangers": self._by_days(settings.keep_unknown_days, "risk strangers none", "risk strangers days"),
            "risk_loss": self._risk_loss(),
            "liveness_measured": self._liveness_measured(),
            "law_read": self._day(READ),
            "laws": self._laws(),
        }

    # Who gets what, and for how long

    def _recipients(self) -> str:
        found = self._facts.recipients
        if not found:
            return self._say("recipients none")
        rows = [(self._named(each), self._told(each), self._until(each)) for each in found]
        return _table(self._say("recipients head"), rows)

    def _named(self, each: "Recipient") -> str:
        return self._say(f"recipient {each.kind}", name=_cell(each.name), count=each.name)

    def _told(self, each: "Recipient") -> str:
        told = self._say("told feed") if each.kind == "feed" else ", ".join(each.told)
        return told + (self._say("private") if each.private else "")

    def _until(self, each: "Recipient") -> str:
        return self._say("for ever") if each.ends is None else self._day(each.ends.date())

    def _recipients_short(self) -> str:
        names = [self._named(each) for each in self._facts.recipients]
        return (
            self._say("recipients_short some", names="; ".join(names)) if names else self._say("recipients_short none")
        )

    def _retention(self) -> str:
        return _table(self._say("retention head"), self.kept())

    def kept(self) -> list[tuple[str, str]]:
        """What is kept, and how long, in words."""
        settings, say = self._set, self._say
        rows = [
            ("templates", say("until person")),
            ("crops", say("until person" if settings.keep_crops else "crops off")),
            ("review", say("until looked", days=settings.keep_review_days)),
            ("unknown", self._by_days(settings.keep_unknown_days, "not kept", "days")),
            ("sightings", self._by_days(settings.keep_sightings_days, "as people", "days")),
            ("marks", self._by_days(settings.keep_marks_days, "until erased", "days")),
            ("audit", self._by_days(settings.keep_audit_days, "for good", "days")),
            ("ways", say("until erased")),
            ("consent", say("until erased")),
            ("backups", self._backups_kept()),
            ("accounts", say("until removed")),
        ]
        return [(say(f"kept {what}"), until) for what, until in rows]

    def _backups_kept(self) -> str:
        if self._set.backup_folder is None:
            return self._say("backups none")
        return self._say("backups keep", keep=_cell(self._set.backup_keep))

    def _by_days(self, days: int | None, without: str, with_: str) -> str:
        if not days:
            return self._say(without)
        return self._say("days one") if days == 1 and with_ == "days" else self._say(with_, days=self._number(days))

    def _holds(self) -> str:
        count = self._facts.holds
        return self._say("holds none" if not count else "holds one" if count == 1 else "holds", count=count)

    def _log_kept(self) -> str:
        days = self._set.keep_audit_days
        return self._say("log for good") if days is None else self._say("log days", days=self._number(days))

    def _consent_table(self) -> str:
        rows = [
            (self._say(f"purpose {name}"), *map(self._number, (each.yes, each.no, self._silent(name))))
            for name, each in self._facts.answers.items()
        ]
        return _table(self._say("consent head"), rows)

    def _silent(self, purpose: str) -> int:
        told = self._facts.answers[purpose]
        return max(0, self._facts.people - told.yes - told.no)

    # What is done, and what is not

    def _measures(self) -> Iterator[str]:
        facts, settings, say = self._facts, self._set, self._say
        yield say(f"key {facts.key_by}")
        yield say("passwords")
        have = {"have": facts.admins_with_totp, "admins": facts.accounts.get("admin", 0)}
        yield say("totp on" if settings.totp_for_admins else "totp off", **have)
        yield say("idle", idle=settings.idle_minutes, admin=settings.admin_idle_minutes)
        yield say("roles", **{f"{role}s": facts.accounts.get(role, 0) for role in ("admin", "teacher", "auditor")})
        yield say("tls")
        yield self._backups()
        yield say("recovery on" if settings.recovery_key else "recovery off")
        yield say("anchor on" if settings.anchor_to else "anchor off", last=self._when(facts.last_anchor))
        yield say("purge", last=self._when(facts.last_purge))
        if settings.second_approval:
            yield say("approval on")
        yield say(f"liveness {settings.liveness}")

    def _backups(self) -> str:
        facts, settings = self._facts, self._set
        if settings.backup_folder is None:
            return self._say("backups off", known=facts.backups)
        last, tested = self._when(facts.last_backup), self._when(facts.last_tested)
        return self._say("backups on", keep=settings.backup_keep, last=last, tested=tested)

    def _open(self) -> list[str]:
        facts, settings = self._facts, self._set
        silent = facts.with_face - facts.answers["face"].yes - facts.answers["face"].no
        points: list[tuple[str, bool, int]] = [
            ("fields", True, 0),
            ("kind", settings.site_kind is None, 0),
            ("consent", not settings.asks_consent, 0),
            ("unanswered", silent > 0, silent),
            ("key", facts.key_by == "file", 0),
            ("totp", not settings.totp_for_admins and bool(facts.accounts), 0),
            ("backups", settings.backup_folder is None, 0),
            ("tested", facts.last_tested is None, 0),
            ("recovery", settings.recovery_key is None, 0),
            ("anchor", settings.anchor_to is None, 0),
            ("sightings", settings.keep_sightings_days is None, 0),
            ("marks", settings.keep_marks_days is None, 0),
            ("audit", settings.keep_audit_days is None, 0),
            ("left", True, 0),
            ("receivers", bool(facts.recipients), 0),
            ("waiting", facts.waiting_faces > 0, facts.waiting_faces),
            ("tls", True, 0),
            ("liveness", facts.cameras + facts.kiosks > 0, 0),
        ]
        return [self._say(f"open {name}", count=self._number(count)) for name, is_open, count in points if is_open]

    # Risks, from what was measured

    def _risk_false(self) -> str:
        settings, told = self._set, self._facts.accuracy
        if settings.match_threshold is not None:
            return self._say("risk false by hand", threshold=self._number(settings.match_threshold))
        measured = "" if told.fpir is None else self._say("measured", fpir=self._number(10 * told.fpir))
        strangers = self._number(1000 * settings.target_fpir)
        return self._say("risk false", strangers=strangers, size=self._number(self._facts.with_face), measured=measured)

    def _risk_missed(self) -> str:
        told = self._facts.accuracy.fnir
        return self._say("risk missed unknown") if told is None else self._say("risk missed", fnir=self._number(told))

    def _risk_unequal(self) -> str:
        told = self._facts.accuracy.children
        return (
            self._say("risk unequal unknown") if told is None else self._say("risk unequal", times=self._number(told))
        )

    def _liveness_measured(self) -> str:
        told = self._facts.liveness
        if self._set.liveness == "off" or not told.measured:
            return self._say("liveness unmeasured")
        worst = "" if told.pictures is None else self._bound("liveness pictures", told.pictures, species=told.species)
        people = "" if told.people is None else self._bound("liveness people", told.people)
        return self._say("liveness measured", measured=told.measured, places=told.places) + worst + people

    def _bound(self, key: str, bound: float, **more: object) -> str:
        return self._say(key, bound=self._number(round(bound, 1)), setting=self._set.liveness, **more)

    def _risk_loss(self) -> str:
        backups, anchor = self._set.backup_folder is None, self._set.anchor_to is None
        if not backups and not anchor:
            return self._say("risk loss both")
        missing = "both" if backups and anchor else "backups" if backups else "anchor"
        return self._say("risk loss some", missing=self._say(f"missing {missing}"))

    # The law

    def _laws(self) -> str:
        told: list[str] = []
        for place, heading in HEADINGS.items():
            told += [f"## {heading[self._language]}", ""]
            for law in LAWS:
                if law.place == place:
                    text = law.en if self._language is Language.EN else law.de
                    said = self._say("law" if law.sure else "law second", text=text, source=law.source,
                                     dated=self._day(law.dated))  # fmt: skip
                    told.append(f"* {said}")
            told.append("")
        return "\n".join(told)

    # How things are written

    def _day(self, day: date) -> str:
        return _DAYS[self._language](day)

    def _when(self, at: datetime | None) -> str:
        return self._say("never") if at is None else self._day(at.astimezone(zone(self._facts.zone)).date())

    def _number(self, value: float) -> str:
        """At most three digits of a fraction, with the marks of the language."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004
        return text if self._language is Language.EN else text.translate(_GERMAN)


_GERMAN: Final = str.maketrans(",.", ".,")
_LEAKS: Final = {"file": "file", "none": "none"}
_DAYS: Final[Mapping[Language, Callable[[date], str]]] = {
    Language.EN: lambda day: f"{day.day} {day:%B %Y}",
    Language.DE: lambda day: f"{day.day}. {_MONTHS[day.month - 1]} {day.year}",
}


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    line = "|" + "---|" * (head.count("|") - 1)
    return "\n".join([head, line, *("| " + " | ".join(row) + " |" for row in rows)])


def _listed(texts: Iterator[str]) -> str:
    return "\n".join(f"* {each}" for each in texts)


def _cell(text: str) -> str:
    """What somebody typed, on one line and within one cell."""
    return " ".join(text.replace("|", "/").split())

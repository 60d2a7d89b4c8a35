"""How data protection stands, for admins and auditors: counts, retention, backups, the log's anchor, and the drafts."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.privacy.drafting import retention
from attendance.privacy.facts import Language, Part, ReportFormat
from attendance.web.doors import PrivacyRead
from attendance.web.downloads import download
from attendance.web.sections import section
from attendance.web.site import site_of

router = APIRouter(include_in_schema=False)
PURPOSES: Final = (
    ("face", "Being marked by face"),
    ("photo", "Keeping the picture of the face"),
    ("unknown", "Keeping faces that wait for a look"),
)
PARTS: Final = (
    (None, "All in one"),
    (Part.RECORD, "Record of processing"),
    (Part.ASSESSMENT, "Impact assessment"),
    (Part.SCHEDULE, "Public retention schedule"),
    (Part.NOTICE, "Notice for people"),
    (Part.INSTRUCTIONS, "Instructions for use"),
    (Part.LAW, "What the law says"),
)
PAGES: Final = (
    ("/settings/retention", "Rules, holds and receipts"),
    ("/settings/backups", "Backups"),
    ("/consents", "Consent"),
    ("/audit", "Audit"),
)
"""Where what the page tells can be looked at more closely."""


@router.get("/settings/privacy")
def privacy(request: Request, who: PrivacyRead) -> Response:
    """How it stands, and what can be taken out."""
    facts = site_of(request).app.privacy_reports.facts(who.actor)
    return section(
        request, who, "/settings", "office/privacy.html", facts=facts, purposes=PURPOSES, parts=PARTS,
        kept=retention(facts, Language.EN), languages=(("en", "English"), ("de", "Deutsch")), pages=PAGES,
    )  # fmt: skip


@router.get("/settings/privacy/report.{form}")
def report(
    request: Request, who: PrivacyRead, form: ReportFormat, language: Language = Language.EN, part: Part | None = None
) -> Response:
    """The drafts as a file; that somebody took them out stands in the log."""
    parts = tuple(Part) if part is None else (part,)
    data = site_of(request).app.privacy_reports.report(who.actor, language, form, parts)
    name = "privacy" if part is None else str(part)
    return download(data, f"{name}-{language}.{form}")

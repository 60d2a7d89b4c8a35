"""What is told of the API as OpenAPI 3.1: beside what routes say, who may ask, what is refused, and what it is for."""

import threading
from typing import TYPE_CHECKING, Any, Final

from attendance.services.tokens import SCOPES
from attendance.web.api.models.shared import Problem
from attendance.web.api.operations import refusals

if TYPE_CHECKING:
    from fastapi import FastAPI

ABOUT: Final = """People, marks, decisions, timetables and reports of this site, for programs.

A program proves itself by a token: `Authorization: Bearer TOKEN`. An admin makes it, for scopes, and it is shown once.
Every refusal is `application/problem+json`; its `id` is stable, its `detail` says what is wrong and what to do.
Instants are RFC 3339 in UTC, days those of the site. Lists come a page at a time: `next` is the `cursor` of what
follows. Changes of what may have changed meanwhile carry the `ETag` that was read as `If-Match`. Marks carry an
`Idempotency-Key`, so that a program that heard no answer may ask again. Unknown parameters and fields are refused.
"""
SUBJECTS: Final = (
    ("service", "Who asks, and what answers."),
    ("people", "Who is enrolled."),
    ("photos", "By what people are recognised."),
    ("groups", "Who belongs together."),
    ("sessions", "What people are marked for."),
    ("marks", "Who was there."),
    ("decisions", "Photos judged, and why."),
    ("reviews", "What waits for somebody to look."),
    ("timetable", "When who is expected."),
    ("calendar", "Days off, and terms."),
    ("excuses", "When somebody need not be there."),
    ("reports", "Who was there, in every form."),
    ("cameras", "What is watched."),
    ("events", "What happens, while it does."),
    ("similarity", "Pictures compared, by models of the workbench."),
)


def describe(app: "FastAPI") -> None:
    """Have the application tell of its API as above; it is put together once."""
    plain, lock, made = app.openapi, threading.Lock(), dict[str, Any]()

    def told() -> dict[str, Any]:
        with lock:  # what FastAPI does for it is for one thread at a time
            if not made:
                made.update(_whole(plain()))
            return made

    app.openapi = told  # type: ignore[method-assign]  # FastAPI's own way to change it


def _whole(found: dict[str, Any]) -> dict[str, Any]:
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    scopes = ", ".join(f"`{name}` ({told.rstrip('.').lower()})" for name, told in SCOPES.items())
    parts["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": f"A token with the scope needed: {scopes}."}
    }
    for operations in found.get("paths", {}).values():
        for method, operation in operations.items():
            _operation(operation, writes=method != "get")
    info = {"title": "Attendance", "version": "1", "summary": "The API of one site.", "description": ABOUT}
    tags = [{"name": name, "description": told} for name, told in SUBJECTS]
    return {**found, "info": info, "tags": tags, "components": parts}


def _operation(operation: dict[str, Any], *, writes: bool) -> None:
    """What holds for every operation: a summary in words, and what a body may be refused for."""
    operation["summary"] = operation.pop("description", operation["summary"]).partition("\n")[0]
    responses = operation["responses"]
    if "requestBody" in operation:
        _may_refuse(responses, 408, 413)
    if writes:
        _may_refuse(responses, 507)
    for each in operation.get("parameters", ()):
        if each["name"] == "If-Match":  # its lack has an answer of its own
            each["required"] = "428" in responses
    for status in [each for each in responses if each == "422"]:
        responses[status] = refusals()[422]
    for each in responses.values():
        if each["description"] == "Successful Response":
            each["description"] = "Done."
    operation["responses"] = dict(sorted(responses.items()))


def _may_refuse(responses: dict[str, Any], *statuses: int) -> None:
    told = refusals(*statuses)
    for status in statuses:
        responses.setdefault(str(status), told[status])

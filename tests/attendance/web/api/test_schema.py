"""The API keeps to what its OpenAPI tells, whatever it is asked."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as of_openapi

from attendance.web.build import build
from attendance.web.site import Site

CHECKS = [
    not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
    of_openapi.allow_header_conformance,
]
STREAMS = {"follow_events"}
"""What never ends by itself."""
EXAMPLES = 12
THERE = {"person": "P-1", "session": "Excursion", "rule": "Maths", "place": "Gate", "number": 1}


@pytest.fixture
def filled(app, api, enrolled, photo):
    """A home in which something of every kind is there."""
    enrolled("P-1", 7, name="Ada Lovelace", groups=["7A"])
    enrolled("P-2", 8, name="Alan Turing", groups=["7A"])
    api.post("/decisions", content=photo((7,), seed=1), headers={"Content-Type": "image/png"})
    api.post("/decisions", content=photo((8, 20), seed=2), headers={"Content-Type": "image/png"})
    api.post("/sessions", json={"name": "Excursion"})
    parts = {"weekly": "MO,TU", "begins": "08:00", "ends": "08:45"}
    api.post("/timetable/rules", json={"name": "Maths", "parts": parts, "group": "7A"})
    api.post("/calendar/entries", json={"kind": "closed", "first": "2026-12-24", "name": "Eve"})
    api.post("/excuses", json={"person": "P-1", "begins": "2026-03-03", "ends": "2026-03-03", "reason": "trip"})
    app.places.add(app.actor, "Gate", "rtsp://127.0.0.1:9/none")
    return api


@pytest.fixture
def operations(app, filled):
    """The operations that answer at once, as schemathesis asks them."""
    asked = build(Site(app, hosts=("localhost",)))
    bearer = {"Authorization": filled.headers["Authorization"], "Host": "localhost"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", asked, headers=bearer)
    found = [each.ok() for each in schema.get_all_operations()]
    return bearer, [each for each in found if each.definition.raw["operationId"] not in STREAMS]


def told(headers, case, there: bool) -> None:
    """Ask, and compare the answer with what is told of the operation."""
    if there and case.path_parameters:
        known = {name: THERE.get(name, value) for name, value in case.path_parameters.items()}
        case.path_parameters = known
    case.call_and_validate(headers=headers, checks=CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_keeps_to_what_it_tells(operations, mode):
    """Whatever is sent, no operation fails, answers what it does not tell of, or tells what it does not say."""
    headers, found = operations
    plan = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    failed = {}
    for operation in found:
        ask = given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())(
            lambda case, there: told(headers, case, there)
        )
        try:
            plan(ask)()
        except Exception as error:  # noqa: BLE001 - all operations are asked before the test fails
            failed[operation.definition.raw["operationId"]] = str(error)

    assert {} == failed

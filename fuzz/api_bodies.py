"""Any body to any operation of the API that takes JSON: answered, refused, and never answered with 500.

The first byte tells which operation, by its place in the OpenAPI document; what follows is the body.
"""

import logging

from begin import Target, fuzz, new_folder

THERE = {"person": "P-1", "rule": "Maths", "session": "Excursion", "place": "Gate", "id": "1"}
"""What stands in the place of a parameter of an address; a 1 for all others."""


def prepared() -> Target:
    """The target."""
    import re

    from fastapi.testclient import TestClient

    from attendance import Attendance
    from attendance.access import Actor
    from attendance.services.tokens import SCOPES
    from attendance.web.build import build
    from attendance.web.site import Site

    logging.disable()
    app = Attendance.open(new_folder())
    site = Site(app)
    token = app.tokens.add(Actor("fuzz"), "fuzz", tuple(SCOPES)).secret
    client = TestClient(build(site), base_url=site.public, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {token}"
    client.headers["Content-Type"] = "application/json"
    client.post("/api/v1/people", json={"name": "Ada Lovelace", "id": "P-1"})
    asked = [
        (method, re.sub(r"{(\w+)}", lambda found: THERE.get(found.group(1), "1"), path))
        for path, methods in client.get("/api/v1/openapi.json").json()["paths"].items()
        for method, told in methods.items()
        if "application/json" in told.get("requestBody", {}).get("content", {})
    ]

    def target(data: bytes) -> None:
        method, path = asked[data[0] % len(asked)] if data else asked[0]
        answer = client.request(method.upper(), path, content=data[1:], headers={"If-Match": "*"})
        if answer.status_code >= 500 and answer.status_code != 503:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")

    return target


if __name__ == "__main__":
    fuzz("api_bodies", prepared, ["attendance.web", "attendance.services", "attendance.timetable"], longest=4_000)

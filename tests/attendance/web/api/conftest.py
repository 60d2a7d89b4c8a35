"""Fixtures of the API's tests: programs with tokens of some scopes, and people with photos."""

import pytest
from fastapi.testclient import TestClient

from attendance.access import Actor
from attendance.services.tokens import SCOPES
from attendance.web.build import build

V1 = "/api/v1"


class Program(TestClient):
    """A program with a token; its addresses begin after /api/v1."""

    def __init__(self, site, made, application=None) -> None:
        super().__init__(application or build(site), base_url=site.public, follow_redirects=False)
        self.made = made
        self.headers["Authorization"] = f"Bearer {made.secret}"

    def request(self, method, url, **told):
        """As of a client, below /api/v1 unless it is a whole path."""
        return super().request(
            method, url if str(url).startswith(("/api", "/feeds", "http")) else V1 + str(url), **told
        )

    def tag(self, path: str) -> dict[str, str]:
        """The header that a change of what is there needs."""
        return {"If-Match": self.get(path).headers["ETag"]}


@pytest.fixture
def program(site):
    """A program: ``program()`` may everything, ``program("people:read")`` that alone."""

    def make(*scopes: str, **told) -> Program:
        return Program(site, site.app.tokens.add(Actor("Grace"), "HR", scopes or tuple(SCOPES), **told))

    return make


@pytest.fixture
def api(program) -> Program:
    """A program that may everything."""
    return program()


@pytest.fixture
def photo(draw):
    """The bytes of a photo of these faces: ``photo((7,), (8, 60))``."""
    made = iter(range(1000))

    def make(*faces: tuple[int, ...], seed: int = 0) -> bytes:
        return draw(f"api {next(made)}.png", *faces, seed=seed).read_bytes()

    return make


PNG = {"Content-Type": "image/png"}


@pytest.fixture
def enrolled(api, photo):
    """Add somebody with a photo of the face of this number: ``enrolled("P-7", 7, name="Ada")``."""

    def add(person: str, face: int, *, name: str | None = None, groups=()) -> str:
        told = {"id": person, "name": name or f"Person {face}", "groups": [*groups]}
        assert 201 == api.post("/people", json=told).status_code
        assert 201 == api.post(f"/people/{person}/photos", content=photo((face,)), headers=PNG).status_code
        return person

    return add

"""Accounts and tokens on pages: made, changed, taken back; secrets shown once, and the last admin stays."""

import re

NEW = {"name": "Ms <i>Miller</i>", "role": "teacher", "password": "blue horse seven trees",
       "again": "blue horse seven trees", "groups": ["7b"]}  # fmt: skip


def test_add_change_remove(desk, school):
    """An account is made for groups, changed, given a new password, put out of use and deleted."""
    admin = desk()
    admin.said("/settings/accounts", **NEW)
    found = school.accounts.named("Ms <i>Miller</i>")
    assert ("teacher", ("7b",)) == (found.role, found.groups)
    page = admin.get("/settings/accounts")
    assert ("<i>Miller" in page, "blue horse" in page) == (False, False)
    here = f"/settings/accounts/{found.id}"
    version = re.search(r'name="version" value="(\w+)"', admin.get(here))[1]
    admin.said(here, name="Miller", role="teacher", groups=["8a"], version=version)
    assert (("8a",), False) == (school.accounts.numbered(found.id).groups, school.accounts.numbered(found.id).active)
    assert "changed" in admin.error(here, 412, name="Other", role="teacher", version=version)
    assert "not alike" in admin.error(f"{here}/password", password="a b c d e f", again="x")  # noqa: S106
    admin.said(f"{here}/password", password="green fish eight stones", again="green fish eight stones")  # noqa: S106
    assert "is deleted" in admin.said(f"{here}/remove")
    admin.get(here, 404)


def test_refused(desk, school):
    """What cannot be is refused, with the name that was typed and without the password."""
    admin = desk()
    for wrong, status in (
        ({"name": ""}, 422), ({"again": "other"}, 422), ({"role": "king"}, 422), ({"groups": ["9z"]}, 404),
        ({"password": "x", "again": "x"}, 422), ({"name": "admin"}, 409),
    ):  # fmt: skip
        answer = admin.post("/settings/accounts", status, **{**NEW, **wrong})
        assert "blue horse" not in answer.text
    own = school.accounts.named("admin").id
    assert "last admin" in admin.error(f"/settings/accounts/{own}", name="admin", role="teacher", active="1")
    assert "last admin" in admin.error(f"/settings/accounts/{own}/remove")


def test_tokens(desk, app):
    """A token is shown once, listed without it, and taken back."""
    admin = desk()
    page = admin.post("/settings/tokens", 200, name="<b>Badge</b>", scopes=["reports:read"], days="30").text
    secret = re.search(r'id="secret">(\S+)<', page)[1]
    assert app.tokens.found(secret, "api").scopes == ("reports:read",)
    page = admin.get("/settings/tokens")
    assert (secret in page, "<b>Badge" in page, "reports:read" in page) == (False, False, True)
    number = app.tokens.all()[0].token.id
    admin.said(f"/settings/tokens/{number}/revoke")
    assert app.tokens.found(secret, "api") is None
    admin.post("/settings/tokens/99/revoke", 404)
    for wrong in ({"scopes": []}, {"scopes": ["all"]}, {"days": "0"}, {"days": "x"}, {"name": ""}):
        admin.post("/settings/tokens", 422, **{"name": "x", "scopes": ["reports:read"], "days": "", **wrong})

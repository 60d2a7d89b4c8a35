"""Sites on a page: entered, put out of use, and who belongs to which."""

import pytest

PAGE = "/settings/sites"


@pytest.mark.usefixtures("school")
def test_a_site_is_entered_and_put_out_of_use(desk, app, words):
    """A site is entered by its name, listed, and put out of use; one without a name is refused."""
    admin = desk()
    assert "name" in admin.error(PAGE, name="")
    assert "North is in use" in admin.said(PAGE, name="North")
    assert "North" in words(admin.get(PAGE))
    assert "North is out of use" in admin.said(f"{PAGE}/retire", site="North")
    assert [("North", False)] == [(each.name, each.active) for each in app.sites.all()]


@pytest.mark.usefixtures("school")
def test_who_belongs_where(desk, app, words):
    """Somebody is assigned on their own page, and all members of a group at once; none ticked means all sites."""
    admin, who = desk(), app.people.all()[0]
    admin.said(PAGE, name="North")
    assert "belongs to North" in admin.said(f"/people/{who.id}/sites", sites="North")
    assert ("North",) == app.sites.of(who.id)
    assert "site North" in words(admin.get(f"/people/{who.id}"))
    assert "belongs to all sites" in admin.said(f"/people/{who.id}/sites")
    assert () == app.sites.of(who.id)
    (group, *_) = app.directory.groups(None)
    assert f"of {group} belong to North now" in admin.said(f"{PAGE}/group", group=group, sites="North")
    assert all(app.sites.of(each.id) == ("North",) for each in app.people.all(group))


@pytest.mark.usefixtures("school")
def test_a_site_that_is_not_there(desk, app):
    """Nobody is assigned to a site that does not exist."""
    who = app.people.all()[0]
    assert "site" in desk().error(f"/people/{who.id}/sites", 404, sites="Nowhere")
    assert () == app.sites.of(who.id)

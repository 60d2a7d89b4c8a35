"""The page that tells of the API."""

import re


def test_every_operation_is_told_with_an_example(signed_in):
    """Each operation of the OpenAPI stands on the page with path, scope, answers and a call by curl."""
    admin = signed_in()
    told = admin.app.openapi()
    page = admin.get("/api/docs").text
    operations = [each for path in told["paths"].values() for each in path.values()]

    assert {each["operationId"] for each in operations} == set(re.findall(r'operation" id="(\w+)"', page))
    assert len(operations) == page.count("Authorization: Bearer $TOKEN")
    for each in operations:
        for scope in each["security"][0]["bearer"]:
            assert f"<code>{scope}</code>" in page


def test_every_link_on_the_page_leads_somewhere(signed_in):
    """Shapes and subjects that are linked are there."""
    page = signed_in().get("/api/docs").text
    there = set(re.findall(r'id="([^"]+)"', page))

    assert set() == {each for each in re.findall(r'href="#([^"]+)"', page) if each not in there}


def test_examples_can_be_sent(signed_in):
    """The body of an example is one that the operation takes, its path one that leads to it."""
    import html
    import json

    page = html.unescape(signed_in().get("/api/docs").text)
    bodies = [json.loads(each) for each in re.findall(r"-d '(.*)'", page)]

    assert {"person": "P-1"} in bodies
    assert {"name": "Ada Lovelace"} in bodies
    assert "/api/v1/people/P-1'" in page
    assert "/api/v1/timetable/rules/Maths%207A" in page
    assert "Idempotency-Key" in page


def test_staff_alone_reads_it(client, signed_in):
    """Who is not signed in is asked to sign in; a teacher may read it."""
    assert 303 == client.get("/api/docs").status_code
    assert 200 == signed_in("teacher", ["7A"]).get("/api/docs").status_code

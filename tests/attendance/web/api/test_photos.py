"""Photos of people by the API."""

from gallery import history

PNG = {"Content-Type": "image/png"}


def test_a_photo_enrols_a_person(api, enrolled):
    """What is known of a photo is listed, without face and template; the face is a picture that nobody keeps."""
    enrolled("a", 7)
    (told,) = api.get("/people/a/photos").json()["items"]
    face = api.get(f"/people/a/photos/{told['number']}/face")

    assert {"number", "encoder", "quality", "source", "created", "face"} == set(told)
    assert (200, "no-store") == (face.status_code, face.headers["Cache-Control"])
    assert face.headers["Content-Type"] in {"image/jpeg", "image/png"}
    assert 1 == api.get("/people/a").json()["templates"]


def test_looks_of_programs_are_noted(app, api, enrolled):
    """A program that fetches a face or a report stands in the log with its name, once an hour."""
    enrolled("a", 7)
    for path in ("/people/a/photos/1/face", "/people/a/photos/1/face", "/reports", "/people/a/photos"):
        assert 200 == api.get(path).status_code
    with app.store.reading() as view:
        found = [each for each in history(view) if each.action.endswith((".look", ".export"))]

    assert ["photo.look", "report.export"] == [each.action for each in found]
    assert {True} == {each.by.startswith("token ") for each in found}


def test_faces_need_a_scope_of_their_own(program, enrolled):
    """Who may read people sees no face."""
    enrolled("a", 7)
    refused = program("people:read", "people:write").get("/people/a/photos/1/face")

    assert (403, "token.scope") == (refused.status_code, refused.json()["id"])


def test_what_a_photo_is_refused_for_is_told(api, photo, fake):
    """A photo that cannot enrol says why in codes, and no photo is filed."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    blurred = api.post("/people/a/photos", content=photo((7, 100, fake.BLURRED)), headers=PNG)
    several = api.post("/people/a/photos", content=photo((7,), (8,)), headers=PNG)
    nobody = api.post("/people/a/photos", content=photo(), headers=PNG)

    assert (422, ["blurred"]) == (blurred.status_code, blurred.json()["reasons"])
    assert [422, 422] == [several.status_code, nobody.status_code]
    assert ["face.several", "face.none"] == [several.json()["id"], nobody.json()["id"]]
    assert [] == api.get("/people/a/photos").json()["items"]


def test_somebody_else_s_face_is_refused(api, enrolled, photo):
    """A photo of who is enrolled already is filed for another one only where that is meant."""
    enrolled("a", 7)
    api.post("/people", json={"name": "Eve", "id": "e"})
    sent = photo((7,), seed=5)
    refused = api.post("/people/e/photos", content=sent, headers=PNG)
    meant = api.post("/people/e/photos?allow_duplicate=true", content=sent, headers=PNG)

    assert (409, "person.duplicate") == (refused.status_code, refused.json()["id"])
    assert (201, "added") == (meant.status_code, meant.json()["outcome"])


def test_a_photo_is_taken_away(api, enrolled, photo):
    """Without its photo nobody is recognised; a photo of somebody else is not touched by the same number."""
    enrolled("a", 7)
    enrolled("b", 8)
    number = api.get("/people/a/photos").json()["items"][0]["number"]

    assert (404, "photo.unknown") == (
        api.delete(f"/people/b/photos/{number}").status_code,
        api.delete(f"/people/b/photos/{number}").json()["id"],
    )
    assert (204, b"") == (api.delete(f"/people/a/photos/{number}").status_code, b"")
    assert 404 == api.delete(f"/people/a/photos/{number}").status_code
    assert 404 == api.get(f"/people/a/photos/{number}/face").status_code
    decided = api.post("/decisions", content=photo((7,), (8,)), headers=PNG).json()["decisions"]
    assert ["unknown", "present"] == [each["decision"] for each in decided]


def test_who_is_erased_meanwhile_does_not_come_back(app, api, photo, pipeline, monkeypatch):
    """A photo that is still looked at when its person is erased enrols nobody."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    looked = pipeline.enrol_face

    def erased_meanwhile(*args, **told):
        app.people.remove(app.actor, "a")
        return looked(*args, **told)

    monkeypatch.setattr(pipeline, "enrol_face", erased_meanwhile)
    refused = api.post("/people/a/photos", content=photo((7,)), headers=PNG)

    assert (404, "gallery.person_unknown") == (refused.status_code, refused.json()["id"])
    assert [] == api.get("/people").json()["items"]

"""When people were looked for, on a page: noted by hand, listed with its gaps."""


def test_note_and_list(desk, school, words):
    """What somebody has watched in person is noted, and stands in the list of its day."""
    school.clock.forward(hours=2)
    admin = desk()
    sent = {"begins": "08:00", "ends": "08:15", "reason": "<b>Grace</b> stood there", "group": "7b"}
    admin.said("/coverage", **sent)
    page = admin.get("/coverage")
    assert "&lt;b&gt;Grace&lt;/b&gt; stood there" in page
    assert "in person looked 2026-03-02 08:00:00 2026-03-02 08:15:00 group 7b" in words(page)
    for wrong in ({"begins": "x"}, {"ends": "23:00"}, {"reason": ""}, {"day": "x"}, {"ends": "07:00"}):
        admin.post("/coverage", 422, **{**sent, **wrong})
    admin.get("/coverage", 422, **{"from": "2026-03-02", "to": "2026-03-01"})


def test_teacher(desk, school):
    """A teacher notes it for a group of theirs alone, and sees nothing of other groups'."""
    school.clock.forward(hours=2)
    school.coverings.add(school.actor, begins="08:00", ends="08:15", reason="of 8a", group="8a")
    teacher = desk("teacher", "7b")
    assert "of 8a" not in teacher.get("/coverage")
    sent = {"begins": "08:00", "ends": "08:15", "reason": "x"}
    teacher.post("/coverage", 403, **sent)
    teacher.post("/coverage", 404, **sent, group="8a")
    teacher.said("/coverage", **sent, group="7b")


def test_a_teacher_sees_no_place_of_others(desk, school):
    """Neither in the list of places nor by naming it."""
    school.clock.forward(hours=2)
    for name, group in (("Gate", None), ("Lab", "7b"), ("Gym", "8a")):
        school.places.add(school.actor, name, kind="kiosk", group=group)
    teacher = desk("teacher", "7b")
    page = teacher.get("/coverage")
    assert [True, True, False] == [f'"{each}"' in page for each in ("Gate", "Lab", "Gym")]
    sent = {"begins": "08:00", "ends": "08:15", "reason": "x", "group": "7b"}
    for unknown in ("Gym", "Nowhere"):
        assert "there is no place of this name" in teacher.error("/coverage", 404, **sent, place=unknown)
    teacher.said("/coverage", **sent, place="Lab")

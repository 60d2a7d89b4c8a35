"""Checks: every face judged, marks made once, and nothing unexpected ever marks anybody."""

import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from attendance import Attendance
from attendance.cameras import VideoReader
from attendance.errors import GroupUnknown, OutputFailed, SessionClosed, SessionUnknown, SourceMissing
from enroll import DetectorFailed, EncoderFailed, EncoderMissing, NoFace, ScreenFailed
from gallery import GalleryDamaged, history


@pytest.fixture
def people(app, draw):
    """Ada (1) of 7b and Bob (2) of 8a."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="E-1", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="E-2", groups=["8a"])
    return app


def kinds(decisions) -> list[str]:
    return [decision.decision for decision in decisions]


def marks(app) -> int:
    return app.gallery.stats().marks


def test_five_decisions(people, draw):
    """Present, already, review, unknown and refused, each where it belongs."""
    found = list(people.check(draw("door.png", (1, 80), (2, 18), (9,), (3, 90, 1), seed=1)))
    assert ["present", "review", "unknown", "refused"] == kinds(found)
    assert ("Ada", "Bob", None, None) == tuple(each.person.name if each.person else None for each in found)
    assert ["already"] == kinds(people.check(draw("again.png", (1, 80), seed=2)))
    assert marks(people) == 1


def test_decision_is_complete(people, draw, clock):
    """A decision carries source, instant, box, numbers, candidates and the mark."""
    (found,) = people.check(draw("door.png", (1, 80)))
    policy = people.policy()
    assert found.source.endswith("door.png")
    assert clock.now == found.at
    assert (0.8, 0.8, 0.8) == pytest.approx((found.score, found.cosine, found.margin), abs=1e-5)
    assert (policy.threshold, 0.003, 2, "fake-1") == (
        found.threshold,
        found.target_fpir,
        found.gallery_size,
        found.encoder,
    )
    assert ["E-1", "E-2"] == [each.person.id for each in found.candidates]
    assert found.mark == people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)[0].id


def test_evidence_is_kept(people, draw):
    """A mark keeps the numbers it rests on."""
    (found,) = people.check(draw("door.png", (1, 80)))
    evidence = people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)[0].evidence
    whole = found.to_dict()
    for key in ("score", "threshold", "margin", "quality", "encoder", "source", "box", "gallery_size"):
        assert whole[key] == evidence[key]
    assert ["E-1", "E-2"] == [each["id"] for each in evidence["candidates"]]


def test_removed_person_leaves_the_evidence_of_others(people, draw):
    """Of a removed person the candidates of other people's marks keep the scores, and neither id nor name."""
    list(people.check(draw("door.png", (1, 80))))
    people.gallery.remove("E-2", at=people.clock.utc(), by="tester")
    (mark,) = people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)
    ada, gone = mark.evidence["candidates"]
    assert ("E-1", {"id", "name", "score", "cosine"}) == (ada["id"], set(ada))
    assert (None, None, True, 0.0) == (gone["id"], gone["name"], gone["removed"], gone["score"])


def test_group_limits_search_and_n(people, draw):
    """A check of a group searches its members alone, and N is theirs."""
    (found,) = people.check(draw("door.png", (2, 80)), group="7b")
    assert ("unknown", 1) == (found.decision, found.gallery_size)
    with pytest.raises(GroupUnknown):
        people.check(draw("door.png", (2, 80)), group="9z")


def test_session_brings_its_group(people, draw):
    """A check in a group's session searches that group."""
    people.sessions.open("Maths", at=people.clock.utc(), group="7b")
    assert ["unknown"] == kinds(people.check(draw("door.png", (2, 80)), session="Maths"))


def test_unknown_or_closed_session(people, draw):
    """A session that does not exist or is closed is refused before anything is judged."""
    with pytest.raises(SessionUnknown):
        people.check(draw("door.png", (1,)), session="Maths")
    people.sessions.open("Maths", at=people.clock.utc())
    people.sessions.close("Maths", at=people.clock.utc())
    with pytest.raises(SessionClosed):
        people.check(draw("door.png", (1,)), session="Maths")


def test_dry_run_writes_nothing(people, draw):
    """A dry run decides the same and leaves the database as it is."""
    with people.store.reading() as transaction:
        before = history(transaction)
    assert ["present"] == kinds(people.check(draw("door.png", (1, 80)), dry_run=True))
    with people.store.reading() as transaction:
        assert before == history(transaction)
    assert [] == people.sessions.all()


def test_check_is_noted_once(people, draw):
    """A run that marks nobody is remembered once, with no name in it."""
    list(people.check(draw("a.png", (9,)), draw("b.png", (9,), seed=1)))
    with people.store.reading() as transaction:
        (event,) = history(transaction, action="session.check")
    assert {"how": "file"} == event.details


def test_bad_sources_stop_nobody(people, draw, tmp_path):
    """Missing, empty, faceless, broken and odd sources are reported; the good ones are judged all the same."""
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "bare").mkdir()
    sources = [
        tmp_path / "missing.jpg",
        tmp_path / "empty.jpg",
        draw("nobody.png"),
        draw("broken.png", (1, 80, 3)),
        draw("nan.png", (1, 80, 2)),
        tmp_path / "bare",
        draw("good.png", (1, 80)),
    ]
    problems = []
    assert ["present"] == kinds(people.check(*sources, on_problem=problems.append))
    assert ["source.missing", "photo.empty", "face.none", "internal.failed", "internal.failed", "source.missing"] == [
        problem.id for problem in problems
    ]


def test_without_a_listener_the_first_problem_is_raised_last(people, draw, tmp_path):
    """Python users need no callback: the good sources come first, then the first error is raised."""
    found = people.check(tmp_path / "missing.jpg", draw("good.png", (1, 80)))
    assert next(found).decision == "present"
    with pytest.raises(SourceMissing):
        next(found)


def test_no_face_is_told(people, draw):
    """A picture without a face is told as such."""
    with pytest.raises(NoFace):
        list(people.check(draw("nobody.png")))


def test_folders_are_walked(people, draw):
    """A folder stands for its pictures, sub-folders too, in order; hidden files are passed over."""
    folder = draw("set/b.png", (2, 80)).parent
    draw("set/a/x.png", (1, 80))
    draw("set/.hidden.png", (1, 80))
    assert ["Ada", "Bob"] == [each.person.name for each in people.check(folder)]


def test_what_systems_put_into_folders_is_not_checked(people, draw):
    """Thumbnails, recycle bins and the shadows of a Mac are neither judged nor mentioned."""
    folder = draw("set/b.png", (2, 80)).parent
    for litter in ("@eaDir/b.png/SYNOPHOTO_THUMB_M.png", "#recycle/a.png", "$RECYCLE.BIN/x/a.png", "__MACOSX/a.png"):
        draw(f"set/{litter}", (1, 80))
    (folder / "Thumbs.db").touch()
    told: list[str] = []
    assert ["Bob"] == [each.person.name for each in people.check(folder, on_status=told.append)]
    assert [] == told


def test_pictures_left_out_are_problems(people, draw):
    """In a folder, what looks like a picture and cannot be read is reported by name; the others are judged."""
    folder = draw("set/b.png", (2, 80)).parent
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    (folder / "a.CR2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(90))
    (folder / "c.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(90))
    problems = []
    assert ["Bob"] == [each.person.name for each in people.check(folder, on_problem=problems.append)]
    assert [("IMG_1.HEIC", "photo.damaged"), ("a.CR2", "photo.unknown_format"), ("c.jp2", "photo.unknown_format")] == [
        (problem.source.rpartition("/")[2], problem.id) for problem in problems
    ]


def test_files_of_a_folder_are_told_by_their_first_bytes(people, draw):
    """A picture without a suffix, or with one that says nothing, is judged as the picture it is."""
    folder = draw("set/a.png", (1, 80)).parent
    draw("set/x.png", (2, 80)).rename(folder / "bob")
    assert ["Ada", "Bob"] == [each.person.name for each in people.check(folder)]


def test_what_is_no_picture_is_named_and_no_problem(people, draw):
    """Notes and side files of a folder are named in one line, the first few, and make no problem."""
    folder = draw("set/a.png", (1, 80)).parent
    for name in ("notes.txt", "list.csv", "a.xmp", "a.json", "b.aae", "c.pdf", "d.docx"):
        (folder / name).write_text("text")
    told: list[str] = []
    problems: list[object] = []
    assert 1 == len(list(people.check(folder, on_problem=problems.append, on_status=told.append)))
    assert [] == problems
    assert ["passed over, neither picture nor video: a.json, a.xmp, b.aae, c.pdf, d.docx and 2 more"] == told


def test_a_folder_without_a_picture_is_a_problem(people, tmp_path):
    """A folder that holds notes alone is a problem, and what it holds is named all the same."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "notes.txt").write_text("text")
    told: list[str] = []
    problems = []
    assert [] == list(people.check(tmp_path / "notes", on_problem=problems.append, on_status=told.append))
    assert (["source.missing"], 1) == ([problem.id for problem in problems], len(told))


@pytest.mark.parametrize("stage", ["search", "decide", "mark"])
def test_a_failing_stage_marks_nobody(people, draw, monkeypatch, stage):
    """An exception in any stage ends in no mark and a message, and the next picture is judged."""
    import attendance.judge.judging

    target, name = {
        "search": (attendance.judge.judging.Judge, "search"),
        "decide": (attendance.judge.judging, "decide"),
        "mark": (type(people.marks), "mark_in"),
    }[stage]
    working = getattr(target, name)
    calls = []

    def fails_once(*given, **named):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError("by design")
        return working(*given, **named)

    monkeypatch.setattr(target, name, fails_once)
    problems = []
    found = people.check(draw("a.png", (1, 80)), draw("b.png", (2, 80)), on_problem=problems.append)
    assert ["Bob"] == [each.person.name for each in found]
    assert ["internal.failed"] == [problem.id for problem in problems]
    assert marks(people) == 1


@pytest.mark.parametrize("error", [EncoderFailed, DetectorFailed])
def test_models_that_fail_on_one_picture(people, draw, pipeline, error):
    """Models that fail on the pixels of one picture refuse that picture alone: source.failed, exit code 1."""
    working = pipeline.faces
    pipeline.faces = lambda pixels: fails(error) if pixels[0, 0, 0] == 1 else working(pixels)
    problems = []
    found = people.check(draw("a.png", (1, 80)), draw("b.png", (2, 80)), on_problem=problems.append)
    assert ["Bob"] == [each.person.name for each in found]
    assert [("source.failed", 1)] == [(problem.id, problem.error.exit_code) for problem in problems]
    assert marks(people) == 1


@pytest.mark.parametrize("name", ["a.png", "a.avi"])
@pytest.mark.parametrize("error", [EncoderFailed, EncoderMissing, DetectorFailed])
def test_models_that_do_not_load(home, clock, draw, monkeypatch, error, name):
    """Models that do not load end the run with exit code 3, before a picture and before a video."""
    monkeypatch.setattr("attendance.composition.load_pipeline", lambda _: fails(error))
    (draw("b.png", (1,)).parent / "a.avi").touch()
    with Attendance.open(home, clock=clock) as app, pytest.raises(error) as caught:
        list(app.check(draw("b.png", (1,)).with_name(name) if name == "a.avi" else draw(name, (1,)), on_problem=print))
    assert 3 == caught.value.exit_code


def fails(error):
    raise error("encoder.onnx", "by design")


def test_videos_that_break_stop_nobody(people, draw, monkeypatch):
    """A video without a picture, and one that breaks off, are listed; the pictures after them are checked."""
    folder = draw("b.png", (2, 80)).parent
    stand_in = Path(__file__).parents[1] / "stand_in_capture.py"
    count = {"empty.mp4": 0, "cut.mp4": 3}

    def reader(path, clock):
        behaviour = "shape" if count[path.name] else "end"
        return VideoReader(path, clock, command=(sys.executable, "-P", str(stand_in), behaviour, str(count[path.name])))

    monkeypatch.setattr("attendance.live.feeds.VideoReader", reader)
    people.pipeline.detector = SimpleNamespace(detect=lambda _: [])
    for name in count:
        (folder / name).touch()
    problems = []
    found = list(people.check(folder / "empty.mp4", folder / "cut.mp4", folder / "b.png", on_problem=problems.append))
    assert ["Bob"] == [each.person.name for each in found]
    assert ["source.no_frames", "source.cut"] == [problem.id for problem in problems]
    assert {1} == {problem.error.exit_code for problem in problems}


@pytest.mark.parametrize("error", [EncoderFailed, DetectorFailed])
def test_models_that_fail_on_one_video(people, draw, monkeypatch, error):
    """Models that fail on a frame of a video refuse that video alone: source.failed, exit code 1."""
    folder = draw("b.png", (2, 80)).parent
    stand_in = (sys.executable, "-P", str(Path(__file__).parents[1] / "stand_in_capture.py"), "shape", "3")
    monkeypatch.setattr("attendance.live.feeds.VideoReader", lambda *given: VideoReader(*given, command=stand_in))
    people.pipeline.detector = SimpleNamespace(detect=lambda _: fails(error))
    (folder / "door.mp4").touch()
    problems = []
    found = list(people.check(folder / "door.mp4", folder / "b.png", on_problem=problems.append))
    assert ["Bob"] == [each.person.name for each in found]
    assert [("source.failed", 1)] == [(problem.id, problem.error.exit_code) for problem in problems]


def test_nan_from_the_search_is_refused(people, draw, monkeypatch):
    """A score that is no number refuses the face."""
    import dataclasses

    from attendance.judge.judging import Judge

    working = Judge.search

    def broken(*given, **named):
        return [[dataclasses.replace(hit, score=np.nan) for hit in hits] for hits in working(*given, **named)]

    monkeypatch.setattr(Judge, "search", broken)
    (found,) = people.check(draw("a.png", (1, 80)))
    assert ("refused", ("not_finite",), None) == (found.decision, found.reasons, found.mark)
    assert marks(people) == 0


def test_box_that_is_no_box(people, pipeline):
    """A detection with a box that is no number is refused and can still be written as JSON."""
    import dataclasses

    face = pipeline._face(0, 1, 90, 1)
    face = dataclasses.replace(face, detection=dataclasses.replace(face.detection, box=(np.nan, 0.0, 1.0, 1.0)))
    (found,) = people.judge([face], source="x")
    assert ("refused", None) == (found.decision, found.box)
    assert '"box": null' in found.to_json()


def test_damaged_database_ends_the_run(people, draw, monkeypatch):
    """A database that cannot be used ends the run with its own error, at once."""

    def damaged(*_, **__):
        raise GalleryDamaged("db", "malformed")

    monkeypatch.setattr(type(people.marks), "mark_in", damaged)
    with pytest.raises(GalleryDamaged):
        list(people.check(draw("a.png", (1, 80)), draw("b.png", (2, 80)), on_problem=print))


def test_threshold_follows_n(app, draw):
    """The more people are enrolled, the higher the score that a mark needs."""
    thresholds = []
    for number in range(1, 31):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=f"Person {number}")
        thresholds.append(app.policy().threshold)
    assert sorted(thresholds) == thresholds
    model = app.card.score_model
    assert 0.003 == pytest.approx(1 - (1 - model.fmr(thresholds[-1])) ** 30)


def test_threshold_by_hand(home, pipeline, clock, draw):
    """A threshold set by hand is used as it is, and the review range moves along."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        app.enroll(draw("a.png", (1,)), name="Ada")
        usual = app.policy()
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"match_threshold": 0.9}) as app:
        policy = app.policy()
        assert (0.9, True) == (policy.threshold, policy.overridden)
        assert usual.threshold - usual.review_threshold == pytest.approx(policy.threshold - policy.review_threshold)
        assert ["unknown"] == kinds(app.check(draw("b.png", (1, 70))))


def test_another_process_enrols(people, home, clock, fake, draw):
    """Somebody enrolled by another program is recognised by the next check."""
    assert ["unknown"] == kinds(people.check(draw("c.png", (3, 90))))
    with Attendance.open(home, clock=clock, pipeline=fake.FakePipeline()) as other:
        other.enroll(draw("cid.png", (3,)), name="Cid")
    assert ["present"] == kinds(people.check(draw("c.png", (3, 90), seed=1)))


@pytest.mark.usefixtures("people")
def test_template_of_another_encoder_is_never_compared(home, clock, fake, draw):
    """With another encoder nobody is enrolled, until the kept crops are embedded anew."""
    other = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(home, clock=clock, pipeline=other) as app:
        (found,) = app.check(draw("a.png", (1, 90)))
        assert ("unknown", 0, ("gallery_empty",)) == (found.decision, found.gallery_size, found.reasons)
        run = app.renewal.run(app.actor)
        list(run)
        assert (2, 2, 0, 0) == (run.total, run.made, run.known, run.failed)
        assert ["present"] == kinds(app.check(draw("b.png", (1, 90), seed=1)))
        list(run)
        assert run.known == 2
        assert run.drop_old() == 2
        assert app.gallery.stats().other_encoders == {}


@pytest.mark.usefixtures("people")
def test_who_cannot_be_recognised_is_not_absent(home, clock, fake, draw):
    """A check by an encoder that has nobody's template looks for nobody: the report says "no log", never "absent"."""
    other = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(home, clock=clock, pipeline=other) as app:
        assert ["unknown"] == kinds(app.check(draw("a.png", (1, 90))))
        assert ["no log", "no log"] == [row.status for row in app.report()]


@pytest.mark.usefixtures("people")
def test_one_crop_that_fails_stops_no_other(home, clock, fake, monkeypatch):
    """Where the new encoder fails on one kept crop, that one is counted and the others get their templates."""
    from enroll import EncoderFailed

    encoder = fake.FakeEncoder(fake.card("fake-2"))
    embed = encoder.embed

    def fails_on_ada(crops):
        if int(crops[0, 0, 0, 0]) == 1:
            raise EncoderFailed("encoder", "no number")
        return embed(crops)

    monkeypatch.setattr(encoder, "embed", fails_on_ada)
    with Attendance.open(home, clock=clock, pipeline=fake.FakePipeline(encoder)) as app:
        run = app.renewal.run(app.actor)
        list(run)
        assert (2, 1, 1) == (run.total, run.made, run.failed)


def test_a_screen_that_breaks_costs_its_picture_alone(people, pipeline, draw, monkeypatch):
    """A picture on which a screen breaks is told and marks nobody; the pictures after it are judged."""
    faces = pipeline.faces

    def breaks_on_ada(pixels):
        if pixels[0, 0, 0] == 1:
            raise ScreenFailed("blink-1", "RuntimeError: no model")
        return faces(pixels)

    monkeypatch.setattr(pipeline, "faces", breaks_on_ada)
    problems = []
    found = list(people.check(draw("a.png", (1, 90)), draw("b.png", (2, 90)), on_problem=problems.append))
    assert (["Bob"], 1) == ([each.person.name for each in found], len(problems))
    assert "blink-1: RuntimeError: no model" in problems[0].line
    assert ["absent", "present"] == [row.status for row in people.report()]


def test_a_drawing_that_fails_hides_no_mark(people, draw):
    """Where the annotated copy cannot be written, that is told, and the marks made are told as well."""

    def full(*_):
        raise OutputFailed("out", "no space left on device")

    problems = []
    found = list(people.check(draw("a.png", (1, 90)), on_picture=full, on_problem=problems.append))
    assert (["present"], ["output.failed"], 1) == (kinds(found), [each.id for each in problems], marks(people))


def test_voided_mark_is_not_made_again(people, draw):
    """Whom a person has taken off the list the camera does not put back; it asks for a look."""
    list(people.check(draw("a.png", (1, 90))))
    people.void("Ada", reason="a photo on a phone")
    (found,) = people.check(draw("b.png", (1, 90), seed=1))
    assert ("review", ("mark_voided",)) == (found.decision, found.reasons)
    assert people.report()[0].status == "absent"
    people.mark("Ada", note="was here after all")
    assert people.report()[0].status == "present"
    assert ["already"] == kinds(people.check(draw("c.png", (1, 90), seed=2)))


def test_next_day_marks_again(people, draw, clock):
    """A new day is a new session."""
    assert ["present"] == kinds(people.check(draw("a.png", (1, 90))))
    clock.now += timedelta(days=1)
    assert ["present"] == kinds(people.check(draw("a.png", (1, 90))))


def test_pictures_are_shown(people, draw):
    """Whoever asks sees each picture with its decisions as recorded."""
    shown = []
    door = draw("a.png", (1, 90), (9,))
    list(people.check(door, on_picture=lambda source, pixels, found: shown.append((source.path, pixels.shape, found))))
    ((path, shape, found),) = shown
    assert (door, (64, 64, 3), ["present", "unknown"]) == (path, shape, kinds(found))


def test_many_workers_keep_the_order(people, draw):
    """Decisions come in the order of the files, however many are judged at a time."""
    files = [draw(f"{n:02}.png", (n % 2 + 1, 90), seed=n) for n in range(24)]
    expected = [("Bob" if n % 2 else "Ada", str(path)) for n, path in enumerate(files)]
    found = people.check(*files, workers=4)
    assert expected == [(each.person.name, each.source) for each in found]

"""Videos and cameras, first frame to last: one decision a track, marks only after a vote, a clean end always."""

import contextlib
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from live_world import FPS, STREAM, Reader, ScriptedCamera, Sight, Told, World, standing
from PIL import Image

from attendance.cameras import CameraState, ProcessCamera
from attendance.clock import SystemClock
from attendance.errors import CameraAddress, CameraLost, CameraMissing, OutputFailed, SessionUnknown, SourceCut
from attendance.live import Decided, LiveSummary, feeds
from attendance.scope import Scope
from attendance.services.watching import camera_run, check_video, decisions_of, run_camera, video_run
from enroll.errors import EncoderFailed

DRY = Scope(dry_run=True)


def watch(world, monkeypatch, tmp_path, told=None, stop=lambda: False, **options):
    told = Told(world) if told is None else told
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Reader(world))
    path = tmp_path / "door.mp4"
    scope = Scope("maths", **{"group": "class", **options.pop("scope", {})})
    summary = check_video(world, path, scope, emit=told, status=told.said.append, stop=stop, **options)
    return told, summary


def film(world, script=None, told=None, stop=lambda: False, fps=FPS, **options):
    told = Told(world) if told is None else told
    camera = ScriptedCamera(world, script, fps)
    scope, options = Scope("maths", **options.pop("scope", {})), {"window": False, **options}
    try:
        summary = run_camera(
            world, STREAM, scope, emit=told, status=told.said.append, stop=stop, camera=camera, **options
        )
    finally:
        assert camera.closed
    return told, summary


# --- living faces ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("off", [("present", None)]),
        ("review", [("present", "unsure"), ("review", "attack")]),
        ("require", [("review", "attack")]),
    ],
)
def test_what_is_asked_before_a_camera(wanted, expected):
    """A camera asks what the setting says: one picture for four seconds is marked, found out later, or kept back."""
    told, _ = film(World(standing(Sight(1), seconds=4.0), liveness=wanted))
    assert expected == [(each.decision, each.liveness) for each in told]
    assert (() if wanted == "off" else ("liveness_attack",)) == told[-1].reasons


def test_how_long_a_mark_waits():
    """The setting says how long: for long enough, the same picture is not marked at all."""
    told, _ = film(World(standing(Sight(1), seconds=4.0), liveness="review", liveness_wait_s=3.0))
    assert [("review", "attack")] == [(each.decision, each.liveness) for each in told]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [("present", None)]),
        ({"liveness": "require"}, [("present", None)]),
        ({"liveness_files": "require"}, [("review", "attack")]),
    ],
)
def test_what_is_asked_of_a_file(monkeypatch, tmp_path, settings, expected):
    """Files are asked by a setting of their own, and by default are not."""
    told, _ = watch(World(standing(Sight(1), seconds=4.0), **settings), monkeypatch, tmp_path)
    assert expected == [(each.decision, each.liveness) for each in told]


def test_a_camera_that_is_not_trusted():
    """Reasons against the camera itself make a review of each mark, unless nothing is asked."""
    for wanted, kinds in (("review", ["review"]), ("off", ["present"])):
        world = World(standing(Sight(1)), liveness=wanted)
        run = camera_run(world, STREAM, DRY, camera=ScriptedCamera(world), distrust=("virtual_camera",))
        told = []
        run.subscribe(lambda event, told=told: told.append(event) if isinstance(event, Decided) else None)
        run.run()
        assert kinds == [each.decision.decision for each in told]


# --- one line a track ------------------------------------------------------------------------------------------


def test_one_line_for_one_person(monkeypatch, tmp_path):
    """Somebody enrolled who stands there for three seconds is marked once, early, with evidence of that moment."""
    world = World(standing(Sight(1)))
    told, summary = watch(world, monkeypatch, tmp_path)
    (decision,) = told
    assert ("present", "P-1", 1, 60) == (
        decision.decision, decision.person.id, decision.track, decision.quality["score"],
    )  # fmt: skip
    assert told.when == [decision.frame] == [10]
    assert "maths/file/P-1" == decision.mark
    assert (90, 1, 0, "ended") == (summary.frames, summary.marked, summary.unknown, summary.state)


def test_strangers_and_unusable_faces_are_told_once_at_the_end(monkeypatch, tmp_path):
    """A stranger is unknown, a blurred face refused: one line each, with the best look as evidence."""
    frames = [
        [Sight(3, x=40.0, score=40 + (10 < number < 20)), Sight(1, x=200.0, score=20, reasons=("blurred",))]
        for number in range(60)
    ]
    told, summary = watch(World(frames), monkeypatch, tmp_path)
    assert ["unknown", "refused"] == told.kinds
    assert 41 == told[0].quality["score"]
    assert 10 < told[0].frame < 20
    assert ("blurred",) == told[1].reasons
    assert (0, 1) == (summary.marked, summary.unknown)


@pytest.mark.parametrize(("vote_frames", "expected"), [(1, "present"), (4, "present"), (5, "review")])
def test_the_vote_decides(monkeypatch, tmp_path, vote_frames, expected):
    """Somebody in view for four looks is marked with up to four votes asked for, else a case for review."""
    world = World([*standing(Sight(1), seconds=19 / FPS), *[[]] * 60], vote_frames=vote_frames)
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [expected] == told.kinds
    assert (("few_frames",) if expected == "review" else ()) == told[0].reasons


def test_a_lucky_frame_marks_nobody(monkeypatch, tmp_path):
    """A stranger who looks like somebody in a few frames only is not marked."""
    frames = [[Sight(1, cosine=0.6 if number % 15 == 0 else 0.1)] for number in range(90)]
    told, _ = watch(World(frames), monkeypatch, tmp_path)
    assert [] == [each for each in told.kinds if each == "present"]
    assert 1 == len(told)


def test_two_faces_at_once_are_two_people(monkeypatch, tmp_path):
    """The same person twice in a picture is marked once, by the better likeness; the other is not them."""
    world = World(standing(Sight(1, x=40.0, cosine=0.95), Sight(1, x=200.0, cosine=0.8)))
    told, _ = watch(world, monkeypatch, tmp_path)
    assert ["present", "review"] == told.kinds
    assert [["P-1"], 1] == [world.marks, told[0].track]


def test_two_people_are_marked_together(monkeypatch, tmp_path):
    """Two enrolled people side by side get their own marks."""
    world = World(standing(Sight(2, x=40.0), Sight(1, x=200.0)))
    told, summary = watch(world, monkeypatch, tmp_path)
    assert {("present", "P-1"), ("present", "P-2")} == {(each.decision, each.person.id) for each in told}
    assert 2 == summary.marked


def test_leaving_and_coming_back(monkeypatch, tmp_path):
    """In a file each track has its line: present, then already."""
    world = World([*standing(Sight(1)), *[[]] * 60, *standing(Sight(1, x=200.0))])
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [("present", 1), ("already", 2)] == [(each.decision, each.track) for each in told]


def test_a_switch_before_the_mark_is_a_review(monkeypatch, tmp_path):
    """A face that turns from one person into another under way marks nobody."""
    frames = [[Sight(1 if number < 5 else 2)] for number in range(60)]
    world = World(frames, vote_frames=4)
    world.picture = lambda _, take=world.picture: take(0)  # flow sees one and the same face
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [("review", ("track_switched",))] == [(each.decision, each.reasons) for each in told]
    assert [] == world.marks


def test_a_switch_after_the_mark_is_a_review(monkeypatch, tmp_path):
    """A marked face that turns into somebody else keeps its mark, and the other is a case for review."""
    frames = [[Sight(1 if number < 30 else 2)] for number in range(120)]
    world = World(frames)
    world.picture = lambda _, take=world.picture: take(0)
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [("present", "P-1"), ("review", "P-2")] == [(each.decision, each.person.id) for each in told]
    assert ["P-1"] == world.marks


def test_a_cut_begins_a_new_track(monkeypatch, tmp_path):
    """After a cut in the film another person at the same place is judged afresh."""
    world = World([*standing(Sight(1)), *standing(Sight(2))])
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [("present", "P-1", 1), ("present", "P-2", 2)] == [(d.decision, d.person.id, d.track) for d in told]


def test_where_flow_fails_the_template_holds_the_track(monkeypatch, tmp_path):
    """A face that flow cannot follow (its pixels change wholly) keeps its track by being alike to itself."""
    world = World(standing(Sight(91), seconds=2.0))
    told, _ = watch(world, monkeypatch, tmp_path)
    assert [("present", 1)] == [(each.decision, each.track) for each in told]


def test_work_is_spared(monkeypatch, tmp_path):
    """The detector sees every frame once, and a marked face is embedded once a second."""
    world = World(standing(Sight(1), seconds=10.0))
    watch(world, monkeypatch, tmp_path)
    assert 300 == world.calls["detect"]
    assert world.calls["embed"] <= 3 + 10
    assert 1 == world.calls["record"]


def test_large_pictures_are_searched_small(monkeypatch, tmp_path):
    """With a smaller copy for the detector, boxes are still in the full picture's pixels."""
    world = World(standing(Sight(1)), detect_side=160)
    told, _ = watch(world, monkeypatch, tmp_path)
    assert (100.0, 80.0, 60.0, 60.0) == pytest.approx(told[0].box)


# --- files -----------------------------------------------------------------------------------------------------


def test_dry_run(monkeypatch, tmp_path):
    """A dry run tells the same and marks nothing."""
    world = World(standing(Sight(1)))
    told, summary = watch(world, monkeypatch, tmp_path, scope={"dry_run": True})
    assert (["present"], 0, [], 1) == (told.kinds, world.calls["record"], world.marks, summary.marked)


def test_stopping_a_file(monkeypatch, tmp_path):
    """A stop ends the run at the next frame; what was seen is reported."""
    world = World(standing(Sight(3), seconds=10.0))
    told, summary = watch(world, monkeypatch, tmp_path, stop=lambda: world.now >= 20)
    assert (["unknown"], 21, "stopped") == (told.kinds, summary.frames, summary.state)


def test_a_film_without_faces(monkeypatch, tmp_path):
    """Nobody in view gives no line, and the status says so."""
    told, summary = watch(World([[]] * 30), monkeypatch, tmp_path)
    assert [] == told
    assert LiveSummary(30, 0, 0, 0, summary.fps, "ended") == summary
    assert told.said[-1].endswith("no face that can be judged")


@pytest.mark.parametrize("stage", ["embed", "judge", "record"])
def test_a_failure_marks_nobody(monkeypatch, tmp_path, stage):
    """Whatever fails on the way, the error comes out and nobody is marked or reported."""
    world = World(standing(Sight(1)))
    world.fail = stage
    told = Told(world)
    with pytest.raises((EncoderFailed, RuntimeError, OSError)):
        watch(world, monkeypatch, tmp_path, told)
    assert ([], []) == (told, world.marks)


def test_the_annotated_film(monkeypatch, tmp_path):
    """--annotate writes the film with boxes and a picture of the moment of each mark."""
    world = World(standing(Sight(1)))
    watch(world, monkeypatch, tmp_path, annotate=tmp_path / "out.mp4")
    assert ["out-track1-present.png", "out.mp4"] == sorted(each.name for each in tmp_path.iterdir())
    with Image.open(tmp_path / "out-track1-present.png") as picture:
        assert not np.array_equal(world.picture(10), np.asarray(picture))


def test_the_film_itself_is_never_overwritten(tmp_path):
    """Annotating a video onto itself is refused, and the video stays."""
    path = tmp_path / "door.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(OutputFailed):
        check_video(World([[]]), path, annotate=path, emit=print, status=print, stop=lambda: False)
    assert b"precious" == path.read_bytes()


def test_a_film_notes_that_people_were_looked_for(monkeypatch, tmp_path):
    """Who is not seen in a film counts as absent from its first picture on; a dry run notes nothing."""
    world = World([[]] * 30)
    watch(world, monkeypatch, tmp_path)
    assert [(0, "file", "maths")] == world.notes
    watch(dry := World([[]] * 30), monkeypatch, tmp_path, scope={"dry_run": True})
    assert [] == dry.notes


def test_a_film_that_breaks_off(monkeypatch, tmp_path):
    """Where the decoder fails half-way, who was seen until then is told and marked; then comes the error."""

    class Broken(Reader):
        def __iter__(self):
            yield from super().__iter__()
            raise SourceCut("door.mp4", "the capture process ended (signal 6) after 30 of 90 frames")

    world = World(standing(Sight(1, x=40.0), Sight(3, x=200.0), seconds=1.0))
    told = Told(world)
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Broken(world))
    with pytest.raises(SourceCut):
        check_video(world, tmp_path / "door.mp4", emit=told, status=told.said.append, stop=lambda: False)
    assert ["present", "unknown"] == told.kinds
    assert told.said[-1].startswith("door.mp4: ended after 30 frames")


# --- cameras ---------------------------------------------------------------------------------------------------


def test_the_camera_tells_how_it_does():
    """The first status lines name encoder, people and threshold, then the camera's state; never its password."""
    world = World([*standing(Sight(1), seconds=8.0)])
    told, summary = film(world)
    assert (["present"], 1, "ended") == (told.kinds, summary.marked, summary.state)
    assert told.said[0].startswith("encoder test, 2 people enrolled, threshold 0.500")
    assert "camera rtsp://***@cam/live online" == told.said[1]
    assert any("frames/s, 1 marked" in line for line in told.said[2:])
    assert not any("s3cret" in line for line in told.said)
    assert "rtsp://***@cam/live" == told[0].source
    assert "maths/camera/P-1" == told[0].mark


@pytest.mark.parametrize(("pause", "expected"), [(5.0, ["present"]), (70.0, ["present", "already"])])
def test_the_duplicate_window(pause, expected):
    """Somebody who comes back before the camera within the window is not reported again, after it once."""
    world = World([*standing(Sight(1)), *standing(), *standing(Sight(1, x=200.0)), *standing(Sight(1, x=40.0))])
    world.frames[90:90] = [[]] * 45
    told, _ = film(world, {95: (CameraState.OFFLINE, "gone", pause)})
    assert expected == told.kinds


def test_offline_ends_the_tracks():
    """When the camera goes offline whoever was in view is reported; on its return they are new."""
    world = World(standing(Sight(3), seconds=4.0))
    told, _ = film(world, {60: (CameraState.OFFLINE, "no picture for 5 s; next try in 1 s", 6.0)})
    assert [("unknown", 1), ("unknown", 2)] == [(each.decision, each.track) for each in told]
    assert "camera rtsp://***@cam/live offline: no picture for 5 s; next try in 1 s" in told.said


def test_a_slow_camera_is_not_one_look():
    """Two frames a second: the looks add up to a vote all the same."""
    told, _ = film(World(standing(Sight(1), seconds=0.5)), fps=2)
    assert ["present"] == told.kinds


def test_a_frame_a_minute_never_marks():
    """Frames a minute apart are different visits: none reaches the vote."""
    told, _ = film(World(standing(Sight(1), seconds=0.3)), fps=1 / 60)
    assert {"review"} == set(told.kinds)
    assert {("few_frames",)} == {each.reasons for each in told}


def test_ctrl_c():
    """Ctrl-C closes the camera, reports whom it was looking at, keeps the marks, and goes on up."""
    world = World(standing(Sight(1), Sight(3, x=200.0), seconds=5.0))
    told = Told(world)
    with pytest.raises(KeyboardInterrupt):
        film(world, {60: KeyboardInterrupt()}, told)
    assert (["present", "unknown"], ["P-1"]) == (told.kinds, world.marks)


@pytest.mark.parametrize("error", [CameraLost("cam", "gone"), CameraMissing("cam", "none")])
def test_a_camera_that_fails(error):
    """A camera's own error comes out as it is, after the camera was closed."""
    with pytest.raises(type(error)):
        film(World(standing(Sight(1))), {5: error})


@pytest.mark.parametrize("stage", ["embed", "judge", "record"])
def test_a_failure_before_a_camera(stage):
    """Whatever fails on the way, the camera is closed and nobody is marked."""
    world = World(standing(Sight(1)))
    world.fail = stage
    with pytest.raises((EncoderFailed, RuntimeError, OSError)):
        film(world)
    assert [] == world.marks


def test_wall_clock_steps():
    """Setting the wall clock back an hour half-way neither doubles nor loses a mark."""
    world = World(standing(Sight(1), seconds=4.0))
    steps = iter(range(10**6))
    world.utc = lambda: datetime(2026, 3, 2, 8, tzinfo=UTC) - timedelta(hours=next(steps) > 15)
    told, _ = film(world)
    assert (["present"], 1) == (told.kinds, world.calls["record"])


def test_no_window_without_a_display(monkeypatch):
    """Where no window can be opened the check goes on without, and says so."""
    monkeypatch.setattr("attendance.show.window.why_no_window", lambda: "there is no display")
    told, _ = film(World(standing(Sight(1))), window=True)
    assert "no window: there is no display" in told.said
    assert ["present"] == told.kinds


def test_the_window_shows_and_stops(monkeypatch):
    """The window gets every picture with its boxes; when its user quits, the run stops and the window closes."""

    class Pane:
        shown, closed = [], False

        def show(self, pixels):
            self.shown.append(pixels)
            return len(self.shown) < 30

        def alive(self):
            return True

        def close(self):
            Pane.closed = True

    monkeypatch.setattr("attendance.show.window.why_no_window", lambda: "")
    monkeypatch.setattr("attendance.show.window.Window", Pane)
    world = World(standing(Sight(1), seconds=10.0))
    _, summary = film(world, window=True)
    assert (30, "stopped", True) == (summary.frames, summary.state, Pane.closed)
    assert not np.array_equal(world.picture(0), Pane.shown[20])


def test_a_camera_notes_that_people_were_looked_for():
    """Noted with the first picture, not before, and again now and then, for the days to come; never in a dry run."""
    world = World([[]] * 100)
    film(world, {0: (CameraState.OPENING, "", 0.0)}, fps=2)
    assert [(0, "camera", "maths"), (60, "camera", "maths")] == world.notes
    film(dry := World([[]] * 10), scope={"dry_run": True})
    assert [] == dry.notes
    film(silent := World([]))
    assert [] == silent.notes


def test_watching_from_python():
    """`watch` gives a camera's decisions one by one, in a session and a group."""
    world = World(standing(Sight(1), Sight(3, x=200.0)))
    said = []
    found = decisions_of(world, STREAM, Scope("maths", "class"), status=said.append, device=ScriptedCamera(world))
    assert [("present", "P-1"), ("unknown", None)] == [(d.decision, d.person and d.person.id) for d in found]
    assert ([(0, "camera", "maths")], "rtsp://***@cam/live: ended") == (world.notes, said[-1][:26])


def test_watching_is_left():
    """Leaving the iterator closes the camera."""
    world = World(standing(Sight(1), seconds=60.0))
    camera = ScriptedCamera(world)
    with contextlib.closing(decisions_of(world, STREAM, Scope("maths", "class"), device=camera)) as found:
        assert "present" == next(found).decision
    assert camera.closed


def test_watching_what_is_no_camera(app):
    """An address that cannot be one, and a session that is not there, are refused before anything starts."""
    with pytest.raises(CameraAddress):
        app.watch("ftp://cam/live")
    with pytest.raises(SessionUnknown):
        app.watch("0", session="Maths")


def test_watching_counts_as_a_check(app, draw, pipeline):
    """A camera watched from Python before which nobody passes makes those enrolled absent, not a day without log."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    assert [] == app.report()
    pipeline.detector = SimpleNamespace(detect=lambda _: [])
    world = World([[]] * 5)
    assert [] == list(app.watch(STREAM, device=ScriptedCamera(world)))
    assert ["absent"] == [row.status for row in app.report()]


def test_runs_held_by_a_program(app, clock, draw, pipeline, monkeypatch, tmp_path):
    """Runs that a program starts and stops, before a camera and over a file, count as checks: reports have rows."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    pipeline.detector = SimpleNamespace(detect=lambda _: [])
    clock.forward(minutes=1)
    app.sessions.open("Film", at=clock.utc())
    world = World([[]] * 5)
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Reader(world))
    held = [
        camera_run(app.desk, STREAM, Scope("2026-03-02"), camera=ScriptedCamera(world)),
        video_run(app.desk, tmp_path / "door.mp4", Scope("Film")),
    ]
    for run in held:
        run.start()
        assert run.wait(20.0)
    assert [("ended", None)] * 2 == [(run.state, run.error) for run in held]
    assert [["absent"]] * 2 == [[row.status for row in app.report(session=name)] for name in ("2026-03-02", "Film")]


def test_a_film_that_is_taken_is_refused_before_any_mark(monkeypatch, tmp_path):
    """Where the film's name is taken already, nobody is marked, however soon a mark could be."""
    (tmp_path / "out.mp4").write_bytes(b"precious")
    world = World(standing(Sight(1)), vote_frames=1)
    with pytest.raises(OutputFailed):
        watch(world, monkeypatch, tmp_path, annotate=tmp_path / "out.mp4")
    assert ([], b"precious") == (world.marks, (tmp_path / "out.mp4").read_bytes())


def test_a_window_that_breaks_down(monkeypatch):
    """A window whose toolkit fails under way is left out with one line, and the check goes on."""

    class Pane:
        def show(self, _pixels):
            raise RuntimeError("the display is gone")

        def close(self):
            pass

    monkeypatch.setattr("attendance.show.window.why_no_window", lambda: "")
    monkeypatch.setattr("attendance.show.window.Window", Pane)
    told, summary = film(World(standing(Sight(1))), window=True)
    assert (["present"], "ended") == (told.kinds, summary.state)
    assert 1 == sum("WindowViewer failed and is left out" in line for line in told.said)


def test_a_frame_that_breaks_the_models():
    """Before a camera a frame on which the models fail costs one line, not the check."""
    world = World(standing(Sight(1)))
    working, calls = world.embed_detections, []

    def fails_once(*given):
        calls.append(1)
        if len(calls) == 1:
            raise EncoderFailed("encoder.onnx", "an embedding is not finite")
        return working(*given)

    world.pipeline.embed_detections = fails_once
    told, _ = film(world)
    (line,) = [line for line in told.said if "passed over" in line]
    assert (
        "frame 0 is passed over and marks nobody: encoder.onnx: an embedding is not finite" == line.partition(": ")[2]
    )
    assert ["present"] == told.kinds


def test_a_camera_that_hangs():
    """A read that hangs for ever is seen, the camera goes offline, is tried again, and the check goes on."""
    world = World([[]] * 9)
    stand_in = (sys.executable, "-P", str(Path(__file__).parents[1] / "stand_in_capture.py"), "block", "5")
    camera = ProcessCamera(STREAM, SystemClock(), stall_s=0.5, retry_max_s=0.2, command=stand_in)
    said, end = [], time.monotonic() + 20.0

    def stop():
        return time.monotonic() > end or sum("online" in line for line in said) > 1

    summary = run_camera(world, STREAM, DRY, window=False, emit=print, status=said.append, stop=stop, camera=camera)
    states = [line.split()[2].rstrip(":") for line in said if line.startswith("camera ")]
    assert ["opening", "online", "offline", "opening", "online"] == states[:5]
    assert ("stopped", None) == (summary.state, camera.pid)

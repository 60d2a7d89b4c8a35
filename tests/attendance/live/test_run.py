"""A run as an object: its states, what it tells and to whom, and what it bears before it fails."""

import itertools
import threading
from collections import Counter

import pytest
from live_world import Reader, ScriptedCamera, Sight, World, standing

from attendance.cameras import CameraState
from attendance.errors import CameraLost, OutputFailed, RunStarted
from attendance.live import (
    Back,
    Began,
    CameraFeed,
    Condition,
    Decided,
    Dropped,
    Ended,
    FileFeed,
    Idle,
    Lost,
    Marked,
    Opened,
    Place,
    Run,
    RunState,
    Seen,
    Skipped,
    Stale,
    Voted,
    feeds,
)
from attendance.scope import ANYWHERE, Scope
from enroll.errors import DetectorFailed, EncoderFailed, EncoderMissing

DOOR, MATHS = Place("door", repeat_s=60.0), Scope("maths")
WAIT_S = 20.0


class Shaky(World):
    """A world whose detector fails, or its encoder, on the frames named."""

    def __init__(self, frames, *, blind=(), dumb=(), **settings):
        super().__init__(frames, **settings)
        self.blind, self.dumb = blind, dumb

    def detect(self, pixels):
        if self.now in self.blind:
            raise DetectorFailed("detector.onnx", "by design")
        return super().detect(pixels)

    def embed_detections(self, pixels, detections):
        if self.now in self.dumb:
            raise EncoderFailed("encoder.onnx", "by design")
        return super().embed_detections(pixels, detections)


def before(world, script=None, place=DOOR, scope=MATHS):
    """A run before the world's camera, and all that it tells."""
    run, told = Run(place, scope, CameraFeed(ScriptedCamera(world, script)), world), []
    run.subscribe(told.append)
    return run, told


def of(told, *kinds):
    return [each for each in told if isinstance(each, kinds)]


# --- states ----------------------------------------------------------------------------------------------------


def test_a_run_goes_from_new_to_ended():
    """A run is new, runs while it tells of frames, and has ended when it says so; its summary counts all."""
    run, told = before(World(standing(Sight(1))))
    states = [run.state]
    run.subscribe(lambda _: states.append(run.state))
    summary = run.run()
    assert ["new", "running", "ended"] == [state for state, _ in itertools.groupby(states)]
    assert (told[-1], run.summary, True) == (Ended(summary, None), summary, run.wait(0))
    assert (90, 1, 0, "ended") == (summary.frames, summary.marked, summary.unknown, summary.state)


def test_a_run_under_way_is_summed_up():
    """What a run has seen and marked so far can be read at any time."""
    run, _ = before(World(standing(Sight(1))))
    sums = [run.summary]
    run.subscribe(lambda event: sums.append(run.summary) if isinstance(event, Seen) else None)
    run.run()
    assert [(0, 0, "new"), (1, 0, "running"), (90, 1, "running")] == [
        (each.frames, each.marked, each.state) for each in (sums[0], sums[1], sums[-1])
    ]


def test_a_run_runs_once():
    """Started a second time, or after a stop, a run refuses and says in which state it is."""
    run, _ = before(World([[]]))
    run.run()
    for again in (run.run, run.start):
        with pytest.raises(RunStarted, match="door: this run is ended"):
            again()
    stopped, told = before(World([[]]))
    stopped.stop()
    with pytest.raises(RunStarted, match="this run is stopped"):
        stopped.start()
    assert ([], RunState.STOPPED, True) == (told, stopped.state, stopped.wait(0))


def test_of_many_starts_one_counts():
    """However many threads start and stop one run, it runs once and stops once."""
    run, told = before(World(standing(Sight(3), seconds=600.0)))
    refused = []

    def start():
        try:
            run.start()
        except RunStarted as error:
            refused.append(error)

    for action in (start, run.stop):
        threads = [threading.Thread(target=action) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert run.wait(WAIT_S)
    run.stop()
    assert (7, "stopped") == (len(refused), run.state)
    assert ([1], [1]) == ([len(of(told, Opened))], [len(of(told, Ended))])


def test_a_stop_reports_whoever_is_in_view():
    """Stopped from within, between two frames, a run takes no further frame and tells of those it was looking at."""
    world = World(standing(Sight(3), seconds=10.0))
    run, told = before(world)
    run.subscribe(lambda event: run.stop() if isinstance(event, Seen) and event.frame.number == 20 else None)
    summary = run.run()
    assert (21, "stopped", "stopped") == (summary.frames, summary.state, run.state)
    assert ["unknown"] == [each.decision.decision for each in of(told, Decided)]


def test_several_runs_at_a_time():
    """Started runs work beside each other, each with marks and events of its own."""
    worlds = [World(standing(Sight(who), seconds=2.0)) for who in (1, 2, 3)]
    runs = [before(world) for world in worlds]
    for run, _ in runs:
        run.start()
    assert all(run.wait(WAIT_S) for run, _ in runs)
    assert [["P-1"], ["P-2"], []] == [world.marks for world in worlds]
    assert [["present"], ["present"], ["unknown"]] == [
        [each.decision.decision for each in of(told, Decided)] for _, told in runs
    ]


def test_a_started_run_that_fails_says_so():
    """In a thread of its own a run's error raises nowhere: it is kept, and told with the end."""
    world = World(standing(Sight(1)))
    world.fail = "judge"
    run, told = before(world)
    run.start()
    assert run.wait(WAIT_S)
    assert ("failed", "failed", "the gallery broke") == (run.state, run.summary.state, str(run.error))
    assert told[-1] == Ended(run.summary, run.error)


# --- events ----------------------------------------------------------------------------------------------------


def test_the_order_of_events():
    """First the opening and the beginning, then each frame after what it settled, at last the end."""
    world = World(standing(Sight(1), seconds=0.5))
    run, told = before(world)
    run.run()
    kinds = [type(each) for each in told if type(each) is not Condition]
    looked = [Voted, Seen, Seen, Seen, Seen, Seen]
    assert [Opened, Began, *looked, *looked, Voted, Marked, Decided, *looked[1:], Ended] == kinds
    assert [(0, 1), (5, 2), (10, 3)] == [(each.frame, each.votes) for each in of(told, Voted)]
    assert list(range(15)) == [each.frame.number for each in of(told, Seen)]
    assert ["P-1"] == [each.decision.person.id for each in of(told, Marked)]


def test_what_is_to_be_drawn():
    """Each frame comes with the faces in view: first how far they are, then their decision."""
    run, told = before(World(standing(Sight(1), Sight(3, x=200.0, reasons=("blurred",)), seconds=3.0)))
    run.run()
    first, last = of(told, Seen)[0].faces, of(told, Seen)[-1].faces
    assert [(1, None, (), 1, 3), (2, None, (), 0, 3)] == [
        (each.track, each.decision, each.reasons, each.votes, each.needed) for each in first
    ]
    assert ("present", ("blurred",)) == (last[0].decision.decision, last[1].reasons)


def test_a_dry_run_tells_of_no_mark():
    """A dry run gives decisions out, and none of them as a mark."""
    run, told = before(World(standing(Sight(1))), place=Place("door"), scope=Scope("maths", dry_run=True))
    run.run()
    assert (["present"], []) == ([each.decision.decision for each in of(told, Decided)], of(told, Marked))


def test_a_camera_that_goes_and_comes_back():
    """A frozen camera is stale, one that is away is lost, and either is back with its next picture."""
    world = World(standing(Sight(3), seconds=4.0))
    script = {30: (CameraState.FROZEN, "the picture is frozen", 1.0), 60: (CameraState.OFFLINE, "gone", 1.0)}
    script[61] = (CameraState.OPENING, "", 0.1)
    run, told = before(world, script)
    run.run()
    online = CameraState.ONLINE
    assert [
        Condition(online, ""), Stale(CameraState.FROZEN, "the picture is frozen"), Back(online, ""),
        Lost(CameraState.OFFLINE, "gone"), Back(online, ""), Condition(CameraState.OPENING, ""), Condition(online, ""),
        Condition(CameraState.ENDED, ""),
    ] == of(told, Condition)  # fmt: skip
    assert ["unknown"] * 3 == [each.decision.decision for each in of(told, Decided)], "each time they have gone"
    assert 3 == len(of(told, Idle))


def interleaved(*visits, pauses):
    """A world in which these people come one after the other, each alone, and the breaks before them in seconds."""
    frames, script = [], {}
    for who, pause in zip(visits, pauses, strict=True):
        if frames:
            script[len(frames)] = (CameraState.OFFLINE, "gone", pause)
        frames += standing(Sight(who), seconds=1.0)
    return World(frames), script


@pytest.mark.parametrize(
    ("visits", "pauses", "expected"),
    [
        ((1, 2, 1, 2), (0, 5, 5, 5), [("P-1", "present"), ("P-2", "present")]),
        # The first again after 71 s, the other after 33.
        ((1, 2, 1, 2), (0, 40, 30, 2), [("P-1", "present"), ("P-2", "present"), ("P-1", "already")]),
        # The first is there in between, after 31 s, untold: that makes the window no longer.
        ((1, 1, 2, 1, 2), (0, 30, 10, 25, 2), [("P-1", "present"), ("P-2", "present"), ("P-1", "already")]),
    ],
    ids=["all within", "one after it", "seen in between"],
)
def test_the_window_is_each_persons_own(visits, pauses, expected):
    """Of one person within the window one decision is given out, whoever else comes meanwhile; each is marked once."""
    world, script = interleaved(*visits, pauses=pauses)
    run, told = before(world, script)
    summary = run.run()
    assert expected == [(each.decision.person.id, each.decision.decision) for each in of(told, Decided)]
    assert (["P-1", "P-2"], 2, len(visits)) == (world.marks, summary.marked, world.calls["record"])
    assert ["P-1", "P-2"] == [each.decision.person.id for each in of(told, Marked)]


def test_two_people_at_once_are_both_told_once():
    """Two people before the camera side by side, and again a little later, are told of once each."""
    both = standing(Sight(1, x=20.0), Sight(2, x=200.0), seconds=1.0)
    run, told = before(World([*both, *both]), {len(both): (CameraState.OFFLINE, "gone", 5.0)})
    run.run()
    assert ["P-1", "P-2"] == sorted(each.decision.person.id for each in of(told, Decided))


@pytest.mark.parametrize(("seconds", "expected"), [(60.0, 2), (59.875, 1)])
def test_the_window_ends_when_it_is_over(seconds, expected):
    """Somebody who comes back just when the window is over is told of, and a moment earlier is not."""
    world = World([[Sight(1)]])
    run, told = before(world)
    world.frame(0, 0.0)
    (decision,) = world.judge([world._face(world.detect(world.picture(0))[0])], source="door")
    run._give_out(decision)
    world.seconds += seconds
    run._give_out(decision)
    assert expected == len(of(told, Decided))


def test_whom_nobody_knows_is_always_told():
    """The window is one of people: strangers are told of every time."""
    world, script = interleaved(3, 3, 3, pauses=(0, 5, 5))
    run, told = before(world, script)
    run.run()
    assert ["unknown"] * 3 == [each.decision.decision for each in of(told, Decided)]


def test_a_doubt_is_always_told():
    """Neither does a doubtful sighting of a person fall into the window of a mark, nor does it begin one."""
    doubtful = standing(Sight(1, cosine=0.45), seconds=1.0)
    world = World([*doubtful, *standing(Sight(1), seconds=1.0), *doubtful, *doubtful])
    run, told = before(world, {30 * n: (CameraState.OFFLINE, "gone", 5.0) for n in (1, 2, 3)})
    run.run()
    assert [("P-1", "review"), ("P-1", "present"), ("P-1", "review"), ("P-1", "review")] == [
        (each.decision.person.id, each.decision.decision) for each in of(told, Decided)
    ]


def test_what_breaks_off_is_reported():
    """When the camera's own error ends a run, whoever was in view is told of, then comes the error."""
    world = World(standing(Sight(3)))
    run, told = before(world, {30: CameraLost("door", "gone")})
    with pytest.raises(CameraLost):
        run.run()
    assert ["unknown"] == [each.decision.decision for each in of(told, Decided)]
    assert ("failed", "camera.lost") == (run.state, run.error.id)


def test_an_interrupted_run_is_stopped():
    """Ctrl-C stops a run like any stop, with a report of whoever was in view, and then goes on up."""
    world = World(standing(Sight(3)))
    run, told = before(world, {30: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert (["unknown"], "stopped") == ([each.decision.decision for each in of(told, Decided)], run.state)
    assert ("stopped", run.error) == (told[-1].summary.state, told[-1].error)


# --- subscribers -----------------------------------------------------------------------------------------------


def fails_at(number, error):
    def hear(event):
        if isinstance(event, Seen) and event.frame.number >= number:
            raise error

    return hear


def test_a_subscriber_that_fails_is_dropped():
    """Who raises hears no more, the others hear of it once, and the run marks as if nothing had been."""
    world = World(standing(Sight(1)))
    run, told = before(world)
    problem = ValueError("by design")
    run.subscribe(fails_at(0, problem))
    assert (90, ["P-1"]) == (run.run().frames, world.marks)
    (dropped,) = of(told, Dropped)
    assert ("fails_at.<locals>.hear", problem) == (dropped.who, dropped.error)


def test_a_vital_subscriber_ends_the_run():
    """What the user has asked for, such as a film, ends the run where it fails; marks made before it stay."""
    world = World(standing(Sight(1)))
    run, told = before(world)
    run.subscribe(fails_at(15, OutputFailed("out.mp4", "no space")), vital=True)
    with pytest.raises(OutputFailed):
        run.run()
    assert (["P-1"], "failed", 16) == (world.marks, run.state, run.summary.frames)
    assert isinstance(told[-1], Ended)


def test_nobody_fails_after_the_end():
    """A subscriber that fails at the very end, even a vital one, takes back neither the end nor its summary."""
    run, _ = before(World([[]] * 3))

    def late(event):
        if isinstance(event, Ended):
            raise OutputFailed("out.mp4", "too late")

    run.subscribe(late, vital=True)
    assert ("ended", "ended") == (run.run().state, run.state)


# --- models that fail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["blind", "dumb"])
def test_one_bad_frame_of_a_camera(broken):
    """A frame on which a model fails is passed over with one message, has no vote, and the run goes on to its mark."""
    world = Shaky(standing(Sight(1)), **{broken: {5}})
    run, told = before(world)
    run.run()
    assert [(5, "by design")] == [(each.frame, each.error.detail) for each in of(told, Skipped)]
    assert 5 not in [each.frame for each in of(told, Voted)]
    assert 89 == len(of(told, Seen))
    assert ["P-1"] == world.marks


@pytest.mark.parametrize(("broken", "error"), [("blind", DetectorFailed), ("dumb", EncoderFailed)])
def test_models_that_fail_for_good(broken, error):
    """Ten frames in a row on which a model fails end the run before a camera with that model's error."""
    world = Shaky(standing(Sight(1)), **{broken: range(5, 90)})
    run, told = before(world)
    with pytest.raises(error):
        run.run()
    assert (list(range(5, 14)), 15) == ([each.frame for each in of(told, Skipped)], run.summary.frames)
    assert [] == world.marks


def test_models_that_do_not_load():
    """Models that are not there at all end the run before a camera at its first frame, without a second try."""

    class Bare(World):
        @property
        def pipeline(self):
            raise EncoderMissing("encoder.onnx", "by design")

        @pipeline.setter
        def pipeline(self, _):
            pass

    run, told = before(Bare(standing(Sight(1))))
    with pytest.raises(EncoderMissing):
        run.run()
    assert (1, []) == (run.summary.frames, of(told, Skipped))


def test_a_success_in_between_begins_the_count_anew():
    """A model that fails on nine frames of ten, again and again, does not end the run."""
    world = Shaky(standing(Sight(1), seconds=10.0), blind=[number for number in range(300) if number % 10])
    run, told = before(world)
    assert (300, "ended") == (run.run().frames, run.state)
    assert 270 == len(of(told, Skipped))


@pytest.mark.parametrize("broken", ["blind", "dumb"])
def test_one_bad_frame_of_a_file(monkeypatch, tmp_path, broken):
    """In a file the first frame on which a model fails ends the run: nothing in it is passed over silently."""
    world = Shaky(standing(Sight(1)), **{broken: {0}})
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Reader(world))
    run = Run(Place("door.mp4", "file"), ANYWHERE, FileFeed(tmp_path / "door.mp4", world.clock), world)
    with pytest.raises((DetectorFailed, EncoderFailed)):
        run.run()
    assert (1, []) == (run.summary.frames, world.marks)


def test_who_left_during_bad_frames_is_reported():
    """Somebody whose track ends while the encoder fails for others is told of once, and nobody is lost."""
    frames = [[Sight(3, x=40.0)] * (number < 30) + [Sight(1, x=200.0)] * (number >= 60) for number in range(150)]
    world = Shaky(frames, dumb=range(58, 66))
    run, told = before(world)
    run.run()
    assert Counter(unknown=1, present=1) == Counter(each.decision.decision for each in of(told, Decided))


@pytest.mark.parametrize(("cosine", "kind"), [(0.9, "present"), (0.45, "review"), (0.1, "unknown")])
def test_the_face_goes_with_its_decision(cosine, kind):
    """What records a decision on a track is given the face of the look it tells of, whatever the ruling."""
    world = World(standing(Sight(1, cosine=cosine), seconds=1.0))
    run, _ = before(world)
    run.run()
    ((told, crop),) = world.crops
    assert (kind, (112, 112, 3), "uint8") == (told, crop.shape, str(crop.dtype))


def test_a_dry_run_records_nothing():
    """In a dry run neither decisions nor faces are handed on to be kept."""
    world = World(standing(Sight(1, cosine=0.45), seconds=1.0))
    run, told = before(world, scope=Scope(dry_run=True))
    run.run()
    assert (["review"], []) == ([each.decision.decision for each in of(told, Decided)], world.crops)

"""From when to when a run has looked: first judged frame to last, without the gaps, and little is lost by a kill."""

from datetime import timedelta

import pytest
from live_world import FPS, Reader, ScriptedCamera, Sight, World, standing

from attendance.cameras import CameraState
from attendance.live import CameraFeed, FileFeed, Place, Run, Seen, feeds
from attendance.live.covering import Covering
from attendance.scope import Scope
from enroll.errors import DetectorFailed

DOOR = Place("door")


class Dark(World):
    """A world whose detector fails on the frames named."""

    dark = ()

    def detect(self, pixels):
        if self.now in self.dark:
            raise DetectorFailed("detector.onnx", "by design")
        return super().detect(pixels)


def run(world, script=None, *, scope=None, fps=FPS, place=DOOR):
    """A run before the world's camera, and when it saw its frames."""
    seen = []
    made = Run(place, scope or Scope(), CameraFeed(ScriptedCamera(world, script, fps)), world)
    made.subscribe(lambda event: seen.append(event.frame.at) if isinstance(event, Seen) else None)
    return made, seen


def spans(world):
    """What the desk was told in the end: of each row when it begins and how far it came, in order."""
    found = {}
    for number, (_, _, begins, ends, before) in enumerate(world.covered, 1):
        key = number if before is None else before
        found[key] = (found[key][0] if key in found else begins, ends)
    return list(found.values())


def test_from_the_first_frame_to_the_last():
    """A run that ends by itself has looked from its first frame to its last, and a camera is what has."""
    world = World([[]] * 100)
    watching, seen = run(world)
    watching.run()
    assert [(seen[0], seen[-1])] == spans(world)
    assert {("camera", "door")} == {each[:2] for each in world.covered}


def test_a_run_that_is_killed_loses_half_a_minute():
    """While frames come, the end is noted at least every thirty seconds of them, and not more often."""
    world = World([[]] * 1050)
    watching, seen = run(world, fps=8.0)
    watching.run()
    ends = [each[3] for each in world.covered]
    assert [seen[1], *(seen[1] + timedelta(seconds=30) * n for n in range(1, 5)), seen[-1]] == ends
    assert all(each[4] is None for each in world.covered[:1])


def test_frames_that_nobody_could_judge_are_no_look():
    """It looked from the first frame on that the models could judge, and to the last one."""
    world = Dark([[]] * 50)
    world.dark = (*range(5), *range(45, 50))
    watching, seen = run(world)
    watching.run()
    assert (40, [(seen[0], seen[-1])]) == (len(seen), spans(world))


@pytest.mark.parametrize(("pause", "rows"), [(59.0, 1), (61.0, 2), (7200.0, 2)])
def test_a_camera_that_gives_nothing_does_not_look(pause, rows):
    """After more than a minute without a frame another span begins; a shorter pause is none."""
    world = World([[]] * 100)
    watching, seen = run(world, {50: (CameraState.OFFLINE, "unplugged", pause)})
    watching.run()
    wanted = [(seen[0], seen[-1])] if rows == 1 else [(seen[0], seen[49]), (seen[50], seen[-1])]
    assert wanted == spans(world)


def test_a_computer_that_slept_did_not_look():
    """Where the monotonic clock has not counted the pause, the other clock tells of it."""
    world = World([])
    covering = Covering(world, "camera", Scope(), "door")
    start = world.utc()
    for seconds in (0, 1, 2, 3602, 3603):
        covering.frame(start + timedelta(seconds=seconds))
    covering.finish()
    assert [(0, 2), (3602, 3603)] == [tuple((at - start).total_seconds() for at in span) for span in spans(world)]


def test_a_clock_that_is_put_back_begins_anew():
    """A clock that was an hour ahead leaves a span of then, and another of the right time."""
    world = World([])
    covering = Covering(world, "camera", Scope(), "door")
    start = world.utc()
    for seconds in (3600, 3601, 0, 1):
        covering.frame(start + timedelta(seconds=seconds))
    covering.finish()
    assert [(3600, 3601), (0, 1)] == [tuple((at - start).total_seconds() for at in span) for span in spans(world)]


@pytest.mark.parametrize("frames", [0, 1])
def test_one_frame_is_no_stretch_of_time(frames):
    """A run of one frame, or none, has not looked from an instant to another."""
    world = World([[]] * frames)
    run(world)[0].run()
    assert [] == world.covered


def test_a_dry_run_does_not_look():
    """A run that marks nobody on purpose notes nothing."""
    world = World([[]] * 100)
    run(world, scope=Scope(dry_run=True))[0].run()
    assert [] == world.covered


def test_a_place_that_somebody_else_covers():
    """Where another one notes when the place is looked at, the run marks as ever and notes no stretch."""
    world = World(standing(Sight(1), seconds=1))
    made, seen = run(world, place=Place("door", covers=False))
    made.run()
    assert ([], ["P-1"], FPS) == (world.covered, world.marks, len(seen))


def test_stopped_and_failed_runs_have_looked_until_then():
    """However a run ends, what it had judged is noted; a failure comes out as it was."""
    world = World([[]] * 100)
    watching, seen = run(world)
    watching.subscribe(lambda event: watching.stop() if isinstance(event, Seen) and len(seen) == 20 else None)
    watching.run()
    assert [(seen[0], seen[19])] == spans(world)

    world = World([[]] * 100)
    watching, seen = run(world, {30: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        watching.run()
    assert [(seen[0], seen[29])] == spans(world)


def test_a_failure_to_note_hides_no_other():
    """Where the home breaks, the run fails with the first error, not with that of the last note."""
    world = World([*[[]] * 5, *standing(Sight(1))])

    def broken(*_given, **_named):
        raise OSError("no space")

    world.cover, world.fail = broken, "judge"
    world.seconds += 100
    watching, _ = run(world)
    with pytest.raises(OSError, match="no space"):
        watching.run()
    world = World([[Sight(1)]] * 90)
    world.fail = "judge"
    watching, _ = run(world)
    world.cover = broken
    with pytest.raises(RuntimeError, match="the gallery broke"):
        watching.run()


def test_nobody_to_look_for():
    """Where nobody can be recognised the run asks again later, and then looks from that time on."""
    world = World([[]] * 700)
    answers = iter([None, None])
    noted = world.cover
    world.cover = lambda *given, **named: (noted(*given, **named), next(answers, 7))[1]
    watching, seen = run(world, fps=8.0)
    watching.run()
    begins = [each[2] for each in world.covered]
    assert [seen[0], seen[1], seen[241]] == begins[:3]


def test_a_video_of_now(monkeypatch, tmp_path):
    """A video looks as a file, from when its first frame was judged to its last."""
    world = World([[]] * 30)
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Reader(world))
    made, seen = Run(Place("a.mp4", "file"), Scope(), FileFeed(tmp_path / "a.mp4", world), world), []
    made.subscribe(lambda event: seen.append(event.frame.at) if isinstance(event, Seen) else None)
    made.run()
    assert ([(seen[0], seen[-1])], "file") == (spans(world), world.covered[0][0])

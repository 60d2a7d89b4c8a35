"""A run that asks for living faces: whose marks wait, are kept back or taken for a case, of several tracks at once."""

from dataclasses import replace

import pytest
from live_world import FPS, Reader, ScriptedCamera, Sight, World, standing

import attendance.liveness
from attendance.cameras import CameraState
from attendance.live import LIVENESS, Asking, CameraFeed, Decided, FileFeed, Marked, Place, Run, Seen, feeds
from attendance.live.watcher import Watcher
from attendance.liveness import Said
from attendance.liveness.saying import silent
from attendance.scope import ANYWHERE, Scope

LIVE, ATTACK, SILENT = Said(1.0, 1.0, "parallax"), Said(-1.0, 1.0, "plane"), silent("no_motion")
FROZEN_S = 2.0


class ByPlace:
    """A cue that says of a track what `script` has for its newest moment's time and the left of its box."""

    id = "scripted"

    def __init__(self, script):
        self.script, self.asked = script, 0

    def judge(self, moments):
        self.asked += 1
        return self.script(moments[-1].time, moments[-1].box[0])


@pytest.fixture
def scripted(monkeypatch):
    """What makes a script the one cue there is."""

    def install(script):
        made = ByPlace(script)
        monkeypatch.setattr(attendance.liveness, "CUES", (made,))
        return made

    return install


def watch(world, asking, *, place=None, script=None, fps=FPS):
    """A run before a camera that plays a world: what was told."""
    camera = CameraFeed(ScriptedCamera(world, script, fps))
    run, told = Run(place or Place("door"), Scope("maths"), camera, world, asking), []
    run.subscribe(told.append)
    run.run()
    return told


def decided(told):
    return [each.decision for each in told if isinstance(each, Decided)]


def kinds(told):
    return [(each.decision, each.liveness, each.reasons) for each in decided(told)]


def first(told):
    """The frame before which the first decision was told."""
    place = next(number for number, each in enumerate(told) if isinstance(each, Decided))
    return sum(isinstance(each, Seen) for each in told[:place])


def test_nothing_is_asked_unless_the_run_says_so():
    """By itself a run keeps nothing of it."""
    world = World(standing(Sight(1)))
    told = watch(world, Asking())
    assert ([("present", None, ())], 10) == (kinds(told), first(told))
    assert LIVENESS not in decided(told)[0].judged


@pytest.mark.parametrize(("wait", "frame"), [(0.0, 10), (1.0, 30), (1.5, 45), (1.6, 48), (2.5, 75)])
def test_a_held_mark_is_given_when_its_wait_ends(scripted, wait, frame):
    """Between two looks, too, and as one of the last look, whose face is the evidence; frames count the seconds."""
    scripted(lambda *_: SILENT)
    told = watch(World(standing(Sight(1), seconds=4.0)), Asking("review", wait))
    assert [("present", "unsure", ())] == kinds(told)
    assert frame <= first(told) <= frame + 1
    (decision,) = decided(told)
    assert 0 <= first(told) - decision.frame <= FPS / 2
    assert "unsure" == decision.judged[LIVENESS]["ruling"]


def test_a_file_is_asked_by_its_own_time(scripted, monkeypatch, tmp_path):
    """The wait is of the film's seconds, however fast it is read."""
    scripted(lambda *_: SILENT)
    world = World(standing(Sight(1), seconds=4.0))
    monkeypatch.setattr(feeds, "VideoReader", lambda *_: Reader(world))
    run = Run(Place("door.mp4", "file"), ANYWHERE, FileFeed(tmp_path / "a.mp4", world), world, Asking("review", 2.0))
    told = []
    run.subscribe(told.append)
    run.run()
    assert 60 <= first(told) <= 61


def test_each_track_is_asked_by_itself(scripted):
    """Of four in view one is alive, one a picture, one cannot be told, and the fourth is a stranger."""
    cue = scripted(lambda _, x: LIVE if x < 50 else ATTACK)
    world = World(standing(Sight(1, x=20.0), Sight(2, x=120.0), Sight(3, x=220.0)))
    told = watch(world, Asking("require"))
    assert [
        ("present", "live", ()), ("review", "attack", ("liveness_attack",)), ("unknown", None, ()),
    ] == kinds(told)  # fmt: skip
    assert ["P-1", "P-2"] == [each.person.id for each in decided(told)[:2]]
    assert ["P-1"] == world.marks
    assert cue.asked < 12


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("review", ("present", "unsure", ())), ("require", ("review", "unsure", ("liveness_unsure",)))],
)
def test_a_track_that_ends_while_it_waits(scripted, wanted, expected):
    """Whoever leaves before the wait is over is settled by what is known."""
    scripted(lambda *_: SILENT)
    told = watch(World([*standing(Sight(1), seconds=1.0), *[[]] * 60]), Asking(wanted, 5.0))
    assert [expected] == kinds(told)
    assert 55 <= first(told)


@pytest.mark.parametrize("state", [CameraState.FROZEN, CameraState.OFFLINE])
def test_a_camera_that_stands_still_while_a_mark_waits(scripted, state):
    """A camera that shows nothing new, or nothing, ends the wait; by what was seen before."""
    scripted(lambda *_: SILENT)
    world = World(standing(Sight(1), seconds=2.0))
    told = watch(world, Asking("review", 10.0), script={30: (state, "it hangs", 5.0)})
    assert ("present", "unsure", ()) == kinds(told)[0]
    assert 30 == first(told)


def test_an_attack_that_is_found_after_the_mark(scripted):
    """Who was marked and is found to be a picture at the track's end is marked, and somebody is to look."""
    scripted(lambda time, _: SILENT if time < 1003.0 else ATTACK)
    world = World([*standing(Sight(1), seconds=4.0), *[[]] * 60])
    told = watch(world, Asking("review", 1.0))
    assert [("present", "unsure", ()), ("review", "attack", ("liveness_attack",))] == kinds(told)
    given, found = decided(told)
    assert (given.person, given.track, None, None) == (found.person, found.track, found.mark, found.sighting)
    assert 1 == sum(isinstance(each, Marked) for each in told)
    assert ["present", "review"] == [kind for kind, _ in world.crops]
    assert all(crop is not None for _, crop in world.crops)


def test_the_undecided_come_first_when_a_run_ends(scripted):
    """Who stops a run may not wait long: marks are looked back at after those who have no decision yet."""
    scripted(lambda time, x: LIVE if time < 1001.0 and x < 50 else ATTACK)
    told = watch(World(standing(Sight(1, x=20.0), Sight(2, x=120.0), seconds=2.0)), Asking("review"))
    assert ["P-1", "P-2", "P-1"] == [each.person.id for each in decided(told)]
    assert ["present", "review", "review"] == [each.decision for each in decided(told)]


def test_who_is_found_alive_afterwards_is_told_once(scripted):
    """No second decision where nothing speaks against the first."""
    scripted(lambda time, _: SILENT if time < 1003.0 else LIVE)
    assert [("present", "unsure", ())] == kinds(watch(World(standing(Sight(1), seconds=4.0)), Asking("review", 1.0)))


def test_a_track_that_turns_into_somebody_else_after_its_mark(scripted):
    """It is a case for that, and for being a picture as well, in one decision."""
    scripted(lambda time, _: LIVE if time < 1001.5 else ATTACK)
    world = World([*standing(Sight(1), seconds=1.5), *standing(Sight(2), seconds=2.0)])
    told = watch(world, Asking("review"))
    assert "present" == kinds(told)[0][0]
    assert {"liveness_attack", "track_switched"} >= {reason for each in kinds(told)[1:] for reason in each[2]}


def test_a_person_who_returns(scripted):
    """Within the window of repeats a second mark is not told again; that a picture of them was held up is."""
    scripted(lambda time, _: LIVE if time < 1004.0 else ATTACK)
    frames = [*standing(Sight(1), seconds=2.0), *[[]] * 60, *standing(Sight(1), seconds=2.0)]
    told = watch(World([*frames, *[[]] * 60]), Asking("review"), place=Place("door", repeat_s=60.0))
    assert [("present", "live", ()), ("review", "attack", ("liveness_attack",))] == kinds(told)
    scripted(lambda *_: LIVE)
    told = watch(World([*frames, *[[]] * 60]), Asking("review"), place=Place("door", repeat_s=60.0))
    assert [("present", "live", ())] == kinds(told)


class Turn:
    """Asks for a turn to the left for a second, and is passed then."""

    id = "turns"

    def __init__(self):
        self.begun = None

    def begin(self, time):
        self.begun = time

    def see(self, moment):
        pass

    def prompt(self, time):  # noqa: ARG002 - the seam's signature
        return "left"

    def over(self, time):
        return time >= self.begun + 1.0

    def said(self, time):
        return LIVE if self.over(time) else silent("running")


def test_what_people_are_asked_is_told_with_their_face(scripted):
    """Each face has its own prompt, none once it is marked; and no mark is shown before it is given."""
    scripted(lambda *_: SILENT)
    world = World(standing(Sight(1, x=20.0), Sight(3, x=120.0), seconds=3.0))
    told = watch(world, Asking("require", 1.0, turns="needed", challenge=Turn))
    seen = [each.faces for each in told if isinstance(each, Seen)]
    asked = [number for number, faces in enumerate(seen) if faces[0].prompt]
    assert (list(range(asked[0], asked[-1] + 1)), {"left"}) == (asked, {seen[number][0].prompt for number in asked})
    assert pytest.approx(FPS, abs=1) == len(asked)
    assert {""} == {faces[1].prompt for faces in seen}
    assert {None} == {faces[0].decision for faces in seen[: asked[-1] + 1]}
    assert {"present"} == {faces[0].decision.decision for faces in seen[asked[-1] + 1 :]}


def test_a_mark_that_is_kept_back_is_shown_as_what_it_is(scripted):
    """After many looks the box of a picture says that somebody must look."""
    scripted(lambda *_: ATTACK)
    told = watch(World(standing(Sight(1), seconds=3.0)), Asking("review"))
    faces = [each.faces[0] for each in told if isinstance(each, Seen)]
    assert (None, "review") == (faces[15].decision, faces[80].decision.decision)


def test_a_picture_that_stands_still_is_found():
    """Without any script: a stream of one picture is no living face after two seconds."""
    world = World(standing(Sight(1), seconds=4.0))
    assert [("review", "attack", ("liveness_attack",))] == kinds(watch(world, Asking("review", FROZEN_S + 0.5)))
    told = watch(World(standing(Sight(1), seconds=4.0)), Asking("review", 1.5))
    assert [("present", "unsure", ()), ("review", "attack", ("liveness_attack",))] == kinds(told)
    assert "frozen" == decided(told)[1].judged[LIVENESS]["cues"]["repeats"]["why"]


def test_a_mark_by_a_distrusted_camera_is_a_case():
    """Whatever the cues say."""
    told = watch(World(standing(Sight(1))), Asking("review", distrust=("virtual_camera",)))
    assert "review" == decided(told)[0].decision
    assert "virtual_camera" in decided(told)[0].reasons


def test_trouble_with_liveness_ends_no_run(monkeypatch):
    """Where nothing of it works the run goes on, marks with a note, and with `require` marks nobody."""

    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(attendance.liveness, "moment_of", broken)
    monkeypatch.setattr(attendance.liveness, "ask", broken)
    for wanted, kind in (("review", "present"), ("require", "review")):
        world = World(standing(Sight(1), seconds=3.0))
        assert [(kind, "unsure")] == [each[:2] for each in kinds(watch(world, Asking(wanted)))]


def test_the_moments_are_of_the_full_picture(monkeypatch):
    """What is kept is cut out of the frame as it came, not of the copy that the detector sees."""
    seen = []
    made = attendance.liveness.moment_of
    monkeypatch.setattr(
        attendance.liveness, "moment_of", lambda *given: seen.append((given[0].shape, given[1].box)) or made(*given)
    )
    world = World(standing(Sight(1, x=100.0), seconds=1.0), detect_side=160)
    watching = Watcher(
        world, source="door", scope=ANYWHERE, report=lambda decision, _: decision, tell=print, asking=Asking("review")
    )
    for number in range(FPS):
        watching.see(world.frame(number, number / FPS))
    assert {((240, 320, 3), (100.0, 80.0, 60.0, 60.0))} == set(seen)
    assert 5 <= len(seen) <= 10


class Lookalike(World):
    """A world whose faces all look alike to the tracker, so that whoever takes another one's place keeps the track."""

    def picture(self, number):
        frames, self.frames = self.frames, [[replace(each, who=7) for each in seen] for seen in self.frames]
        try:
            return super().picture(number)
        finally:
            self.frames = frames


@pytest.mark.parametrize("other", [Sight(3), Sight(2), Sight(3, score=20), Sight(3, reasons=("blurred",))])
@pytest.mark.parametrize("back", [False, True])
def test_a_challenge_that_somebody_else_passes(scripted, other, back):
    """Whose face was held up first is not marked by the turns of another head, also when it is held up again."""
    scripted(lambda *_: SILENT)
    frames = [*standing(Sight(1), seconds=0.6), *standing(other, seconds=1.6 if back else 3.0)]
    frames += standing(Sight(1), seconds=2.0) if back else []
    for wanted in ("review", "require"):
        world = Lookalike(frames)
        told = watch(world, Asking(wanted, 1.0, turns="always", challenge=Turn))
        assert ([], set()) == (world.marks, {each.decision for each in decided(told)} & {"present", "already"})
        assert decided(told)


@pytest.mark.parametrize("first", [Sight(1), Sight(3)])
@pytest.mark.parametrize("score", [20, 60])
def test_a_living_face_speaks_for_no_other_one(scripted, first, score):
    """A picture of somebody is not live by a head that is seen before or after it on the same track."""
    scripted(lambda *_: LIVE)
    other = Sight(4 - first.who, score=score)
    for wanted in ("review", "require"):
        world = Lookalike([*standing(first, seconds=0.4), *standing(other, seconds=3.0)])
        told = watch(world, Asking(wanted, 1.0))
        assert "live" not in {each.liveness for each in decided(told)}
        assert [] == (world.marks if wanted == "require" else [])

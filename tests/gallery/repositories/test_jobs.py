"""Jobs: how far they are, how they end, and what becomes of those whose doer is gone."""

from datetime import timedelta

from gallery.repositories import jobs

HOUR = timedelta(hours=1)


def test_a_job_tells_how_far_it_is(store, now):
    """It runs from its beginning on, tells each progress and when, and in the end how it went."""
    with store.atomic() as step:
        made = jobs.begin(step, "enrol", by="t", at=now, total=9)
        assert ("enrol", "t", "running", 0, 9, {}, now, now, None) == (
            made.kind, made.by, made.state, made.done, made.total, made.told, made.begun, made.seen, made.ended,
        )  # fmt: skip
        jobs.progress(step, made.id, done=4, total=10, at=now + HOUR)
        going = jobs.numbered(step, made.id)
        jobs.end(step, made.id, "done", {"enrolled": 9, "refused": {"photo.no_face": 1}}, now + 2 * HOUR)
        ended = jobs.numbered(step, made.id)
        jobs.progress(step, made.id, done=1, total=1, at=now)
        assert ended == jobs.numbered(step, made.id)
        assert jobs.numbered(step, 99) is None

    assert (4, 10, now + HOUR) == (going.done, going.total, going.seen)
    assert ("done", {"enrolled": 9, "refused": {"photo.no_face": 1}}, now + 2 * HOUR) == (
        ended.state, ended.told, ended.ended,
    )  # fmt: skip


def test_the_newest_come_first(store, now):
    """The latest jobs are told, so many at most, the newest first."""
    with store.atomic() as step:
        for number in range(4):
            jobs.begin(step, f"j{number}", by="t", at=now)
        assert ["j3", "j2"] == [each.kind for each in jobs.all_jobs(step, limit=2)]
        assert 4 == len(jobs.all_jobs(step))


def test_whose_doer_is_gone_is_interrupted(store, now):
    """A job that was not seen for long is over, and is counted; one that still tells, or has ended, stays."""
    with store.atomic() as step:
        left, going, ended = (jobs.begin(step, kind, by="t", at=now) for kind in ("left", "going", "ended"))
        jobs.progress(step, going.id, done=1, total=None, at=now + HOUR)
        jobs.end(step, ended.id, "failed", {"error": "gallery.full"}, now)
        assert 1 == jobs.interrupt_stale(step, now + HOUR, now + 2 * HOUR)
        found = {each.kind: (each.state, each.ended) for each in jobs.all_jobs(step)}

    assert {"left": ("interrupted", now + 2 * HOUR), "going": ("running", None), "ended": ("failed", now)} == found
    assert left.state == "running"

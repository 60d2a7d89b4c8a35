"""Events and cameras by the API."""

import contextlib
import json
import threading

import pytest

PNG = {"Content-Type": "image/png"}


def told(api, path: str, count: int, **headers: str) -> list[tuple[str, str, dict]]:
    """The first events of a stream."""
    found = []
    with api.stream("GET", path, headers=headers) as answer:
        assert "text/event-stream" in answer.headers["Content-Type"]
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            key, _, value = line.partition(": ")
            event |= {key: value} if line and not line.startswith(":") else {}
            if not line and "data" in event:
                found.append((event.get("id", ""), event["event"], json.loads(event["data"])))
                event = {}
            if len(found) == count:
                break
    return found


@pytest.fixture
def live(served, program):
    """A program that asks the service as it runs: streams end when it leaves."""
    import httpx

    side = program()
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=20) as client:
        client.headers["Authorization"] = side.headers["Authorization"]
        yield client


def test_what_was_missed_is_told(live):
    """With the number of the last that it has had, a program is told all that came after, in order."""
    for name in ("a", "b"):
        live.post("/people", json={"name": name, "id": name})
        live.post("/marks", json={"person": name})
    everything = told(live, "/events", 4, **{"Last-Event-ID": "0"})
    later = told(live, "/events?after=0", 1, **{"Last-Event-ID": everything[2][0]})

    assert ["person.changed", "mark.made"] * 2 == [kind for _, kind, _ in everything]
    assert {"id": "b", "name": "b"} == everything[3][2]["person"]
    assert [everything[3]] == later


def test_events_are_filtered_by_kind(live):
    """Only the kinds that are named are told."""
    live.post("/people", json={"name": "a", "id": "a"})
    live.post("/marks", json={"person": "a"})

    assert ["mark.made"] == [kind for _, kind, _ in told(live, "/events?kind=mark.made&kind=mark.voided&after=0", 1)]


def test_what_happens_is_told_at_once(live):
    """Whoever listens hears of a mark while it is made."""
    live.post("/people", json={"name": "a", "id": "a"})
    found: list = []
    listener = threading.Thread(target=lambda: found.extend(told(live, "/events?kind=mark.made", 1)))
    listener.start()
    for _ in range(50):
        with contextlib.suppress(Exception):
            mark = live.post("/marks", json={"person": "a"}).json()
            live.post(f"/marks/{mark['id']}/void", json={"reason": "again"})
        listener.join(0.2)
        if not listener.is_alive():
            break

    assert ["mark.made"] == [kind for _, kind, _ in found]


@pytest.mark.parametrize("query", ["kind=mark", "after=-1", "after=x", "since=1"])
def test_a_stream_that_cannot_be_is_refused(api, query):
    """Unknown kinds and numbers that are none are told before anything streams."""
    refused = api.get(f"/events?{query}")

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])


def test_events_need_their_scope(program):
    """Who may read people hears of nothing."""
    assert 403 == program("people:read").get("/events").status_code


def test_cameras_are_told(app, api):
    """Each camera in use is told with how it does, and none of its address."""
    app.places.add(app.actor, "Gate / A", "rtsp://user:secret@127.0.0.1:9/none")
    (told_,) = api.get("/cameras").json()["items"]

    assert ("Gate / A", "off", False) == tuple(told_[key] for key in ("name", "state", "wanted"))
    assert told_ == api.get("/cameras/Gate%20%2F%20A").json()
    assert "secret" not in json.dumps(told_)


def test_a_camera_is_started_and_stopped(app, api):
    """What is asked for is kept, so that it goes on after a restart."""
    app.places.add(app.actor, "Gate", "rtsp://127.0.0.1:9/none")
    api.post("/sessions", json={"name": "Excursion"})
    begun = api.post("/cameras/Gate/start", json={"session": "Excursion"})
    stopped = api.post("/cameras/Gate/stop")

    assert (200, True, "Excursion") == (begun.status_code, begun.json()["wanted"], begun.json()["session"])
    assert (200, False) == (stopped.status_code, stopped.json()["wanted"])


def test_a_camera_that_cannot_be_started_is_told(app, api, program):
    """An unknown or retired place, an unknown session or a missing scope starts nothing."""
    app.places.add(app.actor, "Gate", "rtsp://127.0.0.1:9/none")
    app.places.add(app.actor, "Old", "rtsp://127.0.0.1:9/none")
    app.places.retire(app.actor, "Old")
    refused = [
        api.post("/cameras/Nope/start", json={}),
        api.post("/cameras/Old/start", json={}),
        api.post("/cameras/Gate/start", json={"session": "Nope"}),
        program("cameras:read").post("/cameras/Gate/start", json={}),
        api.post("/cameras/Gate/start", json={"fps": 3}),
    ]

    assert [(404, "place.unknown"), (409, "place.retired"), (404, "session.unknown")] == [
        (each.status_code, each.json()["id"]) for each in refused[:3]
    ]
    assert [(403, "token.scope"), (422, "request.invalid")] == [
        (each.status_code, each.json()["id"]) for each in refused[3:]
    ]
    assert not api.get("/cameras/Gate").json()["wanted"]

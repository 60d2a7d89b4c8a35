"""What the service costs: pages, decisions over the API, live viewers, a kiosk, and memory while two cameras run.

    python benchmarks/service.py [--people 400] [--seconds 20] [--minutes 2 | --hours 2] [--videos FOLDER]

A home with a timetable of 400 people is served by `attendance serve` in a process of its own; two cameras are films
that a stand-in sends over HTTP again and again, made of two public-domain portraits, or those of a folder. All that
is compared is measured in the same run: two rounds with and without viewers by turns, one decision and fifty at once,
the kiosk and the bare pipeline. Processor time is that of the service's process alone, as viewers are other computers;
it tells what things cost also where the machine has other work, which the times on the wall do not.
"""

import argparse
import contextlib
import http.server
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import cv2
import httpx
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from report_scale import build
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert
from video import Film, frame, portraits

from attendance import Attendance
from attendance.services.kioskframes import SentFrame
from gallery import Store
from gallery.repositories.templates import VECTOR, pack
from gallery.schema import MarkRow, SessionRow, Template

PASSWORD = "correct horse battery"  # noqa: S105 - of a throw-away home
VIEWERS, AT_ONCE, FRAMES, FPS, CORES = 8, 50, 240, 10, os.cpu_count() or 1
FILMS = (Film(640, 360, 1), Film(640, 360, 2))


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    found: str
    goal: str
    held: bool | None


# The stand-in for cameras, in a process of its own


def reel(number: int, videos: list[Path]) -> list[bytes]:
    """The frames of a film as JPEG."""
    found: list[np.ndarray] = []
    if not videos:
        found = [frame(FILMS[number % len(FILMS)], each)[..., ::-1] for each in range(FRAMES)]
    else:
        film = cv2.VideoCapture(str(videos[number % len(videos)]))
        while len(found) < FRAMES and (read := film.read())[0]:
            found.append(read[1])
    return [cv2.imencode(".jpg", np.ascontiguousarray(each))[1].tobytes() for each in found]


def stand_in(port: int, videos: list[Path]) -> None:
    """Send films as streams of JPEG for ever: /0 and /1."""
    reels = [reel(number, videos) for number in range(2)]

    class Camera(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_given: object) -> None: ...

        def do_GET(self) -> None:
            pictures = reels[int(self.path.strip("/") or 0)]
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
            self.end_headers()
            with contextlib.suppress(OSError):
                for number in range(10**9):
                    picture = pictures[number % len(pictures)]
                    head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                    time.sleep(1 / FPS)

    http.server.ThreadingHTTPServer.daemon_threads = True
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Camera).serve_forever()


def free_port() -> int:
    """A port that nobody listens at."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# The home and the service


def fill(home: Path, people: int, cameras: int) -> tuple[str, str]:
    """A home with timetable, marks of today, templates of all, two cameras and a kiosk; the tokens of API and kiosk."""
    today = datetime.now(UTC).date()
    days = [day for each in range(20, -1, -1) if (day := today - timedelta(days=each)).weekday() < 5]
    build(home, people, days[:-1] or days, 6)
    # The drawn films are flat pictures; what liveness costs a living face is in liveness_cost.py.
    (home / "config.toml").write_text('liveness = "off"\n', encoding="utf-8")
    with Attendance.open(home) as app:
        app.accounts.add(app.actor, "Ines", PASSWORD, "admin")
        for name, picture in zip(("Eileen Collins", "Grace Hopper"), portraits(), strict=True):
            app.enroll(cv2.imencode(".png", picture[..., ::-1])[1].tobytes(), name=name)
        _strangers(app, people)
        for number in range(2):
            app.places.add(app.actor, f"Door {number + 1}", f"http://127.0.0.1:{cameras}/{number}")
        app.places.add(app.actor, "Reception", kind="kiosk")
        api = app.tokens.add(app.actor, "benchmark", ["decide"]).secret
        kiosk = app.tokens.add_kiosk(app.actor, "Reception").secret
    _mark_today(home, people)
    return api, kiosk


def _strangers(app: Attendance, people: int) -> None:
    """A made-up template for everybody else, so that each search is among as many."""
    pipeline, chance, seal = app.pipeline.id, np.random.default_rng(1), app.gallery.sealer.seal
    rows = []
    for number in range(1, people + 1):
        vector = chance.normal(size=app.pipeline.encoder.dim).astype(np.float32)
        vector /= np.linalg.norm(vector)
        sealed = seal(pack(vector, 0.0), person=number, pipeline_id=pipeline, purpose=VECTOR)
        rows.append({"person_id": number, "pipeline_id": pipeline, "vector": sealed, "quality": {"score": 80},
                     "source": f"{number}.jpg", "source_sha256": sha256(str(number).encode()).hexdigest(),
                     "created": datetime.now(UTC)})  # fmt: skip
    with app.store.atomic() as transaction:
        transaction.execute(insert(Template), rows)
        app.store.bump(transaction)


def _mark_today(home: Path, people: int) -> None:
    """Nine of ten have come today."""
    now = datetime.now(UTC)
    with Store.open(home) as store, store.atomic() as session:
        row = SessionRow(
            name=now.date().isoformat(),
            kind="day",
            day=now.date().isoformat(),
            zone="UTC",
            opens=datetime.combine(now.date(), datetime.min.time(), UTC),
        )
        there = session.query(SessionRow).filter(SessionRow.name == row.name).first()
        if there is None:
            session.add(row)
            session.flush()
        number = row.id if there is None else there.id
        marks = [{"id": f"t{each:031x}", "person_id": each, "session_id": number, "ordinal": 99, "at": now,
                  "time_known": True, "entered": now, "by": "benchmark", "method": "face", "details": {}}
                 for each in range(1, people + 1) if each % 10]  # fmt: skip
        session.execute(insert(MarkRow), marks)
        store.bump(session)


class Service:
    """`attendance serve` in a process of its own, and a browser that is signed in."""

    def __init__(self, home: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "attendance", "serve", "--home", str(home), "--port", port]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.browser = httpx.Client(base_url=self.url, timeout=120)
        self._wait()
        self._sign_in()

    def _wait(self) -> None:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if self.browser.get("/alive").status_code == 200:
                    return
            time.sleep(0.1)
        raise SystemExit("the service does not answer")

    def _sign_in(self) -> None:
        page = self.browser.get("/sign-in").text
        self.browser.post("/sign-in", data={"name": "Ines", "password": PASSWORD, **_token(page)})

    def form(self, path: str) -> None:
        """Send a form that holds nothing but its token."""
        self.browser.post(path, data=_token(self.browser.get("/cameras").text))

    def cameras(self) -> list[dict]:
        """How each camera does."""
        return self.browser.get("/cameras/status").json()["cameras"]

    def cpu_s(self) -> float:
        """Processor time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mb(self) -> float:
        """Memory that the process holds."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def close(self) -> float:
        """Stop it; how long that took."""
        begun = time.perf_counter()
        self.process.terminate()
        self.process.wait(30)
        return time.perf_counter() - begun


def _token(page: str) -> dict[str, str]:
    found = re.search(r'name="form_token" value="([^"]*)"', page)
    return {"form_token": found[1]} if found else {}


# What is measured


def p95(times: list[float]) -> float:
    """The time within which nineteen of twenty were done."""
    return float(np.percentile(times, 95))


def timed(act: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def today(service: Service) -> list[Line]:
    """The page Today, asked for again and again."""
    for _ in range(5):
        service.browser.get("/")
    floor = [timed(lambda: service.browser.get("/alive")) for _ in range(100)]
    cpu = service.cpu_s()
    times = [timed(lambda: service.browser.get("/")) for _ in range(100)]
    spent = (service.cpu_s() - cpu) / len(times) * 1000
    middle, least = statistics.median(times), statistics.median(floor)
    told = f"p50 {middle:.0f}, p95 {p95(times):.0f} ms, {spent:.0f} of processor; an empty answer {least:.1f} ms"
    return [Line("Today", told, "p95 < 50 ms", p95(times) < 50)]


def decisions(service: Service, api: str) -> list[Line]:
    """One photo judged at a time, then fifty at once."""
    photo = cv2.imencode(".jpg", portraits()[0][..., ::-1])[1].tobytes()
    head = {"Authorization": f"Bearer {api}", "Content-Type": "image/jpeg"}

    def send() -> int:
        return httpx.post(f"{service.url}/api/v1/decisions", content=photo, headers=head, timeout=120).status_code

    if send() != 200:
        return [Line("decisions by API", f"not measured: {send()}", "", None)]
    one = [timed(send) for _ in range(20)]
    answers: list[int] = []
    pages: list[float] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = time.perf_counter()
        fifty = [pool.submit(lambda: timed(lambda: answers.append(send()))) for _ in range(AT_ONCE)]
        while not all(each.done() for each in fifty):
            pages.append(timed(lambda: service.browser.get("/alive")))
            time.sleep(0.05)
        took = time.perf_counter() - begun
    times = [each.result() for each in fifty]
    ratio = p95(times) / p95(one)
    told = f"p95 {p95(times):,.0f} ms, {ratio:.1f} x one ({p95(one):.0f} ms); all done in {took:.1f} s"
    lost = AT_ONCE - answers.count(200)
    return [
        Line("50 decisions at once", told, "p95 < 50 x one", ratio < 50),
        Line("  lost", str(lost), "none", lost == 0),
        Line("  a page meanwhile", f"p95 {p95(pages):.0f} ms", "", None),
    ]


@dataclass(frozen=True)
class Pace:
    """Frames judged a second by all cameras together, and processor time a second in milliseconds."""

    fps: float
    cpu_ms: float

    @classmethod
    def of(cls, rounds: "list[Pace]") -> "Pace":
        """The mean of several."""
        return cls(statistics.mean(each.fps for each in rounds), statistics.mean(each.cpu_ms for each in rounds))


def pace(service: Service, seconds: float) -> Pace:
    """Over some seconds, once the figures of before are gone."""
    time.sleep(5)
    cpu, begun, rates = service.cpu_s(), time.perf_counter(), []
    while time.perf_counter() - begun < seconds:
        rates.append(sum(each["fps"] for each in service.cameras()))
        time.sleep(1)
    spent = time.perf_counter() - begun
    return Pace(statistics.mean(rates), (service.cpu_s() - cpu) / spent * 1000)


def watch(url: str, cookies: str, count: int) -> None:
    """Look at the first camera with so many browsers; what is shown is thrown away."""

    def look() -> None:
        with httpx.stream("GET", f"{url}/cameras/1/live", headers={"Cookie": cookies}, timeout=60) as stream:
            for _ in stream.iter_raw():
                pass

    threads = [threading.Thread(target=look, daemon=True) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


@contextlib.contextmanager
def viewers(service: Service, count: int) -> Iterator[None]:
    """So many that look, in a process of their own."""
    cookies = "; ".join(f"{name}={value}" for name, value in service.browser.cookies.items())
    process = subprocess.Popen([sys.executable, __file__, "--watch", service.url, cookies, str(count)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def live(service: Service, seconds: float) -> list[Line]:
    """What eight viewers cost the judge: rounds with and without them by turns."""
    rounds: dict[bool, list[Pace]] = {False: [], True: []}
    for each in (False, True, True, False):
        with viewers(service, VIEWERS) if each else contextlib.nullcontext():
            rounds[each].append(pace(service, seconds))
    alone, seen = Pace.of(rounds[False]), Pace.of(rounds[True])
    lag = max((each["lag_s"] or 0.0) for each in service.cameras())
    lost = 1 - seen.fps / alone.fps if alone.fps else 1.0
    more = seen.cpu_ms - alone.cpu_ms
    share = more / CORES / 1000
    told = f"{alone.fps:.1f} frames/s, {alone.cpu_ms / (alone.fps or 1):.0f} ms of processor a frame, lag {lag:.2f} s"
    costs = f"{more:+.0f} ms of processor a second ({share:+.1%} of {CORES} cores); frames {-lost:+.1%}"
    return [Line("two cameras", told, "", None), Line(f"{VIEWERS} viewers cost", costs, "< 5 %", share < 0.05)]


def _paired(client: httpx.Client) -> ec.EllipticCurvePrivateKey:
    """A key that the service knows as the kiosk's."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    client.post("/kiosk/key", json={"public_key": b64encode(public).decode()}).raise_for_status()
    return key


def _proof(key: ec.EllipticCurvePrivateKey, run: str, number: int, nonce: str, data: bytes) -> dict[str, str | int]:
    """What a frame says of itself, signed as the kiosk's page does."""
    sent = SentFrame(run, number, nonce, "", data)
    r, s = decode_dss_signature(key.sign(sent.text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    return {"run": run, "number": number, "nonce": nonce, "signature": signature}


def kiosk(service: Service, secret: str, home: Path) -> list[Line]:
    """A kiosk's frames, each answered before the next is sent, beside the bare pipeline on the same frames."""
    found = [cv2.imencode(".jpg", frame(FILMS[0], each)[..., ::-1])[1].tobytes() for each in range(80)]
    client = httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    key = _paired(client)
    begun = client.post("/kiosk/runs")
    if begun.status_code != 200:
        return [Line("kiosk", f"not measured: {begun.status_code}", "", None)]
    run, nonce = begun.json()["run"], begun.json()["nonce"]
    times, named, start, cpu = [], None, time.perf_counter(), service.cpu_s()
    for number, each in enumerate(found, 1):
        begin = time.perf_counter()
        answer = client.post("/kiosk/frames", params=_proof(key, run, number, nonce, each), content=each)
        nonce = answer.json()["nonce"]
        times.append((time.perf_counter() - begin) * 1000)
        if named is None and "Collins" in answer.text:
            named = time.perf_counter() - start
    client.post("/kiosk/runs/end", json={"run": run})
    spent = (service.cpu_s() - cpu) / len(found) * 1000
    bare, bare_spent = _bare(home, found)
    ratio = p95(times) / p95(bare)
    told = f"p50 {statistics.median(times):.0f}, p95 {p95(times):.0f} ms"
    said = "never" if named is None else f"{named:.2f} s"
    return [
        Line("kiosk, a frame", told, "p95 < 1 s", p95(times) < 1000),
        Line(
            "  beside the bare pipeline",
            f"{ratio:.2f} x ({p95(bare):.0f} ms); processor {spent / bare_spent:.2f} x",
            "1.3 x",
            ratio <= 1.3,
        ),
        Line("  from first frame to name", said, "< 1 s", named is not None and named < 1),
    ]


def _bare(home: Path, frames: list[bytes]) -> tuple[list[float], float]:
    """Decoding, finding, embedding and comparing, without a service: times, and mean processor time, in ms."""
    with Attendance.open(home) as app:

        def act(data: bytes) -> None:
            pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            app.judge(app.pipeline.faces(np.asarray(pixels, np.uint8)), source="benchmark")

        for each in frames[:5]:
            act(each)
        cpu = time.process_time()
        times = [timed(lambda each=each: act(each)) for each in frames]  # type: ignore[misc]
        return times, (time.process_time() - cpu) / len(frames) * 1000


def memory(service: Service, seconds: float) -> list[Line]:
    """Memory while two cameras run and somebody looks."""
    time.sleep(min(30.0, seconds / 4))
    found, begun = [], time.perf_counter()
    with viewers(service, 1):
        while time.perf_counter() - begun < seconds:
            found.append(service.memory_mb())
            service.browser.get("/")
            time.sleep(max(2.0, seconds / 600))
    quarter = max(1, len(found) // 4)
    first, last = statistics.mean(found[:quarter]), statistics.mean(found[-quarter:])
    grown = last / first - 1
    told = f"{first:.0f} MB, then {last:.0f} MB ({grown:+.1%}) over {seconds / 60:.1f} min; most {max(found):.0f}"
    return [Line("memory with two cameras", told, "± 5 %", abs(grown) <= 0.05)]


def main() -> None:
    """Build the home, serve it, measure, print the table."""
    if sys.argv[1:2] == ["--watch"]:
        watch(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    if sys.argv[1:2] == ["--stand-in"]:
        stand_in(int(sys.argv[2]), [Path(each) for each in sys.argv[3:]])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each round with or without viewers")
    parser.add_argument("--minutes", type=float, default=2.0, help="of the look at memory")
    parser.add_argument("--hours", type=float, default=0.0, help="instead of minutes")
    parser.add_argument("--videos", type=Path, default=None, help="films for the cameras")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    films = [] if asked.videos is None else sorted(asked.videos.iterdir())
    videos = [each for each in films if each.suffix in {".mkv", ".mp4", ".mov"}]
    with tempfile.TemporaryDirectory() as folder:
        lines = measured(Path(folder) / "home", asked, videos)
    show(lines, as_json=asked.json)


def measured(home: Path, asked: argparse.Namespace, videos: list[Path]) -> list[Line]:
    """All lines of the table."""
    port = free_port()
    api, paired = fill(home, asked.people, port)
    camera = subprocess.Popen([sys.executable, __file__, "--stand-in", str(port), *map(str, videos)])
    service = Service(home)
    try:
        lines = today(service) + decisions(service, api) + kiosk(service, paired, home)
        for number in (1, 2):
            service.form(f"/cameras/{number}/start")
        time.sleep(15)
        lines += live(service, asked.seconds)
        lines += memory(service, asked.hours * 3600 or asked.minutes * 60)
        lines.append(Line("stopping", f"{(took := service.close()):.1f} s", "< 5 s", took < 5))
        return lines
    finally:
        for each in (camera, service.process):
            each.kill()
            each.wait()


def show(lines: list[Line], *, as_json: bool) -> None:
    """Print the table, or a line of JSON each."""
    if as_json:
        for each in lines:
            print(json.dumps(each.__dict__))
        return
    table = Table("what", "found", "goal", "held")
    for each in lines:
        table.add_row(each.what, each.found, each.goal, "" if each.held is None else ("yes" if each.held else "NO"))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()

"""A kiosk without a browser: it signs, seals and counts as the page does, and its frames hold made-up faces."""

import base64
import dataclasses
import io
import json
import os
from datetime import UTC, timedelta

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

from attendance.access import Actor, Visitor
from attendance.services.kioskentries import Posted
from attendance.services.kioskframes import Begun, SentFrame
from enroll.face import Detection

SIDE = 240
CLERK = Actor("clerk")


def frame(*people: int) -> bytes:
    """A PNG of people by number, each a grey square in a row of its own; nobody for none."""
    pixels = np.random.default_rng(1).integers(200, 256, (SIDE, 320, 3), np.uint8)
    for place, who in enumerate(people):
        pixels[60:140, 20 + 100 * place : 100 + 100 * place] = who
    return png(pixels)


def png(pixels) -> bytes:
    """The picture as PNG."""
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG")
    return made.getvalue()


def code_before(app, held) -> np.ndarray:
    """A frame (480, 640, 3) that shows a QR code."""
    data, _ = app.credentials.qr_picture(held, "png", scale=5)
    return before(data)


def before(data: bytes, *, top: int = 60, left: int = 150) -> np.ndarray:
    """A frame (480, 640, 3), grey, with a picture of a QR code held into it."""
    code = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    pixels = np.full((480, 640, 3), 170, np.uint8)
    pixels[top : top + code.shape[0], left : left + code.shape[1]] = code
    return pixels


def live(fake):
    """The pipeline without models, for frames as `frame` makes them: it finds the squares and embeds their grey."""

    class LivePipeline(fake.FakePipeline):
        @property
        def detector(self):
            return self

        def detect(self, pixels):
            there = [x for x in (20, 120, 220) if pixels.shape[1] > x + 80 and pixels[70, x + 10, 0] < 200]
            return [Detection((float(x), 60.0, 80.0, 80.0), self._landmarks(x), 0.9) for x in there]

        def _landmarks(self, x):
            return np.array([[20, 25], [60, 25], [40, 45], [25, 60], [55, 60]], np.float32) + np.float32([x, 60])

        def embed_detections(self, pixels, detections):
            return [self._seen(pixels, each) for each in detections]

        def _seen(self, pixels, found):
            who = int(pixels[70, int(found.box[0]) + 10, 0])
            face = self._face(0, who, 100, fake.FINE)
            return type(face)(found, face.quality, face.crop, face.template)

    return LivePipeline()


class Page:
    """A page of the kiosk of `token`, by the clock `clock`, with a clock of its own that is `wrong` by some time."""

    def __init__(self, app, token, clock, *, key=None, wrong=timedelta(0)) -> None:
        self.app, self.visitor, self.clock, self.wrong = app, Visitor.of_token(token), clock, wrong
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.counter = 0
        self.facts = None
        self.load()

    @property
    def actor(self):
        return self.visitor.actor

    @property
    def token(self):
        return self.visitor.token

    def load(self) -> None:
        """As the page when it is loaded: its monotonic clock begins anew."""
        self.page, self.begun = os.urandom(8).hex(), self.clock.monotonic()

    def ask(self) -> None:
        """Speak to the service, and have it know the key."""
        self.facts = self.app.kiosks.state(self.actor, self.token) | {"ticket_claimed": self.claimed}
        if self.facts["public_key"] != self.public:
            self.app.kiosks.pair(self.actor, self.token, self.public)
        self.counter = max(self.counter, self.facts["counter"])

    @property
    def public(self) -> str:
        """The key that what it sends is signed by, as the service is told it."""
        return base64.b64encode(
            self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode()

    @property
    def claimed(self) -> str:
        """The time by the kiosk's own clock."""
        return (self.clock.utc() + self.wrong).astimezone(UTC).isoformat()

    @property
    def seconds(self) -> float:
        return self.clock.monotonic() - self.begun

    def entry(self, kind: str, text: str, **other) -> Posted:
        """What somebody types, shows or holds to the reader, as it is kept; ``other`` parts are put in its place."""
        self.counter += 1
        told = {
            "counter": self.counter,
            "kind": kind,
            "sealed": self.sealed(f"{kind}:{self.counter}", text),
            "claimed": self.claimed,
            "page": self.page,
            "seconds": self.seconds,
            "ticket": self.facts["ticket"],
            "ticket_claimed": self.facts["ticket_claimed"],
        }
        return self.signed(json.dumps(told | other))

    def signed(self, body: str) -> Posted:
        """The text with its signature."""
        return Posted(body, self.signature(body))

    def signature(self, text: str) -> str:
        """The signature of a text, in WebCrypto's form."""
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()

    def sealed(self, also: str, text: str) -> dict[str, str]:
        """The text, sealed for the service."""
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), base64.b64decode(self.facts["sealing_key"])
        )
        own = ec.generate_private_key(ec.SECP256R1())
        point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        shared = own.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), 32, salt=point, info=b"attendance kiosk entry").derive(shared)
        nonce = os.urandom(12)
        parts = {"key": point, "nonce": nonce, "data": AESGCM(key).encrypt(nonce, text.encode(), also.encode())}
        return {name: base64.b64encode(each).decode() for name, each in parts.items()}

    def send(self, *posted: Posted) -> list[dict]:
        """Send what is kept; the answers."""
        return self.app.kiosks.take(self.actor, self.token, posted, page=self.page, seconds=self.seconds)

    def show(self, kind: str, text: str) -> dict:
        """Keep and send at once."""
        return self.send(self.entry(kind, text))[0]

    # By face

    def begin(self, **more) -> None:
        """Begin to look."""
        self.follow(self.app.kiosks.begin(self.actor, self.token, **more))

    def follow(self, begun: Begun) -> None:
        """Send the frames of this run from now on."""
        self.run, self.nonce, self.number = begun.run, begun.nonce, 0

    def shot(self, data: bytes, *, faces: bool = True, **other) -> SentFrame:
        """The next frame as it is sent; ``other`` is said of it and signed in place of what is so."""
        self.number += 1
        said = {"run": self.run, "number": self.number, "nonce": self.nonce, "faces": faces} | other
        made = SentFrame(signature="", data=data, **said)
        return dataclasses.replace(made, signature=self.signature(made.text))

    def see(self, data: bytes, *, faces: bool = True) -> dict:
        """Send the next frame, a fifth of a second after the one before."""
        self.clock.forward(seconds=0.2)
        return self.post(self.shot(data, faces=faces))

    def post(self, sent: SentFrame) -> dict:
        """Send a frame; its answer is what the next one answers."""
        answer = self.app.kiosks.see(self.actor, self.token, sent)
        self.nonce = answer["nonce"]
        return answer

    def watch(self, data: bytes, *, most: int = 20) -> dict:
        """Send the same picture until there is a result."""
        for _ in range(most):
            answer = self.see(data)
            if answer["results"]:
                return answer["results"][0]
        return {}


def hall_of(app, draw, *names: str, **more):
    """The home with people of these names, seen by their numbers, and a kiosk in the hall, by which people come in."""
    for number, name in enumerate(names, 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name, external_id=name[0], **more)
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    return app


def page_of(hall, clock):
    """The page of the kiosk in the hall, paired; for a fixture, after which nothing looks any more."""
    made = Page(hall, hall.tokens.add_kiosk(CLERK, "Hall").token, clock)
    made.ask()
    yield made
    hall.kiosks.close()


class Shots:
    """The frames of a page that a browser of tests sends over HTTP; ``page`` signs them."""

    def __init__(self, browser, page: Page) -> None:
        self.browser, self.page = browser, page

    def begin(self, **told) -> None:
        """Begin to look."""
        answer = self.browser.post("/kiosk/runs", json=told)
        assert 200 == answer.status_code, answer.text
        self.page.follow(Begun(**answer.json()))

    def send(self, data: bytes, **said):
        """Send the next frame, ``said`` of it in place of what is so; the answer."""
        sent = self.page.shot(data)
        query = {name: getattr(sent, name) for name in ("run", "number", "nonce", "signature", "faces", "light")}
        answer = self.browser.post("/kiosk/frames", params=query | said, content=data)
        if 200 == answer.status_code:
            self.page.nonce = answer.json()["nonce"]
        return answer

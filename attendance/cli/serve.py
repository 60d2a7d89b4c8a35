"""attendance serve: pages, kiosk, cameras and API, for people who never open a terminal."""

import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import watching
from attendance.cli.output import line, say
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.settings import Settings, Value

LOG = logging.getLogger("attendance.service")
NEEDED = (
    "argon2", "fastapi", "itsdangerous", "jinja2", "prometheus_client", "pyotp", "python_multipart", "segno", "uvicorn",
    "zxingcpp",
)  # fmt: skip
LOOPBACK = "127.0.0.1"
PORT = 8400
Pair = tuple[Path, Path]


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0: all of this computer.", metavar="ADDRESS")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(help="Port to listen at; 0: a free one.", min=0, max=65535)] = PORT,
    tls_self_signed: Annotated[
        bool, typer.Option("--tls-self-signed", help="Make a certificate for this computer, and use it.")
    ] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="A certificate (PEM), with its chain.", metavar="FILE")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The key of that certificate (PEM).", metavar="FILE")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Without TLS, though other computers reach it: passwords travel open.")
    ] = False,
    public_url: Annotated[
        str | None,
        typer.Option(help="Behind a reverse proxy: the address that browsers use, https://NAME.", metavar="URL"),
    ] = None,
    camera: Annotated[
        list[str] | None,
        typer.Option(help="Watch this camera while the service runs; may be repeated.", metavar="NAME=ADDRESS"),
    ] = None,
    set_: options.Set = None,
    home: options.Home = None,
) -> None:
    """Serve pages, kiosk, cameras and API until interrupted; prints its address, at first that of the setup."""
    _need_libraries()
    from attendance.web import addresses, server, tls
    from attendance.web.alone import alone
    from attendance.web.site import Site

    cameras, flags = _cameras(camera), options.flags(set_)
    pair = _pair(tls_cert, tls_key, own=tls_self_signed)
    addresses.refuse_open(host, secured=insecure or tls_self_signed or pair is not None)
    public = None if public_url is None else addresses.public_of(public_url)
    always: dict[str, object] = {}
    with (
        addresses.bound(host, port) as bound,
        watching(home, flags, preload=True, tell=_log(home, flags, always)) as linked,
        alone(linked.app.home),
    ):
        opened = linked.app
        names = addresses.names_of_this_computer()
        pair = tls.own(opened.home, names) if tls_self_signed else pair
        reached = addresses.reached(host, bound.getsockname()[1], secure=pair is not None)
        site = Site(opened, public or reached, hosts=(*names, host), link=linked.link, proxied=public is not None)
        opened.cameras.served_at(bound.getsockname()[1], site.public)
        always["worker"] = opened.worker_id
        _begin(opened, cameras)
        if tls_self_signed and pair is not None:
            _tell(
                opened.settings, f"browsers ask once about the certificate; its SHA-256 is {tls.fingerprint(pair[0])}"
            )
        code = server.serve(
            site,
            bound,
            pair,
            proxied=public is not None,
            ready=lambda: _announce(opened, site.public),
            deadline=server.Deadline(),
        )
    if code:
        raise typer.Exit(code)


def _need_libraries() -> None:
    """Raise WebMissing unless all libraries of the service are there."""
    from importlib.util import find_spec

    from attendance.service_errors import WebMissing

    for each in NEEDED:
        if find_spec(each) is None:
            raise WebMissing(each, "this library is not installed")


def _pair(cert: Path | None, key: Path | None, *, own: bool) -> Pair | None:
    from attendance.service_errors import ServeCertificate
    from attendance.web import tls

    if own and (cert or key):
        raise ServeCertificate("--tls-self-signed", "a certificate is given, too")
    return tls.given(cert, key)


def _cameras(given: Sequence[str] | None) -> list[tuple[str, str]]:
    """The pairs of name and address."""
    found = []
    for each in given or ():
        name, equals, address = each.partition("=")
        if not equals or not name.strip() or not address.strip():
            raise typer.BadParameter("give it as NAME=ADDRESS", param_hint="--camera")
        found.append((name.strip(), address.strip()))
    return found


def _log(home: "str | None", flags: "Mapping[str, Value]", always: dict[str, object]) -> "Callable[[str], None]":
    """Begin the log before the home is opened; gives what says something in its form.

    Each line carries what is in ``always``, to which may be added later. Raises what the settings do.
    """
    from attendance.home import home_folder
    from attendance.services import logs
    from attendance.settings import load

    settings = load(home_folder(home), flags=flags).values
    always["site"] = settings.site
    logs.set_up(settings, debug="--debug" in sys.argv, always=always)
    return partial(_tell, settings)


def _begin(opened: "Attendance", cameras: Sequence[tuple[str, str]]) -> None:
    """What is done before the first answer; detector and encoder go on loading beside the answers."""
    LOG.info("service.begin")
    _ = opened.sign_ins.key
    for name, address in cameras:
        opened.cameras.want(opened.actor, name, address)
    threading.Thread(target=load, args=(opened,), name="attendance-warm", daemon=True).start()


def load(opened: "Attendance") -> None:
    """Wait for detector, encoder and models that compare; what cannot be loaded is told, the rest is served."""
    _load_judges(opened)
    for error in opened.similarity.refused:
        _tell(opened.settings, f"{error.line} Pages answer; nothing is compared by this folder.")


def _load_judges(opened: "Attendance") -> None:
    from attendance.services.renewing import begin_renewal

    try:
        _ = opened.pipeline
    except Refusal as error:
        _tell(opened.settings, f"{error.line} Pages answer; photos and cameras are not judged until then.")
        return
    if opened.offline is None and opened.renewal.is_needed():  # as a check would, but beside the answers
        job = begin_renewal(opened.actor, opened.renewal, opened.jobs)
        told = f"whoever was enrolled with another gets new templates from kept faces (job {job.id})"
        _tell(opened.settings, f"the encoder is new: {told}")


def _tell(settings: "Settings", text: str) -> None:
    """Say it to whoever looks on, in the form that the log has."""
    if settings.log_format == "json":
        LOG.warning(text)
    else:
        say(text)


def _announce(opened: "Attendance", public: str) -> None:
    """Print the one address that whoever started it opens next."""
    secret = None if opened.offline is not None else opened.tokens.begin_setup(opened.actor)
    if secret is None:
        line(public)
        return
    _tell(opened.settings, "open this address to make the first account; it holds for 30 minutes, and once:")
    line(f"{public}/setup?token={secret}")

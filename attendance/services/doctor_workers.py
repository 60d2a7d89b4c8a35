"""What doctor finds of the services that share a database: who watches what, who is silent, whose settings differ."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.records import instant
from attendance.services.doctor_finding import Finding
from attendance.services.leases import server_now
from attendance.services.settingaside import RETRY
from attendance.services.workers import ShownWorker, decisive, shown, watched_by
from gallery.repositories import workers
from refusal import counted

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.ports import Database


def worker_findings(store: "Database", settings: "Settings", clock: "Clock") -> Iterator[Finding]:
    """One finding a service that has not ended, compared with this home's settings, and one of what is aside there."""
    with store.reading() as transaction:
        now = server_now(store, transaction, clock)
        found, held = workers.all_workers(transaction), watched_by(transaction, now)
    for each in shown(found, held, now, own=None, like=decisive(settings)):
        yield _finding(each)
        if each.aside:
            yield _aside(each)


def _aside(each: ShownWorker) -> Finding:
    """What a site's computer could not deliver, told to whoever looks from another one."""
    what = f"{_name(each)}: {counted(each.aside, 'record is', 'records are')} set aside there, and nothing is lost"
    return Finding("services", what, "arrival.aside", f"{RETRY}, on that computer", 1)


def _name(each: ShownWorker) -> str:
    worker = each.worker
    site = "" if worker.site is None else f", site {worker.site}"
    return f"{worker.host}{site}, version {worker.version}"


def _finding(each: ShownWorker) -> Finding:
    worker, name = each.worker, _name(each)
    if each.silent:
        detail = f"{name} was last heard of at {instant(worker.seen)}"
        return Finding("services", detail, "worker.silent", "start 'attendance serve' there, or stop it in order", 1)
    if each.differs:
        detail = f"{name}: {'; '.join(each.differs)}"
        return Finding("services", detail, "worker.differs", "attendance config set NAME VALUE", 1)
    watches = f" and watches {', '.join(each.watches)}" if each.watches else ""
    return Finding("services", f"{name}, works with this database{watches}")

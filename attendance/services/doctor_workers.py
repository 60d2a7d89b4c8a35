"""What doctor finds of the services that share a database: who watches what, who is silent, whose settings differ."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.records import instant
from attendance.services.doctor_finding import Finding
from attendance.services.leases import server_now
from attendance.services.workers import ShownWorker, decisive, shown, watched_by
from gallery.repositories import workers

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.ports import Database


def worker_findings(store: "Database", settings: "Settings", clock: "Clock") -> Iterator[Finding]:
    """One finding a service that has not ended, compared with the settings of this home."""
    with store.reading() as transaction:
        now = server_now(store, transaction, clock)
        found, held = workers.all_workers(transaction), watched_by(transaction, now)
    for each in shown(found, held, now, own=None, like=decisive(settings)):
        yield _finding(each)


def _finding(each: ShownWorker) -> Finding:
    worker = each.worker
    site = "" if worker.site is None else f", site {worker.site}"
    name = f"{worker.host}{site}, version {worker.version}"
    if each.silent:
        detail = f"{name} was last heard of at {instant(worker.seen)}"
        return Finding("services", detail, "worker.silent", "start 'attendance serve' there, or stop it in order", 1)
    if each.differs:
        detail = f"{name}: {'; '.join(each.differs)}"
        return Finding("services", detail, "worker.differs", "attendance config set NAME VALUE", 1)
    watches = f" and watches {', '.join(each.watches)}" if each.watches else ""
    return Finding("services", f"{name}, works with this database{watches}")

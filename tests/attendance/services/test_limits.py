"""How often a secret may be tried in vain."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from servers import contents

from attendance import Attendance
from attendance.service_errors import LimitReached
from attendance.services.limits import ACCOUNT, PIN, Limit
from gallery.repositories import attempts

QUICK = Limit(free=3, first_s=10, most_s=40, forgiven_s=1000)


def tried(limits, what: str, limit: Limit) -> float:
    """The pause that a further try has to wait for, 0 where there is none; counts it then."""
    try:
        limits.take(what, limit)
    except LimitReached as error:
        return error.retry_after_s
    return 0.0


def test_pauses_double_up_to_the_longest(app, clock):
    """The first tries are free, each later one has to wait longer."""
    waits = []
    for _ in range(7):
        waits.append(tried(app.limits, "pin:1", QUICK))
        if waits[-1]:
            clock.forward(seconds=waits[-1])
            assert 0.0 == tried(app.limits, "pin:1", QUICK)
    assert [0.0, 0.0, 0.0, 10.0, 20.0, 40.0, 40.0] == waits


def test_what_is_counted_apart_waits_apart(app):
    """Somebody else is not kept out."""
    for _ in range(4):
        tried(app.limits, "pin:1", QUICK)
    assert 0.0 < tried(app.limits, "pin:1", QUICK)
    assert 0.0 == tried(app.limits, "pin:2", QUICK)


def test_success_forgets(app):
    """All that was tried in vain before."""
    for _ in range(3):
        tried(app.limits, "pin:1", QUICK)
    app.limits.forget("pin:1")
    assert [0.0, 0.0, 0.0] == [tried(app.limits, "pin:1", QUICK) for _ in range(3)]


def test_what_is_long_ago_is_forgiven(app, clock):
    """Where the limit says so; a PIN's tries are never."""
    for _ in range(3):
        tried(app.limits, "a", QUICK)
    assert [1, 2, 3, 4, 5] == [app.limits.failed("pin:7", PIN) for _ in range(5)]
    clock.forward(days=30)
    assert [0.0, 0.0, 0.0] == [tried(app.limits, "a", QUICK) for _ in range(3)]
    assert 6 == app.limits.failed("pin:7", PIN)


def test_a_restart_forgives_nothing(app, home, clock, pipeline):
    """The count is in the database."""
    for _ in range(5):
        app.limits.failed("pin:7", PIN)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again, pytest.raises(LimitReached) as caught:
        again.limits.check("pin:7", PIN)
    assert 30.0 == caught.value.retry_after_s


def test_a_clock_that_is_set_back_locks_nobody_out(app, clock):
    """The pause is the longest that is waited for."""
    for _ in range(3):
        tried(app.limits, "a", QUICK)
    clock.forward(days=-3)
    assert 10.0 == tried(app.limits, "a", QUICK)


def test_tries_at_once_are_no_more_than_one_after_the_other(app):
    """Each is counted before it is looked at."""
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: tried(app.limits, "account:ada", ACCOUNT), range(40)))
    assert ACCOUNT.free == waits.count(0.0)


def test_the_table_holds_no_name(app, home):
    """What was tried is kept as a digest."""
    app.limits.failed("account:ada lovelace", ACCOUNT)
    app.store.close()
    assert b"lovelace" not in b"".join(contents(home).values())


def test_no_address_can_be_tried_on_the_table(app):
    """There are few addresses: what is counted is a digest under the home's own key, and not the plain one."""
    app.limits.failed("source:192.0.2.7", ACCOUNT)
    with app.store.reading() as transaction:
        plain = [sha256(each.encode()).hexdigest() for each in ("source:192.0.2.7", "192.0.2.7")]
        assert [None, None] == [attempts.of(transaction, each) for each in plain]
    with pytest.raises(LimitReached):
        app.limits.check("source:192.0.2.7", Limit(free=1, first_s=10, most_s=10))

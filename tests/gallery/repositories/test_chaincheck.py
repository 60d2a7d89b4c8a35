"""Each attack on the log has its own verdict, with anchors or without; what the program writes has none."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import count_from, raw

from gallery import Database, Gallery, open_database
from gallery.chainvalues import Anchor
from gallery.repositories import chain, chaincheck, secrets
from gallery.repositories.events import record

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
ROW = "at, by, action, subject, details, prev, link"


def _write(store: Database, count: int, *, at: datetime = AT, by: str = "warden") -> None:
    """So many entries, a minute apart."""
    for number in range(count):
        with store.atomic() as step:
            record(
                step, at=at + timedelta(minutes=number), by=by, action="mark.add", subject=number, details={"n": number}
            )


def _key(store: Database) -> bytes | None:
    with store.reading() as view:
        return secrets.stored(view, Gallery(store, "p").sealer, chain.PURPOSE)


def _check(home: Path, *anchors: Anchor, key: bool = True, counted: bool = False):
    with open_database(home, at=AT) as store:
        found = _key(store) if key else None
        with store.reading() as view:
            highest = store.counters(view).get("event", 0) if counted else None
            return chaincheck.verify(view, found, anchors, highest=highest)


def _verdicts(home: Path, *anchors: Anchor) -> list[str]:
    return sorted({each.verdict for each in _check(home, *anchors).findings})


def _anchor(home: Path) -> Anchor:
    with open_database(home, at=AT) as store, store.reading() as view:
        head = chain.head(view)
    return Anchor("h", head.seq, head.link, head.first, head.at)


def _made(home: Path, count: int = 12) -> Path:
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, count)
    return home


@pytest.fixture(scope="module")
def whole(shared_homes) -> Path:
    """A home with a log of twelve entries."""
    return _made(shared_homes.new("log"))


@pytest.fixture
def home(whole, homes) -> Path:
    """A copy of it, to be attacked."""
    return homes.copy(whole, "home")


def _sql(home: Path, *statements: str, values: tuple = ()) -> None:
    with raw(home) as run:
        for each in statements:
            run(each, *values)


def _rows(home: Path) -> list[tuple]:
    with raw(home) as run:
        return run(f"SELECT seq, {ROW} FROM event ORDER BY seq")  # noqa: S608


def _put(home: Path, rows: list[tuple]) -> None:
    """The whole log as these rows (without number), numbered from 1."""
    with raw(home) as run:
        run("DELETE FROM event")
        for number, row in enumerate(rows, 1):
            run(f"INSERT INTO event (seq, {ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", number, *row)  # noqa: S608


def _relinked(home: Path, key: bytes | None, *, since: int = 1) -> None:
    """All entries from a number on linked anew, by the program's own algorithm under this key."""
    with open_database(home, at=AT) as store, store.reading() as view:
        entries = list(chain.stored(view))
    rows, last = _rows(home), chain.START if since == 1 else _rows(home)[since - 2][-1]
    made = [row[1:] for row in rows[: since - 1]]
    for row, entry in zip(rows[since - 1 :], entries[since - 1 :], strict=True):
        told = (entry.at, row[2], row[3], row[4], entry.details, last)
        last = chain.link_of(chain.canonical(*told), key)
        made.append((*row[1:6], told[-1], last))
    _put(home, made)


# --- what the program writes -------------------------------------------------------------------------------------


def test_a_log_as_it_was_written_is_sound(home):
    """Nothing is found of what the program wrote; each entry is proved by the key."""
    found = _check(home, _anchor(home), counted=True)

    assert (True, 12, 12, 1, ()) == (found.sound, found.entries, found.proved, found.compared, found.anew)


def test_an_empty_log_is_sound(homes):
    """Where nothing was done yet, nothing is wrong."""
    empty = homes.new("empty")
    open_database(empty, at=AT).close()

    assert _check(empty, counted=True).sound


def test_an_undone_step_leaves_no_gap(home):
    """A step that failed leaves neither an entry nor a number."""
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        with suppress(KeyError), store.atomic() as step:
            record(step, at=AT, by="t", action="mark.add", subject=1)
            raise KeyError
        _write(store, 1)

    assert _check(home, counted=True).sound


def test_many_write_at_once(home):
    """However many programs write at once, each entry is linked to the one before it, and none twice."""

    def write(number: int) -> None:
        with open_database(home, at=AT) as store:
            Gallery(store, "p")
            _write(store, 8, by=f"w{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found = _check(home, counted=True)

    assert ((), 12 + 32) == (found.findings, found.proved)


def test_a_new_key_of_the_home_changes_nothing(home):
    """After the home's key was rotated, the links of before and after are proved as they were."""
    with open_database(home, at=AT) as store:
        Gallery(store, "p").vault.rotate(at=AT, by="t")
        _write(store, 1)
    found = _check(home, _anchor(home), counted=True)

    assert ((), (), 14) == (found.findings, found.anew, found.proved)


def test_instants_do_not_tell_the_order(home):
    """A clock that was set back is no attack: entries follow by number."""
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, 2, at=AT - timedelta(days=400))

    assert _check(home).sound


# --- attacks that links tell -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "by = 'nobody'",
        "at = '2026-09-01 08:07:00.000000'",
        "at = 'yesterday'",
        "action = 'mark.void'",
        "subject = '99'",
        """details = '{"n": 99}'""",
        "details = 'no JSON'",
        "prev = 'k:00'",
        "link = 'k:00'",
        "link = NULL",
        "by = 'nobody', link = 'k:00'",
    ],
)
@pytest.mark.parametrize("seq", [1, 5])
def test_an_edited_entry(home, change, seq):
    """Whatever of an entry was changed, it is the one that is told, and nothing else is."""
    _sql(home, f"UPDATE event SET {change} WHERE seq = {seq}")  # noqa: S608

    assert [("edited", seq, seq)] == [(each.verdict, each.first, each.last) for each in _check(home).findings]


@pytest.mark.sqlite_only("a column of a server holds values of its own kind alone")
def test_an_entry_of_another_kind(home):
    """Bytes where text should be are an edited entry, too."""
    _sql(home, "UPDATE event SET details = x'00ff' WHERE seq = 5")

    assert [("edited", 5, 5)] == [(each.verdict, each.first, each.last) for each in _check(home).findings]


def test_an_entry_edited_and_linked_without_the_key(home):
    """Who edits an entry and links it by the plain algorithm has edited it: the next one vouches for another."""
    rows = _rows(home)
    told = (AT + timedelta(minutes=4), "nobody", "mark.add", "4", {"n": 4}, rows[3][-1])
    link = chain.link_of(chain.canonical(*told), None)
    _sql(home, f"UPDATE event SET by = 'nobody', link = '{link}' WHERE seq = 5")  # noqa: S608

    assert ["edited"] == _verdicts(home)


@pytest.mark.parametrize("seq", [1, 5, 11])
@pytest.mark.parametrize("renumbered", [False, True])
def test_a_deleted_entry(home, seq, renumbered):
    """An entry that is gone is told by the next one, whether the numbers were closed up or not."""
    anchor = _anchor(home)
    _sql(home, f"DELETE FROM event WHERE seq = {seq}")  # noqa: S608
    if renumbered:
        _put(home, [row[1:] for row in _rows(home)])

    assert ["deleted"] == _verdicts(home, anchor)


@pytest.mark.parametrize(("one", "other"), [(4, 5), (2, 9), (1, 12), (11, 12)])
def test_reordered_entries(home, one, other):
    """Two entries that have changed places are told to be out of order."""
    rows = [row[1:] for row in _rows(home)]
    rows[one - 1], rows[other - 1] = rows[other - 1], rows[one - 1]
    _put(home, rows)

    assert ["reordered"] == _verdicts(home)


@pytest.mark.parametrize("place", [0, 3, 4, 5, 12])
def test_a_copy_put_in(home, place):
    """A copy of an entry is told to be put in, wherever it was put."""
    rows = [row[1:] for row in _rows(home)]
    _put(home, [*rows[:place], rows[4], *rows[place:]])

    assert ["inserted"] == _verdicts(home)


@pytest.mark.parametrize("link", ["k:" + "0" * 64, "h:plain", None])
def test_a_forged_entry_put_in(home, link):
    """An entry that somebody made up is told to be put in: the next one does not know it."""
    rows = [row[1:] for row in _rows(home)]
    forged = ("2026-09-01 08:04:30.000000", "nobody", "mark.add", "77", '{"n": 77}', rows[4][-1])
    told = (datetime(2026, 9, 1, 8, 4, 30, tzinfo=UTC), "nobody", "mark.add", "77", {"n": 77}, rows[4][-1])
    made = chain.link_of(chain.canonical(*told), None) if link == "h:plain" else link
    _put(home, [*rows[:5], (*forged, made), *rows[5:]])

    assert [("inserted", 6, 6)] == [(each.verdict, each.first, each.last) for each in _check(home).findings]


def test_entries_without_links_before_all_others(home):
    """Entries put before the first, as if they were from before links, are told: none vouches for them."""
    rows = [row[1:] for row in _rows(home)]
    _put(home, [(*rows[0][:5], None, None), *rows])

    assert ["inserted"] == _verdicts(home)


def test_an_entry_without_a_link_at_the_end_does_not_begin_the_log_anew(home):
    """Whoever puts an unlinked entry behind the last cannot have the program vouch for what they edited before it."""
    row = "SELECT at, by, action, subject, details, NULL, NULL FROM event WHERE seq = 1"
    _sql(home, f"INSERT INTO event ({ROW}) {row}")
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, 2)

    found = _check(home)
    assert [("inserted", 13, 13)] == [(each.verdict, each.first, each.last) for each in found.findings]
    assert 14 == found.proved


def test_an_entry_without_the_key(home):
    """Entries that were linked without the home's key are told, as anybody could have made them."""
    with open_database(home, at=AT) as store:
        _write(store, 2)  # no vault has been made
        Gallery(store, "p")
        _write(store, 2)

    found = _check(home)
    assert [("unkeyed", 13, 14)] == [(each.verdict, each.first, each.last) for each in found.findings]


def test_a_log_whose_key_is_gone(home):
    """Where the key of the links is gone, nothing of it is proved, and that is told."""
    _sql(home, "DELETE FROM secret WHERE purpose = 'audit'")

    assert ["keyless"] == _verdicts(home)


def test_a_tail_cut_without_care(home):
    """Whoever deletes the last entries and forgets the counter of the database is found without an anchor."""
    _sql(home, "DELETE FROM event WHERE seq > 9")
    assert [("cut", 10, 12)] == [(f.verdict, f.first, f.last) for f in _check(home, counted=True).findings]
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, 2)

    assert ["cut-and-appended"] == _verdicts(home)


def test_all_written_anew_without_the_key(home):
    """A log written anew by somebody who knows the algorithm and has not the key is told without an anchor."""
    _sql(home, "UPDATE event SET by = 'nobody'")
    _relinked(home, None)

    assert ["rewritten"] == _verdicts(home)


def test_all_edited(home):
    """Where no entry is as it was, the log is told to be written anew."""
    _sql(home, "UPDATE event SET by = 'nobody'")

    assert ["rewritten"] == _verdicts(home)


# --- attacks that anchors tell -----------------------------------------------------------------------------------


def _cut(home: Path, after: int) -> None:
    _sql(home, f"DELETE FROM event WHERE seq > {after}")  # noqa: S608
    count_from(home, "event", "seq", after)


def _append(home: Path, count: int, *, at: datetime = AT) -> None:
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, count, at=at, by="nobody")


@pytest.mark.parametrize("after", [0, 1, 8, 11])
def test_a_cut_tail(home, after):
    """A tail cut with care is told by an anchor from before, and by nothing else."""
    anchor = _anchor(home)
    _cut(home, after)

    assert ([], ["cut"]) == (_verdicts(home), _verdicts(home, anchor))


@pytest.mark.parametrize("count", [1, 4, 9])
def test_cut_and_appended(home, count):
    """A tail cut with care, and other entries behind it under the key itself: told by the anchor of what was cut."""
    anchor = _anchor(home)
    _cut(home, 8)
    _append(home, count, at=AT + timedelta(days=1))

    assert ([], ["cut-and-appended"]) == (_verdicts(home), _verdicts(home, anchor))


def test_all_written_anew_with_the_key(home):
    """A log written anew under the key itself is told by an anchor alone, and told apart from one cut and continued."""
    with open_database(home, at=AT) as store:
        key = _key(store)
    anchor = _anchor(home)
    _sql(home, "UPDATE event SET by = 'nobody'")
    _relinked(home, key)

    assert ([], ["rewritten"]) == (_verdicts(home), _verdicts(home, anchor))


def test_some_written_anew_with_the_key(home):
    """Written anew from an entry on is the same as cut and continued, and is called so."""
    with open_database(home, at=AT) as store:
        key = _key(store)
    anchor = _anchor(home)
    _sql(home, "UPDATE event SET by = 'nobody' WHERE seq > 6")
    _relinked(home, key, since=7)

    assert ([], ["cut-and-appended"]) == (_verdicts(home), _verdicts(home, anchor))


def test_all_links_taken_away(home):
    """A log made to look as if there had never been links is told by an anchor alone."""
    anchor = _anchor(home)
    _sql(home, "UPDATE event SET by = 'nobody', prev = NULL, link = NULL", "DELETE FROM secret")
    assert ["rewritten"] == _verdicts(home, anchor)
    _append(home, 2)

    assert ([], ["rewritten"]) == (_verdicts(home), _verdicts(home, anchor))


def test_several_anchors_tell_where(home):
    """Of several anchors the last that fits tells until where the log is as it was."""
    early = _anchor(home)
    _append(home, 4, at=AT + timedelta(hours=1))
    late = _anchor(home)
    _cut(home, 13)
    _append(home, 6, at=AT + timedelta(hours=2))

    found = _check(home, late, early).findings
    assert [("cut-and-appended", 13, 19, 16)] == [(each.verdict, each.first, each.last, each.anchor) for each in found]


def test_an_anchor_blames_nothing_else(home, homes):
    """Where the links tell what was done, an anchor of an entry concerned adds no other verdict."""
    anchor = _anchor(home)
    early = replace(anchor, seq=5, link=_rows(home)[4][-1])
    for statement, verdict in (
        ("UPDATE event SET link = 'k:00' WHERE seq = 5", "edited"),
        ("DELETE FROM event WHERE seq = 5", "deleted"),
    ):
        copy = homes.copy(home, verdict)
        _sql(copy, statement)
        assert [verdict] == _verdicts(copy, anchor, early)


# --- what is let go by rule, and begun anew ----------------------------------------------------------------------


def _cut_by_rule(home: Path, before: datetime) -> int:
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        with store.atomic() as step:
            return chain.cut(step, before, at=AT + timedelta(days=90), by="purge")


def test_what_is_let_go_by_rule_is_no_attack(home):
    """Entries let go by rule are not missed, again and again; anchors of them are passed over."""
    early, late = replace(_anchor(home), seq=3, link=_rows(home)[2][-1]), _anchor(home)

    assert 5 == _cut_by_rule(home, AT + timedelta(minutes=5))
    found = _check(home, early, late, counted=True)
    assert ((), 5, 1, 1) == (found.findings, found.purged, found.compared, found.passed)
    assert [6, 7, 8, 9, 10, 11, 12, 13] == [row[0] for row in _rows(home)]
    assert 5 == _cut_by_rule(home, AT + timedelta(minutes=10))
    assert _check(home, early, late, counted=True).sound
    assert 4 == _cut_by_rule(home, AT + timedelta(days=91))
    assert _check(home, early, late, counted=True).sound
    assert 0 == _cut_by_rule(home, AT)


def test_by_number_and_not_by_time(home):
    """An entry made under a clock set back goes only with all those before it; one set ahead holds those behind it."""
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        _write(store, 1, at=AT - timedelta(days=900))

    assert 0 == _cut_by_rule(home, AT)
    assert 13 == _cut_by_rule(home, AT + timedelta(days=1))


def test_deleted_behind_what_was_let_go(home, homes):
    """Whoever deletes the first entries that stayed is found, and so is who deletes what tells of the rule."""
    _cut_by_rule(home, AT + timedelta(minutes=5))
    other = homes.copy(home, "other")
    _sql(home, "DELETE FROM event WHERE seq = 6")
    _append(other, 1)
    _sql(other, "DELETE FROM event WHERE action = 'audit.purge'")

    assert (["deleted"], ["deleted"]) == (_verdicts(home), _verdicts(other))


def test_entries_brought_back_behind_the_rule(home):
    """An entry that was let go and is there again was put in."""
    gone = _rows(home)[2]
    _cut_by_rule(home, AT + timedelta(minutes=5))
    _sql(home, f"INSERT INTO event (seq, {ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values=gone)  # noqa: S608

    assert ["inserted"] == _verdicts(home)


def test_a_forged_rule_lets_nothing_go(home):
    """Who deletes the first entries and forges, without the key, what would tell of a rule is found."""
    rows = _rows(home)
    _sql(home, "DELETE FROM event WHERE seq <= 5")
    with open_database(home, at=AT) as store, store.atomic() as step:  # no vault: linked without the key
        details = {"before": AT.isoformat(), "through": 5, "entries": 5, "link": rows[4][-1], "first": rows[0][-1]}
        record(step, at=AT, by="purge", action=chain.PURGED, subject="gallery", details=details)

    assert ["deleted", "unkeyed"] == _verdicts(home)


def _earlier(home: Path) -> Path:
    """A log of eight entries of before links, and four after them."""
    _sql(home, "UPDATE event SET prev = NULL, link = NULL WHERE seq <= 8", "DELETE FROM event WHERE seq > 8")
    count_from(home, "event", "seq", 8)
    _append(home, 3)
    return home


def test_entries_of_before_links(home, homes):
    """What was written before there were links is held by one entry; changed, deleted or put in, it is told."""
    found = _check(_earlier(home), counted=True)
    assert ((), 8, 4, 0) == (found.findings, found.earlier, found.proved, found.unvouched)
    attacks = (
        "UPDATE event SET by = 'nobody' WHERE seq = 3",
        "DELETE FROM event WHERE seq = 8",
        "DELETE FROM event WHERE seq = 1",
        "UPDATE event SET seq = 0 WHERE seq = 2",
    )
    for number, statement in enumerate(attacks):
        copy = homes.copy(home, f"copy {number}")
        _sql(copy, statement)
        assert ["earlier"] == _verdicts(copy)


@pytest.mark.parametrize("minutes", [3, 8])
def test_entries_of_before_links_let_go(home, minutes):
    """Of what was written before links some may go by rule; what stays is held as it was."""
    _earlier(home)
    _cut_by_rule(home, AT + timedelta(minutes=minutes))
    assert ((), 8 - minutes) == (_check(home).findings, _check(home).earlier)
    _cut_by_rule(home, AT + timedelta(minutes=minutes))
    _append(home, 1)
    assert _check(home, counted=True).sound
    _sql(home, "UPDATE event SET by = 'nobody' WHERE seq = (SELECT min(seq) FROM event)")

    assert ["earlier" if minutes == 3 else "edited"] == _verdicts(home)


def test_a_log_of_before_links_alone(home):
    """Where nothing was written since, nothing vouches for the entries, and their number tells so."""
    _sql(home, "UPDATE event SET prev = NULL, link = NULL")
    found = _check(home)

    assert ((), 12, 0) == (found.findings, found.unvouched, found.proved)


def test_a_log_begun_anew(home):
    """Where the key of the log was lost and another made, the log is begun anew, which is told as what it is."""
    _sql(home, "DELETE FROM secret WHERE purpose = 'audit'")
    anchor = _anchor(home)
    with open_database(home, at=AT) as store:
        Gallery(store, "p")
        with store.atomic() as step:
            chain.begin_anew(step, at=AT, by="t")
        _write(store, 2)

    found = _check(home, anchor, counted=True)
    assert ((), (13,), 12, 3) == (found.findings, found.anew, found.earlier, found.proved)
    _sql(home, "UPDATE event SET by = 'nobody' WHERE seq = 4")
    assert ["earlier"] == _verdicts(home)


def test_a_copied_beginning_vouches_for_nothing(home):
    """A copy of the entry that vouches for those of before, put behind edited ones, does not vouch for them."""
    _earlier(home)
    _sql(home, "UPDATE event SET by = 'somebody' WHERE seq = 11")
    _sql(home, f"INSERT INTO event ({ROW}) SELECT {ROW} FROM event WHERE action = 'audit.begin'")  # noqa: S608

    assert ["edited", "inserted"] == _verdicts(home)


# --- whatever somebody does --------------------------------------------------------------------------------------

ATTACKS = ("edit", "delete", "swap", "copy", "forge")


def _attacked(rows: list[tuple], attack: str, one: int, other: int) -> list[tuple]:
    one, other = one % len(rows), other % len(rows)
    if attack == "edit":
        changed = (rows[one][0], "nobody", *rows[one][2:])
        return [*rows[:one], changed, *rows[one + 1 :]]
    if attack == "delete":
        return [*rows[:one], *rows[one + 1 :]]
    if attack == "swap":
        rows = list(rows)
        rows[one], rows[other] = rows[other], rows[one]
        return rows
    if attack == "copy":
        return [*rows[:other], rows[one], *rows[other:]]
    forged = (rows[one][0], "nobody", "mark.add", "7", "{}", rows[one - 1][-1] if one else "start", "k:" + "1" * 64)
    return [*rows[:one], forged, *rows[one:]]


@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    attacks=st.lists(
        st.tuples(st.sampled_from(ATTACKS), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=4
    )
)
def test_no_attack_without_the_key_is_passed_over(home, attacks):
    """Edited, deleted, swapped, copied, made up, in any order: a log that is not as it was is never called sound.

    But for a cut tail, which an anchor tells.
    """
    before = [row[1:] for row in _rows(home)]
    try:
        anchor = _anchor(home)
        after = before
        for attack, one, other in attacks:
            after = _attacked(after, attack, one, other) if after else after
        _put(home, after)

        assert (after == before[: len(after)]) == (not _verdicts(home))
        assert (after == before) == (not _verdicts(home, anchor))
    finally:
        _put(home, before)


def test_a_single_attack_in_a_random_log_has_its_verdict(homes):
    """On logs of any length, which the seed of pytest-randomly tells, each single attack is called by its name."""
    draw = random.Random(random.getrandbits(32))  # noqa: S311
    names = {"edit": "edited", "delete": "deleted", "swap": "reordered", "copy": "inserted", "forge": "inserted"}
    for number, attack in enumerate([*ATTACKS] * 2):
        home = _made(homes.new(str(number)), draw.randint(4, 30))
        rows = [row[1:] for row in _rows(home)]
        one, other = draw.sample(range(len(rows) - 1), 2)
        _put(home, _attacked(rows, attack, one, other))

        assert [names[attack]] == _verdicts(home), (attack, one, other, len(rows))


def test_only_so_many_findings_are_kept(homes):
    """Of a log that is wrong throughout, the first findings are told and the rest is counted."""
    home = _made(homes.new("long"), 260)
    _sql(home, "UPDATE event SET by = 'nobody' WHERE seq % 2 = 0")
    found = _check(home)

    assert (100, 30, {"edited"}) == (len(found.findings), found.more, {each.verdict for each in found.findings})

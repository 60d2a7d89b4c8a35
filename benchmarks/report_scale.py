"""What reports of a year cost: 400 people, 200 school days, six lessons a day, 480,000 statuses.

    python benchmarks/report_scale.py [--people 400] [--days 200] [--lessons 6] [--folder /tmp]

The home is filled straight through its tables: a class of 25 has its lessons as rules, everybody has a mark in nine of
ten of them, some late, and a camera looked all day. Each report runs in a process of its own through the command line,
and its time and peak memory (Linux) are those of the whole process. Beside it, in the same run: what the interpreter
and the home's opening take alone (start-up), and a plain SQL scan of the same marks in order of person and time, read
into Python as they are. The ratio is to that scan.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert, text

from gallery import Store
from gallery.schema import (
    CoverageRow,
    EventRow,
    Group,
    MarkRow,
    Membership,
    Person,
    RuleRow,
    RuleVersionRow,
    SessionRow,
)

FIRST = date(2025, 9, 1)
CLASS, BY = 25, "benchmark"
MADE = datetime(2025, 8, 1, tzinfo=UTC)
BATCH = 20_000


def school_days(count: int) -> list[date]:
    """Mondays to Fridays from the first day of term on."""
    days, day = [], FIRST
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def spec(lesson: int) -> dict:
    """A lesson of 45 minutes, from eight o'clock on, with ten minutes between two; days in UTC."""
    begins = datetime(2025, 9, 1, 8, tzinfo=UTC) + timedelta(minutes=55 * lesson)
    return {
        "begins": f"{begins:%H:%M}",
        "ends": f"{begins + timedelta(minutes=45):%H:%M}",
        "zone": "UTC",
        "first": FIRST.isoformat(),
        "recurs": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "left_out": [],
        "added": [],
        "moved": [],
        "opens_before": 10,
        "closes_after": 5,
        "late_grace": 5,
        "early_grace": 5,
        "half_day": 0,
        "absent_below": 0,
        "pairing": "once",
        "breaks": [],
        "auto_close": None,
        "follows_calendar": True,
        "site": None,
    }


def build(home: Path, people: int, days: list[date], lessons: int) -> int:
    """Fill a new home; returns how many marks it has."""
    chance = Random(1)  # noqa: S311 - made-up marks
    groups = -(-people // CLASS)
    home.mkdir(parents=True)
    (home / "config.toml").write_text('time_zone = "UTC"\n', encoding="utf-8")
    with Store.open(home) as store, store.atomic() as session:

        def fill(table: type, rows: list[dict]) -> None:
            for at in range(0, len(rows), BATCH):
                session.execute(insert(table), rows[at : at + BATCH])

        fill(Group, [{"id": n, "name": f"class {n:02}"} for n in range(1, groups + 1)])
        numbers = range(1, people + 1)
        fill(
            Person,
            [
                {"id": n, "external_id": f"P-{n:04}", "name": f"Person {n}", "created": MADE, "note": ""}
                for n in numbers
            ],
        )
        fill(Membership, [{"person_id": n, "group_id": (n - 1) // CLASS + 1} for n in numbers])
        enrolled = {"at": MADE, "by": BY, "action": "person.enroll", "details": {}}
        fill(EventRow, [{"subject": str(n), **enrolled} for n in numbers])
        keys = [(group, lesson) for group in range(1, groups + 1) for lesson in range(lessons)]
        fill(
            RuleRow,
            [
                {"id": n, "name": f"class {g:02}, lesson {each + 1}", "group_id": g, "created": MADE}
                for n, (g, each) in enumerate(keys, 1)
            ],
        )
        said = {"from_day": FIRST.isoformat(), "entered": MADE, "by": BY, "reason": ""}
        fill(RuleVersionRow, [{"rule_id": n, "spec": spec(each), **said} for n, (_, each) in enumerate(keys, 1)])
        midnights = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
        fill(
            SessionRow,
            [
                {"id": n, "name": day.isoformat(), "kind": "day", "day": day.isoformat(), "opens": at, "zone": "UTC"}
                for n, (day, at) in enumerate(zip(days, midnights, strict=True), 1)
            ],
        )
        looked = {"kind": "camera", "source": "door", "entered": MADE, "by": BY, "reason": ""}
        fill(
            CoverageRow,
            [{"begins": at + timedelta(hours=7), "ends": at + timedelta(hours=17), **looked} for at in midnights],
        )
        rows, total = [], 0
        for number, at in enumerate(midnights, 1):
            for person in numbers:
                for lesson in range(lessons):
                    if chance.random() < 0.9:
                        seen = at + timedelta(hours=8, minutes=55 * lesson + chance.randrange(-4, 9))
                        rows.append(
                            {
                                "id": f"{total:032x}",
                                "person_id": person,
                                "session_id": number,
                                "ordinal": lesson + 1,
                                "at": seen,
                                "time_known": True,
                                "entered": seen,
                                "by": BY,
                                "method": "face",
                                "details": {},
                            }
                        )
                        total += 1
            if len(rows) > BATCH:
                fill(MarkRow, rows)
                rows = []
        fill(MarkRow, rows)
        store.bump(session)
    return total


def command(home: Path, *arguments: str) -> tuple[float, float]:
    """Seconds and peak MB of a command in a process of its own."""
    script = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from attendance.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "sys.stderr.write(f'\\npeak {peak}')\n"
        "sys.exit(code)"
    )
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments, "--home", str(home)], capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stderr)
    return took, int(done.stderr.rsplit("peak ", 1)[1]) / 1024


def scan(home: Path) -> float:
    """Seconds to read the same marks in order of person and time by plain SQL."""
    with Store.open(home, read_only=True) as store, store.reading() as session:
        begin = time.perf_counter()
        query = "SELECT id, person_id, at, time_known, direction, method, session_id FROM mark ORDER BY person_id, at"
        session.execute(text(query)).all()
        return time.perf_counter() - begin


def main() -> None:
    """Build the home, run each report, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--lessons", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    days = school_days(options.days)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        home, made = Path(folder) / "home", Path(folder)
        marks = build(home, options.people, days, options.lessons)
        statuses = options.people * options.days * options.lessons
        print(f"{options.people} people, {options.days} days, {options.lessons} lessons a day")
        print(f"{statuses:,} statuses of {marks:,} marks")
        floor = scan(home)
        start, _ = min(command(home, "gallery", "list", "--json") for _ in range(3))
        year = ("--from", days[0].isoformat(), "--to", days[-1].isoformat())
        day = ("--from", days[99 % len(days)].isoformat(), "--to", days[99 % len(days)].isoformat())
        runs = {
            "a day, CSV": ("report", *day, "-o", str(made / "day.csv")),
            "the year, totals as JSON": (
                "report",
                *year,
                "--totals",
                "--format",
                "json",
                "-o",
                str(made / "totals.json"),
            ),
            "the year, CSV": ("report", *year, "-o", str(made / "year.csv")),
            "the year, XLSX": ("report", *year, "-o", str(made / "year.xlsx")),
        }
        print(f"start-up {start:.2f} s, plain SQL scan of the marks {floor:.2f} s")
        print("| report | seconds | over start-up | ratio to the scan | peak MB |")
        print("|---|---|---|---|---|")
        for name, arguments in runs.items():
            repeat = 3 if arguments[2] == arguments[4] else 1  # a day is quick, and noise would be most of it
            took, peak = min(command(home, *arguments, "--overwrite") for _ in range(repeat))
            print(f"| {name} | {took:.1f} | {took - start:.2f} | {took / floor:.1f} | {peak:.0f} |")


if __name__ == "__main__":
    main()

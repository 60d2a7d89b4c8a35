"""Statuses once more, second by second: slow and plain, to compare with. Instants are whole seconds of `BASE`."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from timetable_made import DAY, at

from attendance.timetable.attended import Attended, Status
from attendance.timetable.facts import Span
from attendance.timetable.rule import Pairing
from attendance.timetable.status import REASONS

BASE = at("22:00", DAY)
ORDER = list(REASONS)


def second(instant):
    return int((instant - BASE).total_seconds())


def instant(number):
    return BASE + timedelta(seconds=number)


def seconds(begins, ends):
    return set(range(second(begins), second(ends)))


def naive(person, occurrences, marks, excuses, covers, now):
    away = set().union(*(seconds(each.begins, each.ends) for each in person.away))
    line = sorted(occurrences, key=lambda each: (each.begins, each.ends, each.entry.key))
    days = [Day(person, each, away, excuses) for each in line]
    days = [each for each in days if each.belongs]
    share(days, marks)
    for each in days:
        each.pair()
    carry(days)
    return [each.row(covers, second(now)) for each in days]


class Day:
    def __init__(self, person, occurrence, away, excuses):
        self.person, self.occurrence, self.rule = person, occurrence, occurrence.rule
        self.begins, self.ends = second(occurrence.begins), second(occurrence.ends)
        self.opens, self.closes = second(occurrence.opens), second(occurrence.closes)
        self.all = set(range(self.begins, self.ends))
        self.breaks = set().union(*(seconds(each.begins, each.ends) for each in occurrence.breaks))
        around = [each for each in excuses if seconds(each.begins, each.ends) & self.all]
        counted = [each for each in around if not each.pending]
        excused = set().union(*(seconds(each.begins, each.ends) for each in counted))
        self.excuses = tuple(sorted(each.key for each in counted))
        gone = (away | excused) & self.all
        self.expected = self.all - gone - (self.breaks if gone else set())
        self.belongs = bool(self.all - away - (self.breaks if away & self.all else set()))
        self.shortened = bool(gone)
        self.reasons = set()
        if len(counted) < len(around):
            self.reasons.add("awaits_approval")
        if counted and self.expected:
            self.reasons.add("partly_excused")
        if away & self.all:
            self.reasons.add("partly_away")
        self.marks, self.untimed = [], []
        self.steps = []
        self.arrived = self.left = self.since = None
        self.spans = []

    # -- presence

    def pair(self, carried=None):
        self.arrived = self.left = None
        self.since, self.spans = carried, []
        self.reasons -= {"no_checkin", "no_checkout", "out_before_in"}
        self.steps = passings(self.marks)
        if not self.steps:
            return
        if self.rule.pairing is Pairing.PAIRS:
            self._by_turns(carried)
        else:
            self._from_first_to_last(carried)

    def _by_turns(self, carried):
        for place, (first, last, direction) in enumerate(self.steps):
            comes = direction == "in" or (direction is None and self.since is None)
            if comes:
                if self.since is not None:
                    self.reasons.add("no_checkout")
                self.since, self.left = first, None
                if self.arrived is None and carried is None:
                    self.arrived = first
                continue
            self.left = last
            if self.since is not None:
                self.spans += [(self.since, last)] if last > self.since else []
                self.since = None
            elif self.arrived is None and carried is None and any(step[2] != "out" for step in self.steps[place:]):
                self.reasons.add("out_before_in")
            else:
                self.reasons.add("no_checkin")

    def _from_first_to_last(self, carried):
        last = self.steps[-1]
        if carried is None:
            arrivals = [step for step in self.steps if step[2] != "out"]
            if not arrivals:
                self.left, self.since = last[1], None
                self.reasons.add("no_checkin")
                return
            self.arrived = self.since = arrivals[0][0]
            if self.steps[0][2] == "out":
                self.reasons.add("out_before_in")
            if last is arrivals[0] or last[1] == self.arrived:
                return
        if last[2] == "out" or (last[2] is None and self.rule.pairing is not Pairing.ONCE):
            self.left = last[1]
            self.spans = [(self.since, self.left)] if self.left > self.since else []
            self.since = None

    def starts_with_departure(self):
        if self.steps[0][2] is None:
            when = self.steps[0][0]
            return len(self.steps) == 1 and abs(self.ends - when) < abs(when - self.begins)
        return self.steps[0][2] == "out"

    # -- status

    def row(self, covers, now):
        if not self.steps and not self.untimed and "bridged" not in self.reasons:
            return self._nobody(covers, now)
        spans = list(self.spans)
        worked = set().union(*(range(*span) for span in spans)) & self.all - self.breaks
        complete = bool(spans) and self.since is None
        complete &= not self.reasons & {"no_checkin", "no_checkout", "out_before_in"}
        automatic = self._closes(now)
        if automatic:
            spans.append((self.since, self.ends))
        late_s, early_s = self._late(), self._early()
        statuses = [Status.PRESENT, Status.LATE, Status.LEFT_EARLY, Status.PARTIAL]
        status = statuses[(late_s > 0) + 2 * (early_s > 0)]
        if self.untimed:
            self.reasons.add("time_unknown")
        if not self.expected:
            self.reasons.add("excused_but_there")
        elif complete and now >= self.ends and "time_unknown" not in self.reasons:
            status = self._by_length(len(worked), status)
        if status is Status.ABSENT:
            late_s = early_s = 0
        by_day = {}
        for each in sorted(worked):
            day = instant(each).astimezone(ZoneInfo(self.rule.zone)).date()
            by_day[day] = by_day.get(day, 0) + 1
        return Attended(
            self.person.key,
            self.occurrence,
            status,
            self._told(),
            None if self.arrived is None else instant(self.arrived),
            None if self.left is None else instant(self.left),
            late_s,
            early_s,
            tuple(Span(instant(begins), instant(ends)) for begins, ends in spans),
            automatic,
            len(worked),
            tuple(by_day.items()),
            tuple(each.id for each in [*self.marks, *self.untimed]),
            self.excuses,
        )

    def _closes(self, now):
        """Whether the rule closes it; else what is to be said of a departure that is missing or may not be the last."""
        close = self.rule.auto_close
        if self.since is not None and close is not None and self.since < self.ends and now >= self.ends + 60 * close:
            self.reasons.add("auto_closed")
            return True
        if self.since is not None and self.rule.pairing is not Pairing.ONCE:
            self.reasons.add("no_checkout" if now > self.closes else "not_over")
        if self.since is None and self.left is not None and now < self.ends:
            self.reasons.add("not_over")
        return False

    def _late(self):
        late = self.arrived - min(self.expected) if self.expected and self.arrived is not None else 0
        return late if late > 60 * self.rule.late_grace else 0

    def _early(self):
        early = max(self.expected) + 1 - self.left if self.expected and self.left is not None else 0
        return early if early > 60 * self.rule.early_grace else 0

    def _by_length(self, worked, status):
        most = len(self.expected) - 60 * (self.rule.late_grace + self.rule.early_grace)
        limits = [60 * self.rule.absent_below, 60 * self.rule.half_day]
        absent_below, half_day = [min(each, most) for each in limits] if self.shortened else limits
        if worked < absent_below:
            self.reasons.add("too_short")
            return Status.ABSENT
        if worked < half_day:
            self.reasons.add("half_day")
            return Status.PARTIAL
        return status

    def _nobody(self, covers, now):
        if not self.expected:
            status = Status.EXCUSED
        else:
            why = self._why_not(covers, now)
            status = Status.NO_LOG if why else Status.ABSENT
            if why or now < self.ends:
                self.reasons.add(why or "not_over")
        return Attended(self.person.key, self.occurrence, status, self._told(), excuses=self.excuses)

    def _told(self):
        return tuple(sorted(self.reasons, key=ORDER.index))

    # -- coverage

    def _why_not(self, covers, now):
        concerning = [each for each in covers if self._concerns(each)]
        seen = [each for each in concerning if self._can_be_seen(each)]
        first, last = min(self.expected), max(self.expected) + 1
        in_time = first + 60 * self.rule.late_grace
        until = in_time if self.rule.pairing is Pairing.ONCE else last
        if self._covered(seen, now, first, last, in_time, until):
            return None
        if now < max(until, last):
            return "not_over"
        if self._covered(concerning, now, first, last, in_time, until):
            return "unrecognisable"
        watched = set().union(*(seconds(each.begins, each.ends) for each in seen))
        if filled(watched) & set(range(first, last)):
            return "gap"
        zone = ZoneInfo(self.rule.zone)
        today = {each for each in watched if instant(each).astimezone(zone).date() == self.occurrence.day}
        return "gap" if today and min(today) < first and max(today) >= last else "not_looked"

    def _concerns(self, cover):
        if cover.group is not None and not self.person.belongs(cover.group, self.occurrence.day):
            return False
        return self.rule.site is None or cover.site is None or cover.site == self.rule.site

    def _can_be_seen(self, cover):
        if cover.kind in ("device", "hand"):
            return self.person.known is None or self.person.known <= (cover.searched or cover.begins)
        return self.person.recognisable is not None and self.person.recognisable <= (cover.searched or cover.begins)

    def _covered(self, covers, now, first, last, in_time, until):
        if now < in_time:
            return False
        pictures = {second(each.begins) for each in covers if each.kind == "file" and each.begins == each.ends}
        once = self.rule.pairing is Pairing.ONCE
        if once and any(each in self.expected and each <= now for each in pictures):
            return True
        watched = filled(set().union(*(seconds(each.begins, each.ends) for each in covers)))
        start = next((each for each in range(first, min(first + 300, last - 1, now) + 1) if each in watched), None)
        if start is None:
            return False
        while start in watched:
            start += 1
        return min(start, now) >= until


def filled(watched):
    """The seconds with those of gaps of up to five minutes."""
    found, before = set(watched), None
    for each in sorted(watched):
        if before is not None and each - before - 1 <= 300:
            found.update(range(before, each))
        before = each
    return found


def share(days, marks):
    for mark in sorted(marks, key=lambda each: (each.at, each.direction or "", each.id)):
        if not mark.time_known:
            those = [day for day in days if day.occurrence.day == mark.day]
            for day in those:
                if mark.pending:
                    day.reasons.add("awaits_approval")
                elif len(those) == 1 or mark.method == "manual":
                    day.untimed.append(mark)
                else:
                    day.reasons.add("time_unknown")
            continue
        owners = owners_of(days, mark)
        for day in owners:
            if mark.pending:
                day.reasons.add("awaits_approval")
                continue
            day.marks.append(mark)
            if len(owners) > 1:
                day.reasons.add("overlap")


def owners_of(days, mark):
    when = second(mark.at)
    held = [day for day in days if when in day.all]
    ended = [day for day in days if day.ends == when]
    if held and mark.direction == "out" and ended:
        return [day for day in days if (day.begins < when <= day.ends)]
    if held:
        return held
    around = [day for day in days if day.opens <= when <= day.closes]
    over, to_come = [day for day in around if day.ends <= when], [day for day in around if when < day.begins]
    if mark.direction == "out" and over:
        to_come = []
    if mark.direction == "in" and to_come:
        over = []
    nearest_over = min((when - day.ends for day in over), default=10**9)
    nearest_to_come = min((day.begins - when for day in to_come), default=10**9)
    if nearest_over <= nearest_to_come:
        return [day for day in over if when - day.ends == nearest_over]
    return [day for day in to_come if day.begins - when == nearest_to_come]


def passings(marks):
    """[first, last, direction] of each; marks of one direction, or of none, within a minute of the first are one."""
    found = []
    for mark in marks:
        when = second(mark.at)
        if found and when - found[-1][0] <= 60 and len({mark.direction, found[-1][2]} - {None}) < 2:
            found[-1][1] = when
            found[-1][2] = found[-1][2] or mark.direction
        else:
            found.append([when, when, mark.direction])
    return found


def carry(days):
    """Try every occurrence that begins with a departure: is there an open one before it, and nothing between?"""
    line = [day for day in days if day.rule.pairing is not Pairing.ONCE]
    for place, day in enumerate(line):
        if not day.steps or not day.starts_with_departure():
            continue
        start = next((each for each in range(place - 1, -1, -1) if line[each].steps), None)
        if start is None or line[start].since is None:
            continue
        chain = line[start : place + 1]
        touching = all(
            after.opens <= max(before.closes for before in chain[:number])
            for number, after in enumerate(chain)
            if number
        )
        if not touching or day.steps[0][1] - line[start].since > 36 * 3600:
            continue
        if chain[0].since < chain[0].ends:
            chain[0].spans.append((chain[0].since, chain[0].ends))
        chain[0].since = None
        for between in chain[1:-1]:
            between.spans = [(between.begins, between.ends)]
        day.pair(day.begins)
        for each in chain:
            each.reasons.add("bridged")

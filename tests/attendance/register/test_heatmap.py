"""Pictures of attendance: signs as well as colours, nothing overlaps, and the same as SVG and PNG."""

import io
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from itertools import combinations

import pytest
from PIL import Image
from status_world import ADA, BOB, MONDAY, held, many, report, row, rule, week

from attendance.errors import OutputFailed
from attendance.records import PersonRef
from attendance.register.heatmap import BLACK, COLOURS, GREY, MOST_PEOPLE, WHITE, Box, Text, drawn
from attendance.register.heatpicture import Letters, to_png
from attendance.register.reportfile import is_report
from attendance.register.svg import to_svg
from attendance.timetable.attended import Status


def measure(text: str, size: float) -> float:
    return 0.6 * size * len(text)


def signs(picture) -> list[str]:
    """What stands in cells: the signs in the middle, without weekdays and the legend."""
    cells = {(each.x, each.y): each for each in picture.shapes if isinstance(each, Box) and each.told}
    return [
        each.text
        for each in picture.shapes
        if isinstance(each, Text)
        and any(box.x < each.x < box.x + box.width and box.y < each.y < box.y + box.height for box in cells.values())
    ]


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_signs():
    """Each day of each person has the sign of its status."""
    assert ["L", "P", "E", "A", "?", "½"] == signs(drawn(week(), measure))


def test_colours_can_be_read():
    """Each sign stands out from its cell with a contrast of 4.5 and more, and no two statuses share a colour."""
    for fill, ink in COLOURS.values():
        light, dark = sorted((luminance(fill), luminance(ink)), reverse=True)
        assert 4.5 <= (light + 0.05) / (dark + 0.05)
    assert len(COLOURS) == len({fill for fill, _ in COLOURS.values()})


def test_several_times_of_a_day():
    """Of several times a day the least favourable is shown, with how many it is true of; alike ones without."""
    art = held(name="Art", of=rule())
    rows = [row(ADA, Status.PRESENT), row(ADA, Status.ABSENT, art), row(BOB, Status.LATE), row(BOB, Status.LATE, art)]
    picture = drawn(report(rows), measure)
    assert ["A1", "L"] == signs(picture)
    assert any("a number says" in each.text for each in picture.shapes if isinstance(each, Text))


def test_grey_days():
    """Weekends and closed days are grey, and why they are closed is told."""
    picture = drawn(week(), measure)
    grey = [each for each in picture.shapes if isinstance(each, Box) and each.fill == GREY]
    assert 2 * 3 + 1 == len(grey), "Thursday, Saturday and Sunday of two people, and the legend's"
    assert any("05 Mar Founders' day" in each.text for each in picture.shapes if isinstance(each, Text))


def test_many_people_by_group():
    """More people than one can read are shown by group, with the rate of each day."""
    assert "P" in signs(drawn(many(MOST_PEOPLE, 2), measure))
    picture = drawn(many(MOST_PEOPLE + 1, 2), measure)
    assert ["100", "100"] == signs(picture)
    assert "7b" in [each.text for each in picture.shapes if isinstance(each, Text)]


def test_rates_of_groups():
    """A rate is never rounded up; of whom nobody knows there is none."""
    people = [PersonRef(f"E-{number}", f"P {number}", number) for number in range(1, 202)]
    tuesday = held(MONDAY + timedelta(days=1))
    rows = [row(each, Status.ABSENT if each.key == 1 else Status.PRESENT) for each in people]
    rows += [row(each, Status.NO_LOG, tuesday) for each in people]
    assert ["99", "?"] == signs(drawn(report(rows, *people), measure))


@pytest.mark.parametrize(("people", "days"), [(3, 5), (20, 40), (5, 120), (100, 60)])
def test_nothing_overlaps(people, days):
    """No cell lies on another, and no text on another text or outside of the picture."""
    picture = drawn(many(people, days, name="Somebody with rather a long name, and a longer one"), measure)
    cells = [each for each in picture.shapes[1:] if isinstance(each, Box)]
    assert len(cells) == len({(each.x, each.y) for each in cells})
    boxes = []
    for each in (one for one in picture.shapes if isinstance(one, Text) and one.text):
        width = measure(each.text, each.size)
        left = each.x - {"start": 0, "middle": width / 2, "end": width}[each.anchor]
        assert -1 <= left
        assert left + width <= picture.width + 1
        assert each.y <= picture.height
        boxes.append((left, each.y - 0.7 * each.size, left + width, each.y))
    for one, other in combinations(sorted(boxes, key=lambda box: box[1])[:400], 2):
        apart = one[2] <= other[0] + 1 or other[2] <= one[0] + 1 or one[3] <= other[1] or other[3] <= one[1]
        assert apart


def test_long_spans():
    """A year goes on underneath; more than that is refused."""
    year = report([row(ADA, Status.PRESENT)], scope={"last": MONDAY + timedelta(days=364)})
    assert drawn(year, measure).height > drawn(week(), measure).height
    with pytest.raises(OutputFailed, match="53 weeks"):
        drawn(report([], scope={"last": date(2027, 6, 1)}), measure)


def test_nobody():
    """Without people there is a picture all the same: title and legend."""
    assert any("Attendance" in each.text for each in drawn(report([]), measure).shapes if isinstance(each, Text))


@pytest.mark.parametrize("name", ["Ada", "<script>&\"'", "محمد", "王小明", "a\x00b", "x" * 300])
def test_files(tmp_path, name):
    """Both files show what is drawn, whatever people are called, and are known again as reports."""
    who = PersonRef("E-1", name, 1)
    letters = Letters()
    picture = drawn(report([row(who, Status.PRESENT)], who), letters)
    svg, png = to_svg(picture), to_png(picture, letters)
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert picture.title == root[0].text
    assert 1 < len(root.findall("{http://www.w3.org/2000/svg}rect"))
    with Image.open(io.BytesIO(png)) as found:
        assert (round(2 * picture.width), round(2 * picture.height)) == found.size
        assert "attendance report" == found.info["Software"]
    assert (svg, png) == (to_svg(picture), to_png(picture, letters))
    for content in (svg.encode(), png):
        (tmp_path / "a").write_bytes(content)
        assert is_report(tmp_path / "a")


def test_letters_without_a_font():
    """In a PNG, letters that no font has are told to be missing, and are no boxes."""
    letters = Letters()
    assert "Ada" == letters.shown("Ada")
    assert "[?]" == letters.shown("\U000f0000\U000f0001 \U000f0002")


def test_on_dark_and_light():
    """The ground is drawn, so that the picture looks the same on any page."""
    first = drawn(week(), measure).shapes[0]
    assert (WHITE, BLACK) == (first.fill, COLOURS[Status.PRESENT][1])

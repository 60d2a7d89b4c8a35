"""What every engine keeps of text: no character NUL and no half of a character, so that a home may move."""

import pytest

from gallery import TextInvalid
from gallery.repositories import news
from gallery.repositories.foreign_ids import of_system
from gallery.repositories.news import New


@pytest.mark.parametrize("odd", ["a\0b", "\0", "\ud800"])
def test_what_no_server_keeps_is_refused_by_a_file_too(gallery, store, now, odd):
    """Written or looked for, in one row or among many: refused by one error, and nothing is written."""
    for text in ("plain", odd):
        told = [New(now, news.MARK_MADE, each) for each in ("first", text, "last")]
        if text == odd:
            with pytest.raises(TextInvalid), store.atomic() as step:
                news.add(step, told)
            with pytest.raises(TextInvalid), store.atomic() as step:
                news.add(step, told[1:2])
            with pytest.raises(TextInvalid), store.reading() as view:
                of_system(view, odd)
            with pytest.raises(TextInvalid):
                gallery.enroll(
                    "Ada", [1.0] + [0.0] * 31, 0.2, quality={}, source=odd, source_sha256="0" * 64, at=now, by="t"
                )
        else:
            with store.atomic() as step:
                news.add(step, told)

    with store.reading() as view:
        assert ["first", "plain", "last"] == [each.subject for each in news.after(view, 0)]
    assert [] == gallery.people()

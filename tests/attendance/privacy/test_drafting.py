"""The drafts: both languages say the same, every sentence of law has its source, and forms lose nothing."""

import io
import re
import string
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from pypdf import PdfReader

from attendance.privacy.blocks import Heading, Item, Paragraph, Table, blocks
from attendance.privacy.drafting import draft, retention
from attendance.privacy.facts import Accuracy, Answers, Facts, Language, LivenessMeasured, Part, Recipient
from attendance.privacy.law import HEADINGS, LAWS
from attendance.privacy.pages import to_html
from attendance.privacy.sentences import sentences
from attendance.register.draftpdf import to_pdf
from attendance.settings import Settings

NOW = datetime(2026, 3, 2, 7, 58, tzinfo=UTC)


def facts(settings: Settings | None = None, **more) -> Facts:
    """A school of 120, most of them with a face."""
    told = {
        "now": NOW,
        "zone": "Europe/Berlin",
        "version": "1",
        "people": 120,
        "with_face": 100,
        "waiting_faces": 0,
        "cameras": 1,
        "kiosks": 2,
        "accounts": {"admin": 2, "teacher": 9},
        "admins_with_totp": 1,
        "answers": {"face": Answers(90, 6), "photo": Answers(0, 0), "unknown": Answers(0, 0)},
        "holds": 0,
        "recipients": (),
        "key_by": "file",
        "accuracy": Accuracy("default-1", 393, 0.14, 3.26, 4.17),
        **more,
    }
    return Facts(settings=settings or Settings(), **told)


def gaps(text: str) -> list[str]:
    """The names of a text's gaps, sorted."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_both_languages_have_the_same_sentences_with_the_same_gaps():
    """No sentence is missing in a language, and none leaves out a number that the other tells."""
    english, german = sentences("en"), sentences("de")
    assert english.keys() == german.keys()
    assert {key: gaps(text) for key, text in english.items()} == {key: gaps(text) for key, text in german.items()}


@pytest.mark.parametrize("part", Part)
def test_both_languages_have_the_same_parts(part):
    """Each draft has the same headings, boxes, tables and gaps in both languages."""
    shape = {}
    for language in Language:
        text = (files("attendance.privacy") / "texts" / f"{part}.{language}.md").read_text(encoding="utf-8")
        shape[language] = [type(each) for each in blocks(text)], gaps(text)
    assert shape[Language.EN] == shape[Language.DE]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("part", Part)
def test_each_part_says_to_ask_a_lawyer(part, language):
    """Whichever draft is taken out by itself says that it is no legal advice."""
    text = draft(facts(), language, [part])
    assert re.search("your lawyer" if language is Language.EN else "Ihrer? Anwältin", text)


@pytest.mark.parametrize("law", LAWS, ids=lambda each: each.source)
def test_every_sentence_of_law_has_a_source_and_a_date(law):
    """With an article, a section or a number to look up, and in both languages."""
    assert law.place in HEADINGS
    assert date(1970, 1, 1) < law.dated <= date(2026, 11, 27)
    assert re.search(r"\d", law.source) or "Länder" in law.source
    assert law.en.endswith(".")
    assert law.de.endswith(".")
    for language, text in ((Language.EN, law.en), (Language.DE, law.de)):
        told = draft(facts(), language, [Part.LAW])
        assert f"{text} ({law.source}; " in told
        assert law.sure or re.search(rf"{re.escape(law.source)}; [^)]*(second source|zweite Quelle)\)", told)


@pytest.mark.parametrize("name", ["4(14)", "2019-001", "s. 26(3)", "Serco", "Chelmer", "14/15(a)", "26(7)", "50(3)",
                                  "BDSG § 26", "Länder", "Art. 30", "Art. 35", "Art. 13 and 14"])  # fmt: skip
def test_what_an_officer_looks_for_is_there(name):
    """The places that are asked for most are among the sentences."""
    assert any(name in law.source for law in LAWS)


def test_the_drafts_follow_the_settings():
    """Retention, consent, target, key, second factor, backups and anchor each change the text, in both languages."""
    base = Settings()
    others = [
        Settings(keep_marks_days=400),
        Settings(keep_sightings_days=14),
        Settings(keep_audit_days=800),
        Settings(keep_unknown_days=5),
        Settings(keep_review_days=7),
        Settings(keep_crops=False),
        Settings(site_kind="school"),
        Settings(require_consent=True),
        Settings(target_fpir=0.01),
        Settings(match_threshold=0.4),
        Settings(totp_for_admins=True),
        Settings(idle_minutes=20),
        Settings(backup_folder="/backup"),
        Settings(recovery_key="x"),
        Settings(anchor_to="syslog"),
        Settings(second_approval=True),
        Settings(liveness="off"),
        Settings(liveness="require"),
        Settings(site_name="Lessing School"),
    ]
    for language in Language:
        texts = [draft(facts(each), language) for each in (base, *others)]
        assert len(texts) == len(set(texts))
    assert "400 days at most" in draft(facts(Settings(keep_marks_days=400)), Language.EN)
    assert "höchstens 400 Tage" in draft(facts(Settings(keep_marks_days=400)), Language.DE)
    assert "explicit consent" in draft(facts(Settings(site_kind="school")), Language.EN)
    assert "of 1,000 faces of people who are not enrolled 10 may be" in draft(
        facts(Settings(target_fpir=0.01)), Language.EN
    )


@pytest.mark.parametrize("part", [Part.ASSESSMENT, Part.INSTRUCTIONS])
@pytest.mark.parametrize("language", Language)
def test_the_drafts_tell_what_is_done_about_photos(part, language):
    """By each setting something else, and wherever it is on that a film can pass, and that this is no proof."""
    told = {each: draft(facts(Settings(liveness=each)), language, [part]) for each in ("off", "review", "require")}
    assert 3 == len(set(told.values()))
    film = "A film on a screen" if language is Language.EN else "Ein Film auf einem Bildschirm"
    assert [False, True, True] == [film in each for each in told.values()]
    assert all(f"liveness = {name}" in told[name] for name in ("review", "require"))


def test_people_are_told_that_nobody_has_to_turn():
    """The notice says what is looked at and that the other ways count the same; where it is off it says nothing."""
    for language, words in ((Language.EN, "turn your head: you need not"), (Language.DE, "Das müssen Sie nicht")):
        assert words in draft(facts(), language, [Part.NOTICE])
        assert words not in draft(facts(Settings(liveness="off")), language, [Part.NOTICE])


def test_the_drafts_follow_the_counts():
    """Recipients, answers, holds, the key and what waits change the text."""
    base = draft(facts(), Language.EN)
    hook = Recipient("webhook", "HR", ("mark.made",), private=True)
    changed = [
        facts(recipients=(hook,)),
        facts(recipients=(Recipient("feed", "3"),)),
        facts(answers={**facts().answers, "face": Answers(80, 16)}),
        facts(holds=1),
        facts(key_by="passphrase"),
        facts(waiting_faces=4),
        facts(last_anchor=NOW),
    ]
    texts = [draft(each, Language.EN) for each in changed[:-1]]
    assert len({base, *texts}) == len(texts) + 1
    assert '| webhook "HR" | mark.made; may stand in your own network | revoked |' in texts[0]
    assert "4 active people have a face enrolled and have not answered" in base
    assert "last time: 2 March 2026" in draft(facts(Settings(anchor_to="syslog"), last_anchor=NOW), Language.EN)


def test_numbers_are_those_of_the_language():
    """A comma in German is a point in English, also for thousands."""
    told = facts(people=12345, accuracy=Accuracy("x", 1, 0.14, 3.26, None))
    assert "12,345 enrolled people" in draft(told, Language.EN)
    assert "12.345 erfasste Personen" in draft(told, Language.DE)
    assert "3,26 von 100 Fotos" in draft(told, Language.DE)
    assert "Encoders sagt nicht, wie sich Fehler" in draft(told, Language.DE)


def test_retention_in_words():
    """The page shows the same words as the drafts."""
    told = dict(retention(facts(Settings(keep_unknown_days=1)), Language.EN))
    assert "1 day at most" == told["Pictures of unknown faces"]


def test_what_somebody_typed_breaks_no_table():
    """A name with bars, braces and marks of HTML stays one cell, and one text."""
    named = Settings(site_name="A|B {today} <script>")
    text = draft(facts(named, recipients=(Recipient("api", "x|y\n|z", ("people:read",)),)), Language.EN)
    widths = [{len(each.head), *map(len, each.rows)} for each in blocks(text) if isinstance(each, Table)]
    assert widths
    assert all(len(each) == 1 for each in widths)
    assert "<script>" not in to_html(text, "en")
    assert "A/B {today} &lt;script&gt;" in to_html(text, "en")


def test_blocks():
    """Headings, paragraphs of several lines, items, boxes and tables are told apart."""
    text = "# Title\n\nOne\ntwo.\n\n* a\n  b\n- [ ] c\n\n| H | I |\n|---|---|\n| 1 | 2 |\n"
    assert [
        Heading(1, "Title"),
        Paragraph("One two."),
        Item("a b", box=False),
        Item("c", box=True),
        Table(("H", "I"), (("1", "2"),)),
    ] == list(blocks(text))


@pytest.mark.parametrize("language", Language)
def test_pages_say_what_the_text_says(language):
    """Each word of the drafts is on the printed pages, and each draft begins on a page of its own."""
    text = draft(facts(), language)
    data = to_pdf(text, language, site="Lessing", zone="UTC", now=NOW)
    pages = [" ".join(each.extract_text().split()) for each in PdfReader(io.BytesIO(data)).pages]
    printed = " ".join(pages)
    words = {
        word for each in blocks(text) if isinstance(each, Heading | Paragraph | Item) for word in each.text.split()
    }
    assert set() == {word for word in words if word not in printed}
    titles = [each.text for each in blocks(text) if isinstance(each, Heading) and each.level == 1]
    assert len(titles) == sum(any(title[:30] in page[:200] for title in titles) for page in pages)
    assert ("Seite 1 von" if language is Language.DE else "page 1 of") in pages[0]


def test_what_liveness_is_worth_stands_there_as_bounds():
    """Measured places are counted, and the worst is told by its bounds from above; else that nothing was measured."""
    measured = LivenessMeasured(3, 2, "print", 9.503, 25.887)
    text = draft(facts(liveness=measured), Language.EN, [Part.INSTRUCTIONS])
    assert "was measured at 2 of 3 cameras and kiosks" in text
    assert "up to 9.5 % of the pictures held up (print) may be taken for a living face with the setting review" in text
    assert "up to 25.9 % may not be" in text
    assert "bis zu 9,5 % der vorgehaltenen Bilder (print)" in draft(
        facts(liveness=measured), Language.DE, [Part.INSTRUCTIONS]
    )
    for told in (facts(), facts(Settings(liveness="off"), liveness=measured)):
        assert "was not measured (attendance liveness measure)" in draft(told, Language.EN, [Part.INSTRUCTIONS])
    assert "Of presentations" not in draft(facts(liveness=LivenessMeasured(1, 1)), Language.EN, [Part.INSTRUCTIONS])

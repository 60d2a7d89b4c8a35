"""Answers kept under Idempotency-Keys: sealed, once a key, forgotten after a while."""

from datetime import timedelta

import pytest

from gallery import Conflict, TemplateAltered
from gallery.repositories import answers, tokens
from gallery.servicetables import AnswerRow
from gallery.servicevalues import Answer

BODY = b'{"name": "Ada"}'


@pytest.fixture
def two(store, now) -> list[int]:
    """Two tokens of programs."""
    with store.atomic() as step:
        return [tokens.insert(step, "api", each, each, scopes=[], at=now, by="t").id for each in ("d1", "d2")]


@pytest.fixture
def keep(gallery, now):
    def put(step, token, key, body=BODY, at=now, person=None):
        answers.keep(step, gallery.sealer, token, key, request="r" * 64, status=201, body=body, person=person, at=at)

    return put


def test_an_answer_comes_back(store, gallery, two, keep):
    """The same token and key bring back request, status and body; another token or key brings nothing."""
    with store.atomic() as step:
        keep(step, two[0], "k")
        assert Answer("r" * 64, 201, BODY) == answers.found(step, gallery.sealer, two[0], "k")
        assert [None, None] == [answers.found(step, gallery.sealer, *each) for each in ((two[1], "k"), (two[0], "K"))]


def test_a_key_is_answered_once(store, gallery, two, keep):
    """A second answer under a token's key is refused and the first stays; another token's key is another."""
    with store.atomic() as step:
        keep(step, two[0], "k")
        with pytest.raises(Conflict, match="k"):
            keep(step, two[0], "k", b"other")
        keep(step, two[1], "k", b"other")
        assert (BODY, b"other") == tuple(answers.found(step, gallery.sealer, each, "k").body for each in two)


def test_an_answer_is_sealed_for_its_place(store, gallery, two, keep):
    """What lies in the database shows no name, and moved to another key it does not open."""
    with store.atomic() as step:
        keep(step, two[0], "k")
        row = step.get(AnswerRow, (two[0], "k"))
        assert b"Ada" not in row.body
        step.add(AnswerRow(token_id=two[1], key="k", request="r", status=200, body=row.body, at=row.at))
        step.flush()
        with pytest.raises(TemplateAltered):
            answers.found(step, gallery.sealer, two[1], "k")


def test_old_answers_are_forgotten(store, gallery, two, keep, now):
    """Those given before an instant go, and are counted; so do those of a person who is removed."""
    with store.atomic() as step:
        ada = gallery.add_person("Ada", at=now, by="t").id
        for hours, key in enumerate("abc"):
            keep(step, two[0], key, at=now + timedelta(hours=hours), person=ada if key == "c" else None)
        assert (1, 1) == (answers.count_of(step, ada), answers.purge(step, now + timedelta(hours=1)))
        assert [(two[0], "b"), (two[0], "c")] == answers.keys(step)
    gallery.remove(ada, at=now, by="t")
    with store.reading() as view:
        assert [(two[0], "b")] == answers.keys(view)

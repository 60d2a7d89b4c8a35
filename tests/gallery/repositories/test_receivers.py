"""Receivers of news: sealed addresses and secrets, what is changed and what stays."""

import pytest

from gallery import Conflict, TemplateAltered
from gallery.repositories import deliveries, news, receivers
from gallery.servicetables import ReceiverRow

URL = "https://office.example/hook?key=17"


@pytest.fixture
def put(gallery, now):
    def make(step, name, kind="webhook", kinds=("b", "a", "a"), secret=b"s" * 24):
        return receivers.insert(
            step, gallery.sealer, name, kind, address=URL, secret=secret, kinds=kinds, allow_private=False, at=now,
            by="t",
        )  # fmt: skip

    return make


def test_a_receiver_comes_back_as_it_was_made(store, gallery, put):
    """Name, kind and wanted news are told; address and secret are opened when asked for, and lie there sealed."""
    with store.atomic() as step:
        made = put(step, " office ")
        broker = put(step, "broker", "mqtt", secret=None)
        assert [broker, made] == receivers.all_receivers(step)
        assert [made, made] == [receivers.named(step, "office"), receivers.numbered(step, made.id)]
        assert (None, None) == (receivers.named(step, "x"), receivers.numbered(step, 9))
        assert (URL, b"s" * 24) == (
            receivers.address(step, gallery.sealer, made.id),
            receivers.secret(step, gallery.sealer, made.id),
        )
        assert receivers.secret(step, gallery.sealer, broker.id) is None
        row = step.get(ReceiverRow, made.id)
        assert b"office.example" not in row.address
        assert b"ssss" not in row.secret

    assert ("office", "webhook", ("a", "b"), False, True, "", "t") == (
        made.name, made.kind, made.kinds, made.allow_private, made.active, made.reason, made.by,
    )  # fmt: skip


def test_a_name_is_had_once(store, put):
    """A second receiver of a name is refused."""
    with store.atomic() as step:
        put(step, "office")
        with pytest.raises(Conflict, match="office"):
            put(step, "office", "mqtt")


def test_what_is_not_named_stays(store, gallery, put):
    """A change touches what it names and nothing else; an empty reason is another than none named."""
    with store.atomic() as step:
        made = put(step, "office")
        off = receivers.change(step, gallery.sealer, made.id, active=False, reason="410")
        assert (False, "410", made.kinds) == (off.active, off.reason, off.kinds)
        on = receivers.change(
            step, gallery.sealer, made.id, active=True, reason="", kinds=["c"], allow_private=True, address="https://y"
        )
        assert (True, "", ("c",), True) == (on.active, on.reason, on.kinds, on.allow_private)
        assert ("https://y", b"s" * 24) == (
            receivers.address(step, gallery.sealer, made.id),
            receivers.secret(step, gallery.sealer, made.id),
        )


def test_only_webhooks_in_use_are_written_to(store, gallery, put):
    """Who wants news delivered: webhooks that are in use, each with its kinds."""
    with store.atomic() as step:
        hook, _, off = put(step, "hook"), put(step, "broker", "mqtt"), put(step, "off")
        receivers.change(step, gallery.sealer, off.id, active=False)

        assert [(hook.id, frozenset({"a", "b"}))] == receivers.wanting(step)


def test_a_removed_receiver_takes_its_deliveries(store, put, now):
    """What was on its way to it goes, the news themselves stay."""
    with store.atomic() as step:
        hook = put(step, "hook", kinds=[news.MARK_MADE])
        news.add(step, [news.New(now, news.MARK_MADE, "m")])
        receivers.remove(step, hook.id)
        assert ([], {}, 1) == (receivers.all_receivers(step), deliveries.waiting(step), len(news.after(step, 0)))


def test_one_that_lost_its_address_is_of_no_use(store, gallery, put):
    """After a repair took away what did not open, it is out of use with the reason, and has no address."""
    with store.atomic() as step:
        hook = put(step, "hook")
        receivers.drop_sealed(step, [hook.id], "gallery.template_altered")
        assert ([], []) == (receivers.sealed(step), receivers.wanting(step))
        assert (False, "gallery.template_altered") == (
            receivers.numbered(step, hook.id).active,
            receivers.numbered(step, hook.id).reason,
        )
        with pytest.raises(TemplateAltered, match="taken away"):
            receivers.address(step, gallery.sealer, hook.id)

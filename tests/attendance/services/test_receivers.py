"""Receivers: entered with leave alone, shown without secrets, changed and forgotten; and their command."""

import json

import pytest
from servers import contents
from typer.testing import CliRunner

from attendance.cli.root import commands
from attendance.service_errors import ReceiverAddress, ReceiverExists, ReceiverKind, ReceiverUnknown
from gallery import history

INSIDE = "http://me:secret@127.0.0.1:9/in?key=hidden"


def test_added_receiver_is_shown_without_its_secrets(app):
    """The address is sealed and shown without password and query; the secret is told once, to whoever enters it."""
    made = app.receivers.add(app.actor, "Front", INSIDE, allow_private=True)
    (shown,) = app.receivers.all()
    assert made.secret.startswith("whsec_")
    assert ("Front", "webhook", "http://***@127.0.0.1:9/in?***") == (
        shown.receiver.name, shown.receiver.kind, shown.address,
    )  # fmt: skip
    database = b"".join(contents(app.home).values())
    assert (False, False) == (b"hidden" in database, b"secret@" in database)


@pytest.mark.parametrize(
    ("address", "private"),
    [("https://127.0.0.1/in", False), ("http://192.168.1.2/in", False), ("https://169.254.169.254/", True)],
)
def test_private_receivers_need_leave(app, address, private):
    """A receiver in a private network is refused unless allowed, and one where clouds keep keys always."""
    with pytest.raises(ReceiverAddress):
        app.receivers.add(app.actor, "Inside", address, allow_private=private)
    assert [] == app.receivers.all()


def test_names_and_kinds_are_checked(app):
    """A taken name, an unknown kind of news, another kind of address and an unknown receiver are refused."""
    app.receivers.add(app.actor, "Front", INSIDE, allow_private=True)
    with pytest.raises(ReceiverExists):
        app.receivers.add(app.actor, "Front", INSIDE, allow_private=True)
    with pytest.raises(ReceiverKind, match=r"mark\.made"):
        app.receivers.change(app.actor, "Front", kinds=["mark.mad"])
    with pytest.raises(ReceiverAddress, match="another one"):
        app.receivers.change(app.actor, "Front", address="mqtt://127.0.0.1")
    with pytest.raises(ReceiverUnknown, match="Front"):
        app.receivers.find("Frnt")


def test_changes_are_recorded(app):
    """Each change is an event of whoever made it, and a pause says by whom."""
    number = app.receivers.add(app.actor, "Front", INSIDE, allow_private=True).shown.receiver.id
    paused = app.receivers.change(app.actor, "Front", active=False)
    resumed = app.receivers.change(app.actor, "Front", active=True)
    app.receivers.remove(app.actor, "Front")
    with app.store.reading() as view:
        told = [each.action for each in history(view, subject=str(number)) if each.action.startswith("receiver")]
    assert ["receiver.add", "receiver.change", "receiver.change", "receiver.remove"] == told
    assert (f"paused by {app.actor.name}", "") == (paused.receiver.reason, resumed.receiver.reason)


def test_the_command_adds_lists_and_removes(home):
    """From the command line a receiver is added with its secret on stdout alone, listed, paused and removed."""
    run = CliRunner()

    def called(*words):
        return run.invoke(commands(), ["receiver", *words, "--home", str(home)])

    added = called("add", "Front", INSIDE, "--allow-private", "--news", "mark.made")
    assert (0, True) == (added.exit_code, added.stdout.startswith("whsec_"))
    called("pause", "Front")
    (row,) = [json.loads(line) for line in called("list", "--json").stdout.splitlines()]
    assert (["mark.made"], False) == (row["news"], row["active"])
    assert 0 == called("remove", "Front", "--yes").exit_code
    assert "" == called("list", "--json").stdout

"""Commands act as the account they are called by, and every change that they make says so."""

import getpass

import pytest

from gallery import history, open_database

PREPARED = [
    ("enroll", "{ada}", "--name", "Ada", "--id", "A"),
    ("enroll", "{bob}", "--name", "Bob", "--id", "B", "--allow-duplicate"),
    ("session", "open", "Maths"),
    ("mark", "Ada", "--session", "Maths"),
    ("place", "add", "Door", "0"),
    ("place", "add", "Yard", "1"),
    ("place", "retire", "Yard"),
    ("check", "{unsure}", "--session", "Maths", "--set", "guard_people=0"),
]
CHANGES = [
    ("enroll", "{cid}", "--name", "Cid"),
    ("enroll", "{folder}"),
    ("check", "{ada}"),
    ("mark", "Bob"),
    ("void", "Ada", "--session", "Maths", "--reason", "ill"),
    ("session", "open", "Arts"),
    ("session", "close", "Maths"),
    ("gallery", "rename", "Ada", "Ada Lovelace"),
    ("gallery", "group", "Ada", "7b"),
    ("gallery", "deactivate", "Ada"),
    ("gallery", "merge", "Bob", "Ada", "--yes"),
    ("gallery", "remove", "Ada", "--yes"),
    ("gallery", "export", "{archive}", "--person", "Ada"),
    ("gallery", "lookalikes", "clear", "Ada", "Bob"),
    ("place", "add", "Hall", "2"),
    ("place", "change", "Door", "--site", "North"),
    ("place", "retire", "Door"),
    ("place", "restore", "Yard"),
    ("place", "remove", "Door", "--yes"),
    ("review", "confirm", "1"),
    ("review", "reassign", "1", "Bob"),
    ("review", "dismiss", "1"),
]


@pytest.fixture
def files(draw):
    """The places that the commands above name."""
    ada, bob, cid = draw("ada.png", (1,)), draw("bob.png", (1, 60)), draw("cid.png", (3,))
    unsure = draw("unsure.png", (1, 90))
    folder = draw("more/Dan.png", (4,)).parent
    people = {"ada": ada, "bob": bob, "cid": cid, "unsure": unsure}
    return people | {"folder": folder, "archive": ada.with_name("ada.zip")}


@pytest.mark.parametrize("change", CHANGES, ids=" ".join)
def test_the_account_stands_in_the_log(command, home, files, monkeypatch, change):
    """Whatever a command changes is recorded as done by the account that called it, and by nobody before."""

    def called(*words: str) -> int:
        return command(*(word.format(**files) for word in words))[0]

    monkeypatch.setattr(getpass, "getuser", lambda: "caretaker")
    assert [0] * len(PREPARED) == [called(*words) for words in PREPARED]
    monkeypatch.setattr(getpass, "getuser", lambda: "teacher")
    assert 0 == called(*change)
    with open_database(home, read_only=True) as store, store.reading() as transaction:
        by = [each.by for each in history(transaction)]
    assert {"caretaker"} == set(by[: by.index("teacher")])
    assert {"teacher"} == set(by[by.index("teacher") :])


def test_an_account_without_a_name(command, home, files, monkeypatch):
    """Where the system does not tell the account, what is done is recorded all the same, as by unknown."""

    def nobody() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert 0 == command("enroll", files["ada"], "--name", "Ada")[0]
    with open_database(home, read_only=True) as store, store.reading() as transaction:
        assert {"unknown"} == {each.by for each in history(transaction)}

"""attendance gallery vectors: what a home in a file says, and one on a server."""

import pytest
import servers

from attendance.cli import run
from gallery import open_database
from gallery.repositories import vectors


@pytest.fixture
def served(postgres, tmp_path, capsys):
    """Run a command on a home on a server that has an empty table of vectors."""
    homes = servers.Homes(tmp_path, postgres)
    folder = homes.new("served", filled=True)
    with open_database(folder) as store, store.atomic() as session:
        if not vectors.fits(vectors.version(session)):
            pytest.skip("this server has no pgvector of 0.8.4 or newer")
        vectors.make(session, store.where)

    def call(*arguments: str) -> tuple[int, str]:
        code = run([*arguments, "--home", str(folder)])
        return code, capsys.readouterr().err

    yield call
    homes.close()


def test_vectors_are_shown_and_dropped(served):
    """They are counted, deleted, and then are not there."""
    code, told = served("gallery", "vectors", "show")
    assert (0, True) == (code, "0 vectors lie on the server unsealed" in told)
    code, told = served("gallery", "vectors", "drop", "--yes")
    assert (0, True) == (code, "deleted from the server: 0 vectors" in told)
    code, told = served("gallery", "vectors", "show")
    assert (0, True) == (code, "no vector lies on a server" in told)


def test_a_home_in_a_file_has_none(command, draw):
    """There is nothing to show, and nothing to drop."""
    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    code, _, told = command("gallery", "vectors", "show")
    assert (0, True) == (code, "no vector lies on a server" in told)
    code, _, told = command("gallery", "vectors", "drop")
    assert (0, True) == (code, "deleted from the server: 0 vectors" in told)

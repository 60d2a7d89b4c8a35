"""Second factors: what is taken, how often, and who turns them off."""

import pytest
from pyotp import TOTP
from servers import contents, raw

from attendance import Attendance
from attendance.access import Actor
from attendance.privacy_errors import TotpOff, TotpWrong
from attendance.service_errors import LimitReached, SignInRefused
from gallery import history
from gallery.repositories import secondfactors

PASSWORD = "correct horse battery"  # noqa: S105
CLERK = Actor("tests")


@pytest.fixture
def ada(app):
    """Whoever is signed in to Ada's account."""
    made = app.accounts.add(CLERK, "Ada", PASSWORD, "admin")
    return Actor("Ada", frozenset({"admin"}), "web", made.id)


@pytest.fixture
def telephone(app, ada):
    """What shows the digits, so many steps later, once the second factor waits."""
    app.second_factors.begin(ada, PASSWORD)
    secret = app.second_factors.waiting(ada.account).secret
    return lambda later=0: TOTP(secret.replace(" ", "")).at(app.clock.utc(), counter_offset=later)


@pytest.fixture
def codes(app, ada, telephone):
    """The codes for a lost telephone, of a second factor that is on; its digits of now are used up by that."""
    return app.second_factors.confirm(ada, telephone())


def actions(app) -> list[str]:
    with app.store.reading() as transaction:
        return [each.action for each in history(transaction) if each.action.startswith(("factor.", "signin."))]


def test_digits_are_those_of_the_standard(app, ada):
    """Those of RFC 6238, appendix B, for its secret and its instants, shortened to six."""
    with app.store.atomic() as transaction:
        secondfactors.put(transaction, app.gallery.sealer, ada.account, b"12345678901234567890")
    wanted = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
    secret = app.second_factors.waiting(ada.account).secret
    assert wanted == {at: TOTP(secret).at(at) for at in wanted}
    assert "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" == secret


def test_nothing_is_asked_for_before_it_is_confirmed(app, ada, telephone):
    """Nor after digits that are wrong; right ones turn it on, once."""
    assert app.second_factors.of(ada.account) is None
    with pytest.raises(TotpWrong):
        app.second_factors.confirm(ada, "000000" if telephone() != "000000" else "111111")
    assert app.second_factors.of(ada.account) is None
    assert 10 == len(set(app.second_factors.confirm(ada, telephone())))
    assert 10 == app.second_factors.of(ada.account).codes
    assert {ada.account} == app.second_factors.having()
    assert app.second_factors.waiting(ada.account) is None
    with pytest.raises(TotpOff):
        app.second_factors.confirm(ada, telephone(1))


@pytest.mark.usefixtures("telephone")
def test_it_is_not_set_up_without_the_password(app, ada):
    """Whoever finds a browser signed in cannot shut its owner out; what is on is not replaced either."""
    with pytest.raises(SignInRefused):
        app.second_factors.begin(ada, "wrong wrong wrong")


def test_what_is_on_is_not_replaced(app, ada, telephone, codes):
    """Beginning anew changes nothing."""
    app.second_factors.begin(ada, PASSWORD)
    assert len(codes) == app.second_factors.of(ada.account).codes
    app.second_factors.prove(ada.account, telephone(1))


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_digits_of_one_step_around_are_taken(app, ada, clock, telephone, steps, taken):
    """As the clocks of telephones differ; of those farther off none."""
    clock.forward(minutes=5)
    if taken:
        app.second_factors.prove(ada.account, f" {telephone(steps)[:3]} {telephone(steps)[3:]} ")
    else:
        with pytest.raises(TotpWrong, match="not the one"):
            app.second_factors.prove(ada.account, telephone(steps))


@pytest.mark.usefixtures("codes")
def test_digits_are_taken_once(app, ada, clock, telephone):
    """Those that confirmed it, too; and no earlier ones after later ones."""
    with pytest.raises(TotpWrong, match="used before"):
        app.second_factors.prove(ada.account, telephone())
    clock.forward(minutes=5)
    app.second_factors.prove(ada.account, telephone())
    for steps in (0, -1):
        with pytest.raises(TotpWrong, match="used before"):
            app.second_factors.prove(ada.account, telephone(steps))
    app.second_factors.prove(ada.account, telephone(1))


def test_a_kept_code_is_taken_once(app, ada, codes):
    """However it is typed; the log tells of it, and how many are left."""
    app.second_factors.prove(ada.account, codes[3].upper().replace("-", " "))
    with pytest.raises(TotpWrong):
        app.second_factors.prove(ada.account, codes[3])
    assert 9 == app.second_factors.of(ada.account).codes
    assert ["factor.add", "factor.code"] == actions(app)


def test_a_code_is_of_its_account_alone(app, ada, codes, telephone):
    """Neither digits nor codes of somebody else are taken, nor any of an account without second factor."""
    other = app.accounts.add(CLERK, "Bob", PASSWORD, "admin").id
    for number, code in ((other, codes[0]), (other, telephone(1)), (999, codes[0])):
        with pytest.raises(TotpWrong):
            app.second_factors.prove(number, code)
    app.second_factors.prove(ada.account, codes[0])


@pytest.mark.usefixtures("codes")
def test_guessing_has_to_wait_through_a_restart(home, app, ada, clock, pipeline, telephone):
    """After ten tries in vain right digits wait, too; who was locked out stands in the log, once an hour."""
    wrong = next(each for each in ("000000", "111111") if each not in {telephone(-1), telephone(), telephone(1)})
    for _ in range(10):
        with pytest.raises(TotpWrong):
            app.second_factors.prove(ada.account, wrong)
    for _ in range(2):
        with pytest.raises(LimitReached):
            app.second_factors.prove(ada.account, telephone(1))
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again, pytest.raises(LimitReached):
        again.second_factors.prove(ada.account, telephone(1))
    assert ["factor.add", "signin.locked"] == actions(app)
    clock.forward(minutes=16)
    app.second_factors.prove(ada.account, telephone())


def test_it_is_turned_off_by_password_and_code(app, ada, codes):
    """By neither alone; afterwards the password signs in, and the log tells of it."""
    for present, code, error in (("wrong wrong wrong", codes[0], SignInRefused), (PASSWORD, "000-000", TotpWrong)):
        with pytest.raises(error):
            app.second_factors.turn_off(ada, present, code)
    assert app.second_factors.of(ada.account) is not None
    app.second_factors.turn_off(ada, PASSWORD, codes[0])
    assert app.second_factors.of(ada.account) is None
    assert "factor.remove" == actions(app)[-1]


def test_neither_secret_nor_code_lies_open(app, ada, codes):
    """The database holds the secret sealed, and of codes digests; with the account both go."""
    with app.store.reading() as transaction:
        plain = secondfactors.secret_of(transaction, app.gallery.sealer, ada.account)
    held = b"".join(contents(app.home).values())
    assert plain not in held
    assert not any(code.replace("-", "").upper().encode() in held.upper() for code in codes)
    app.accounts.add(CLERK, "Bob", PASSWORD, "admin")
    app.accounts.remove(CLERK, ada.account)
    with raw(app.home) as run:
        assert [(0,)] == run("SELECT COUNT(*) FROM second_factor")


def test_a_new_key_of_the_home_keeps_it(app, ada, clock, telephone, codes):
    """Digits go on to be taken after the key was rotated."""
    app.gallery.vault.rotate(at=clock.utc(), by="tests")
    app.second_factors.prove(ada.account, telephone(1))
    app.second_factors.prove(ada.account, codes[0])

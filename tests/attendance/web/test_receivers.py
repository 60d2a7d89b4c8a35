"""The pages of receivers: for admins alone, the secret shown once, refusals beside what was typed."""

HERE = "http://me:secret@127.0.0.1:9/in"


def test_a_webhook_is_entered_and_its_secret_shown_once(signed_in):
    """The page that answers shows the secret, the list never again, and never the password of the address."""
    admin = signed_in()
    made = admin.form("/receivers", name="<b>Front</b>", address=HERE, kinds=["mark.made"], private="1")
    again = admin.get("/receivers")
    assert (200, 1, 0) == (made.status_code, made.text.count("whsec_"), again.text.count("whsec_"))
    assert (False, False, True) == ("secret@" in again.text, "<b>Front" in again.text, "&lt;b&gt;Front" in again.text)
    assert 200 == admin.get("/receivers/1").status_code


def test_a_private_address_is_refused_beside_the_form(signed_in):
    """What was typed stays, and the page says what to do."""
    answer = signed_in().form("/receivers", name="Front", address="https://127.0.0.1/", kinds=["mark.made"])
    assert (422, True, True) == (answer.status_code, 'value="Front"' in answer.text, "private network" in answer.text)


def test_it_is_paused_and_removed(signed_in, app):
    """Paused it says by whom; removed it is gone."""
    admin = signed_in()
    admin.form("/receivers", name="Front", address=HERE, kinds=["mark.made"], private="1")
    admin.form("/receivers/1/active", active="false")
    assert "paused by admin 1" in admin.get("/receivers/1").text
    assert 303 == admin.form("/receivers/1/remove").status_code
    assert (404, []) == (admin.get("/receivers/1").status_code, app.receivers.all())


def test_teachers_have_no_receivers(signed_in):
    """Nobody but an admin sees or enters one."""
    teacher = signed_in("teacher", ["7b"])
    assert (403, 403) == (teacher.get("/receivers").status_code, teacher.form("/receivers", name="x").status_code)

"""The development environment keeps its promises."""


def test_web_client_opens_without_an_error(server, page, log_in, keep_screenshot):
    log_in(page, "admin")
    page.wait_for_selector(".o_action_manager > *")
    keep_screenshot(page, "web client")


def test_mail_of_odoo_lands_in_the_inbox(server, stack, inbox, database, tmp_path):
    script = tmp_path / "send.py"
    script.write_text(
        "env['mail.mail'].create({'subject': given['subject'], 'body_html': '<p>Hello</p>',"
        " 'email_to': 'reader@example.com', 'email_from': 'practice@example.com'}).send()"
    )
    stack.odoo.script(database, script, {"subject": "From Odoo"})
    assert inbox.wait_for("reader@example.com")["subject"] == "From Odoo"

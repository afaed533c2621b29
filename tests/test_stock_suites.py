"""Odoo's own suites find nothing amiss with the addon installed."""

from collections import Counter

from dev.environment.odoo_log import entries, errors
from dev.environment.ports import free_port

#: What of Odoo's own tests is run, and how many tests there are at least: the addon extends the
#: models and pages that they are about, and a run of none would pass too. Odoo's browser tours are
#: left out: on a slow machine they click before the page has bound its buttons.
SUITES = {
    "payment": ("/payment", 100),
    "account_payment": ("/account_payment", 25),
    "portal": ("/portal,-/portal:TestUi", 15),
    "calendar": ("/calendar,-/calendar:TestCalendarTours", 30),
    # Its pages, and its form of an invoice.
    "account": ("/account:TestPortalInvoice,/account:TestAccountMoveOutInvoiceOnchanges", 80),
}


def test_odoos_own_suites_pass_with_the_addon_installed(stack, database):
    config = stack.odoo.write_config(
        database, "stock-suites", http_port=free_port(), gevent_port=free_port()
    )
    log = stack.odoo.folder / "stock-suites.log"
    log.unlink(missing_ok=True)
    tags = ",".join(tags for tags, _least in SUITES.values())
    run = stack.odoo.process(
        "Odoo's own tests",
        config,
        log,
        # At-install tests expect a database that has no later addon's columns and records yet.
        ["--test-tags", f"{tags},-at_install", "--stop-after-init", "--max-cron-threads", "0"],
    )
    run.start()
    code = run.wait()
    told = list(entries(run.output()))
    ran = [entry for entry in told if entry.message.startswith("Starting Test")]
    for entry in ran:
        print(entry.logger.removeprefix("odoo.addons."), entry.message)  # for `pytest -rP`
    assert [f"{entry.message}: {entry.in_one_line()}" for entry in errors(run.output())] == []
    assert code == 0
    counts = Counter(entry.logger.split(".")[2] for entry in ran)
    assert {suite: counts[suite] for suite in SUITES if counts[suite] < SUITES[suite][1]} == {}

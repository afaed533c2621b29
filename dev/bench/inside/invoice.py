"""Invoices of uninvoiced work by turns: ours on this database, stock Odoo's on a peer's.

Runs inside Odoo's shell, in which one process serves both databases. Each turn makes and posts a
chunk of invoices, one line each, and ends with its commit.

`given`: `peer`, the stock database's full name; `chunk` and `rounds`, invoices of a turn and turns
of both sides; `more`, turns of ours alone after that; `workers` and `shared`, processes of ours
that work at once in the end and the turns of each. `result`: per side the median `ms` and
`queries` of an invoice; `seconds`, ours for the turns of both and for all; `at_once`, invoices a
second of all workers together.
"""

import multiprocessing
import time

from odoo import SUPERUSER_ID, Command, api, fields, sql_db
from odoo.modules.registry import Registry

from dev.bench.meter import Meter


def make_base(env, company):
    """Return the clients and the service of one side; both sides' are equal."""
    env = env(context={"lang": "en_US", "allowed_company_ids": company.ids})
    service = env["product.product"].create(
        {
            "name": "Session",
            "type": "service",
            "list_price": 120.0,
            "taxes_id": [Command.set(company.account_sale_tax_id.ids)],
        }
    )
    clients = env["res.partner"].create(
        [
            {"name": f"Client {number}", "email": f"{number}@example.com", "customer_rank": 1}
            for number in range(given["chunk"])  # noqa: F821
        ]
    )
    return env, service, clients


def work_at_once(batch, chunks):
    """Invoice chunks in several processes, and return how many invoices they make a second."""
    fork = multiprocessing.get_context("fork")
    workers = given["workers"]  # noqa: F821
    gate, times = fork.Barrier(workers), fork.Queue()

    def work(number):
        # The parent's connections are its own: neither used nor closed here.
        inherited, sql_db._Pool = sql_db._Pool, None
        batch.pool._db = sql_db.db_connect(batch.env.cr.dbname)
        with batch.pool.cursor() as cr:
            own = batch.with_env(batch.env(cr=cr))
            # The first use of a registry in a process reads what it keeps.
            own._get_groups()
            gate.wait()
            start = time.time()
            for chunk in chunks[number::workers]:
                own._invoice_groups([item.with_env(own.env) for item in chunk.sudo()])
                cr.commit()
            times.put((start, time.time()))
        assert inherited

    processes = [fork.Process(target=work, args=[number]) for number in range(workers)]
    for process in processes:
        process.start()
    starts, ends = zip(*(times.get(timeout=600) for _process in processes), strict=True)
    for process in processes:
        process.join()
    return sum(map(len, chunks)) / (max(ends) - min(starts))


def measure(env, peer_env):
    """Return both sides' results."""
    company = env.ref("carepatron_billing.company_riverside")
    ours_env, service, clients = make_base(env, company)
    desk = ours_env(user=env.ref("carepatron_billing.user_front_desk"))
    shared = given["workers"] * given["shared"]  # noqa: F821
    turns = given["rounds"] + given["more"] + 1 + shared  # noqa: F821
    items = ours_env["practice.billing.item"].create(
        [
            {"client_id": client.id, "service_id": service.id, "company_id": company.id}
            for _turn in range(turns)
            for client in clients
        ]
    )
    chunks = [
        items[start : start + len(clients)].with_env(desk)
        for start in range(0, len(items), len(clients))
    ]
    batch = (
        desk["practice.billing.batch"]
        .sudo()
        .create({"company_id": company.id, "invoice_date": company._billing_today()})
    )
    peer_company = peer_env.ref("base.main_company")
    peer_env, peer_service, peer_clients = make_base(peer_env, peer_company)
    ours_env.cr.commit()
    peer_env.cr.commit()

    def ours(meter, chunk):
        with meter("invoice", len(chunk)):
            batch._invoice_groups([item.sudo() for item in chunk])
            ours_env.cr.commit()

    def peer(meter):
        with meter("invoice", len(peer_clients)):
            moves = peer_env["account.move"].create(
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": client.id,
                        "invoice_date": fields.Date.today(),
                        "invoice_line_ids": [Command.create({"product_id": peer_service.id})],
                    }
                    for client in peer_clients
                ]
            )
            moves.action_post()
            peer_env.cr.commit()

    ours(Meter(ours_env), chunks.pop())
    peer(Meter(peer_env))
    meters = Meter(ours_env), Meter(peer_env)
    seconds = []
    for turn in range(given["rounds"] + given["more"]):  # noqa: F821
        start = time.perf_counter()
        ours(meters[0] if turn < given["rounds"] else Meter(ours_env), chunks.pop())  # noqa: F821
        seconds.append(time.perf_counter() - start)
        if turn < given["rounds"]:  # noqa: F821
            peer(meters[1])
    ours_env.cr.commit()
    at_once = work_at_once(batch, chunks)
    ours_env.invalidate_all()
    invoiced = items.filtered(lambda item: item.state == "invoiced")
    assert len(invoiced) == len(items) == len(items.invoice_id)
    assert set(items.invoice_id.mapped("state")) == {"posted"}
    return {
        "ours": meters[0].results()["invoice"],
        "peer": meters[1].results()["invoice"],
        "seconds": [sum(seconds[: given["rounds"]]), sum(seconds)],  # noqa: F821
        "at_once": at_once,
        "notes": min(len(move.message_ids) for move in items.invoice_id),
    }


with Registry(given["peer"]).cursor() as peer_cr:  # noqa: F821
    result = measure(env, api.Environment(peer_cr, SUPERUSER_ID, {}))  # noqa: F821

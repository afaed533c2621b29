"""Every layout on both papers with what is hard to set in type, as pictures.

Runs inside Odoo's shell and keeps nothing in the database. `given`: `sheets`, the folder of the
README's pictures, one for each layout; `pages`, a folder for each page by itself, as large as one
looks at it; `only`, the layouts to draw, all when empty.
"""

import io
from pathlib import Path

import pymupdf
from PIL import Image

from odoo import Command

LOOKS = {
    "classic": ("harbour", "Roboto"),
    "modern": ("garden", "Montserrat"),
    "compact": ("graphite", "Open Sans"),
    "statement": ("plum", "Lato"),
}
PAPERS = ("A4", "Letter")
THUMBNAIL = 320
GAP = 14
GROUND = "#8d959d"


def make_cases(env, company):
    """Return documents by the name of what is hard about them."""
    env["res.lang"]._activate_lang("ar_001")
    practitioner = env.ref("carepatron_billing.user_maya")
    practitioner.partner_id.write(
        {"billing_registration_number": "PSY 40172", "billing_provider_number": "1184620357"}
    )
    bank = env["res.bank"].create({"name": "Riverton Savings Bank", "bic": "RIVRUS33"})
    account = env["res.partner.bank"].create(
        {
            "acc_number": "9876 5432 1010",
            "partner_id": company.partner_id.id,
            "bank_id": bank.id,
            "allow_out_payment": True,
        }
    )
    tax = company.account_sale_tax_id

    def make_tax(name, amount, label, **values):
        group = tax.tax_group_id.copy({"name": name})
        return tax.copy(
            {
                "name": f"Gallery {name}",
                "amount": amount,
                "invoice_label": label,
                "tax_group_id": group.id,
                **values,
            }
        )

    levy = make_tax("City levy", 2.5, "2.5%")
    exempt = make_tax(
        "Exempt",
        0,
        "exempt",
        invoice_legal_notes="<p>Health services are exempt under section 7 of the Tax Act.</p>",
    )

    def partner(name, lang="en_US", street="8 Orchard Road", city="Riverton"):
        return env["res.partner"].create(
            {
                "name": name,
                "lang": lang,
                "street": street,
                "city": city,
                "zip": "17080",
                "country_id": company.country_id.id,
                "billing_reference": "HX-20771",
            }
        )

    def invoice(payer, *lines, **values):
        move = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": payer.id,
                "partner_bank_id": account.id,
                "invoice_date": "2026-11-20",
                "invoice_user_id": practitioner.id,
                "invoice_line_ids": [
                    Command.create({"tax_ids": [Command.set(tax.ids)], **line}) for line in lines
                ],
                **values,
            }
        )
        move.invoice_date_due = "2026-12-04"
        move.action_post()
        return move

    def line(name, price, day="2026-11-03", **values):
        return {"name": name, "price_unit": price, "billing_service_date": day, **values}

    alex = partner("Alex Morgan")
    months = [
        line(f"Session {number}, 50 minutes", 99 + number, f"2026-{number // 10 + 6:02}-12")
        for number in range(1, 41)
    ]
    source = invoice(alex, line("Session, 50 minutes", 120), line("Workbook", 24.5))
    credit = source._reverse_moves([{"invoice_date": source.invoice_date}])
    credit.action_post()
    return {
        "one line": invoice(alex, line("Initial assessment", 180)),
        "40 lines": invoice(alex, *months),
        "right to left": invoice(
            partner("ليلى حسن الأحمد", "ar_001", "شارع البستان ٨", "ريفرتون"),
            line("جلسة علاج طبيعي، 50 دقيقة", 120),
            line("تقييم أولي", 180, discount=10),
            line("كتاب تمارين", 24.5, quantity=2),
        ),
        "taxes": invoice(
            partner("Wilhelmina Featherstonehaugh-Cholmondeley von Württemberg-Hohenzollern"),
            line("Session, 50 minutes", 120, tax_ids=[Command.set(exempt.ids)]),
            line(
                "Resistance band set, latex free, with a door anchor and a carrying bag",
                24.5,
                quantity=2,
                discount=10,
                tax_ids=[Command.set((tax + levy).ids)],
            ),
            line("No-show fee", 60),
            line("Goodwill", -25, tax_ids=[Command.set(exempt.ids)]),
            line("Telephone call", 0, tax_ids=[Command.set(exempt.ids)]),
            narration="<p>Please bring your exercise diary.</p>",
        ),
        "credit note": credit,
    }


def pictures(pdf, width):
    """Return the pages of a PDF as pictures so many pixels wide."""
    for page in pymupdf.open("pdf", pdf):
        zoom = width / page.rect.width
        pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
        yield Image.open(io.BytesIO(pixmap.tobytes("png"))).convert("RGB")


def sheet(rows):
    """Return rows of pictures as one."""
    heights = [max(picture.height for picture in row) + GAP for row in rows]
    width = max(len(row) for row in rows) * (THUMBNAIL + GAP) + GAP
    whole = Image.new("RGB", (width, sum(heights) + GAP), GROUND)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for place, picture in enumerate(row):
            whole.paste(picture, (GAP + place * (THUMBNAIL + GAP), top))
        top += height
    # Paper, type and two colours: 48 are plenty, and the file is a third as large.
    return whole.quantize(48, dither=Image.Dither.NONE)


def draw(env, given):
    """Draw what is asked for."""
    env = env(
        context={
            "lang": "en_US",
            "allowed_company_ids": env.ref("carepatron_billing.company_riverside").ids,
        }
    )
    company = env.company
    provider = company._billing_provider_sudo()
    provider._billing_connect("sk_test_theGalleryOfInvoices")
    # Without the marks of test mode.
    provider.state = "enabled"
    cases = make_cases(env, company)
    folder = Path(given["pages"])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for layout in given["only"] or LOOKS:
        theme, font = LOOKS[layout]
        company.billing_template_id.write(
            {
                "layout": layout,
                "theme": theme,
                "font": font,
                "introduction": "Thank you for coming, {client}.",
                "terms": "Sessions cancelled less than 24 hours before are charged in full.",
            }
        )
        rows = []
        for paper in PAPERS:
            company.billing_template_id.paper = paper
            row = []
            for case, move in cases.items():
                pdf = company.billing_template_id._render_preview_pdf(move)
                large = pictures(pdf, 900)
                for number, picture in enumerate(large, 1):
                    picture.save(folder / f"{layout} {paper} {case} {number}.png")
                row += pictures(pdf, THUMBNAIL)
            rows.append(row)
        sheet(rows).save(Path(given["sheets"]) / f"gallery_{layout}.png", optimize=True)
    env.cr.rollback()


draw(env, given)  # noqa: F821

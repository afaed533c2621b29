import io
import re
import zipfile
from pathlib import Path
from unittest.mock import patch

import polib

from odoo.tests import tagged
from odoo.tools.misc import file_path

from ..models.client_rights.res_partner_export_sections import CONTACT, SETTINGS
from .common import BillingCommon

LANGUAGES = ('de', 'es', 'fr', 'nl', 'pt')
# Where the words stand that a client reads: pages, documents, mails.
CLIENT_FACING = re.compile(
    r'^code:.*/(reports/(?!account_move_sample)'
    r'|models/\w+/practice_(payment_link_page|card_holder_page|link_code|reminder_sms)'
    r'|models/invoices/account_move_payer|models/client_rights/res_partner_export|models/audit_log/res_partner)'
    r'|^model_terms:ir\.ui\.view,arch_db:carepatron_billing\.(client_export|mail_(?!compose_)|pay_|report_)'
    r'|^model:mail\.template,(subject|body_html):'
)
PLACEHOLDER = re.compile(r'%\(\w+\)s|%s|\{\{?\s*\w+')
EXPRESSION = re.compile(r'\bt-[\w-]+="[^"]*"')


@tagged('post_install', '-at_install')
class TestTranslations(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = Path(file_path('carepatron_billing/i18n'))
        cls.source = polib.pofile(str(folder / 'carepatron_billing.pot'))
        cls.translated = {
            language: polib.pofile(str(folder / f'{language}.po')) for language in LANGUAGES
        }

    def test_every_word_that_a_client_reads_is_translated_into_five_languages(self):
        wanted = {
            entry.msgid
            for entry in self.source
            if any(CLIENT_FACING.search(place) for place, _line in entry.occurrences)
            and 'DOCTYPE' not in entry.msgid
        }
        self.assertGreater(len(wanted), 100)
        for language, po in self.translated.items():
            known = {entry.msgid for entry in po.translated_entries()}
            with self.subTest(language=language):
                self.assertFalse(wanted - known)

    def test_every_name_in_a_clients_export_is_translated_into_five_languages(self):
        """Of Odoo's own fields Odoo has the translations."""
        names = {('res.partner', name) for name in (*CONTACT, *SETTINGS)}
        partners = self.registry['res.partner']
        column = partners._billing_column

        def note(partner, model, name, *args, **kwargs):
            names.add((model, name))
            return column(partner, model, name, *args, **kwargs)

        with patch.object(partners, '_billing_column', note):
            self.client_partner._billing_export_sections(self.company, {})
        columns = {(model.replace('.', '_'), name) for model, name in names}
        ours = re.compile(
            r'^model:ir\.model\.fields(?:,field_description|\.selection,name):carepatron_billing\.'
            f'(?:field|selection)__?(?:{"|".join(f"{one}__{name}" for one, name in columns)})'
            r'(?:__|$)'
        )
        wanted = {
            entry.msgid
            for entry in self.source
            if any(ours.search(place) for place, _line in entry.occurrences)
            and not entry.msgid.isdigit()
        }
        self.assertGreater(len(wanted), 100)
        for language, po in self.translated.items():
            known = {entry.msgid for entry in po.translated_entries()}
            with self.subTest(language=language):
                self.assertFalse(wanted - known)

    def test_translations_keep_placeholders_and_expressions(self):
        for language, po in self.translated.items():
            for entry in po:
                with self.subTest(language=language, text=entry.msgid):
                    for pattern in (PLACEHOLDER, EXPRESSION):
                        self.assertEqual(
                            sorted(pattern.findall(entry.msgid)),
                            sorted(pattern.findall(entry.msgstr)),
                        )

    def test_the_source_of_each_mail_is_the_mail(self):
        """A mail is translated as a whole: one that was changed must be translated anew."""
        bodies = {
            place.rpartition(':')[2]: entry.msgid
            for entry in self.source
            for place, _line in entry.occurrences
            if place.startswith('model:mail.template,body_html:')
        }
        self.assertGreaterEqual(len(bodies), 3)
        for xmlid, body in bodies.items():
            with self.subTest(mail=xmlid):
                template = self.env.ref(xmlid).with_context(lang='en_US')
                self.assertEqual(EXPRESSION.findall(template.body_html), EXPRESSION.findall(body))

    def test_a_spanish_client_reads_a_spanish_mail_and_export(self):
        self.env['res.lang']._activate_lang('es_ES')
        self.env['ir.module.module']._load_module_terms(['carepatron_billing'], ['es_ES'])
        template = self.env.ref('carepatron_billing.mail_template_payment_link')
        spanish = template.with_context(lang='es_ES')
        self.assertIn("Ver y pagar", spanish.body_html)
        self.assertIn("Factura", spanish.subject)
        self.env['res.users'].search([]).lang = 'en_US'
        self.client_partner.lang = 'es_ES'
        move = self.make_invoice()
        self.env.user.group_ids += self.env.ref('carepatron_billing.group_manager')
        content = self.client_partner._billing_export_zip(self.company)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            page = archive.read('facturacion.html').decode()
            data = archive.read('billing.json').decode()
        for word in ('lang="es-ES"', "Lo que", "Fecha del servicio", "Emitido", "120,00"):
            self.assertIn(word, page)
        for word in ("What is kept", "Service Date", ">Issued<", "this contact"):
            self.assertNotIn(word, page)
        self.assertIn(move.name, data)
        self.assertIn('"price_total"', data)

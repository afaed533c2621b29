from odoo import api, models


class PracticeDialog(models.AbstractModel):
    """A dialog is opened with records that its user may read, and with no others.

    Most of what dialogs show is computed as superuser: without this, whoever can open one would
    be told of every invoice whose number in the database can be guessed.
    """

    _name = 'practice.dialog'
    _description = "Dialog of Billing & Payments"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_given(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_given(vals)
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        """Override of `web`: a form that is not saved yet tells as little."""
        self._check_given(values)
        return super().onchange(values, field_names, fields_spec)

    def _check_given(self, vals):
        """Check the records that a client names.

        :raise AccessError: if the user may not read one of them
        """
        if self.env.su:
            return
        for name, value in vals.items():
            field = self._fields.get(name)
            if field is None or not field.relational:
                continue
            records = self.env[field.comodel_name]
            ids, parts = _named(field, value)
            records.browse(ids).check_access('read')
            if hasattr(records, '_check_given'):
                for part in parts:
                    records._check_given(part)


def _named(field, value):
    """Return the ids that a value of a relational field names, and the values of new lines."""
    if field.type == 'many2one':
        return ([value] if isinstance(value, int) and value else []), []
    ids, parts = [], []
    for command in value or []:
        if isinstance(command, int):
            ids.append(command)
        elif command[0] == 6:
            ids += command[2]
        else:
            if command[0] in (1, 4) and isinstance(command[1], int):
                ids.append(command[1])
            if command[0] in (0, 1):
                parts.append(command[2])
    return ids, parts

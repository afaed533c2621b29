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
            if field is not None and field.relational:
                self.env[field.comodel_name].browse(_named(field, value)).check_access('read')


def _named(field, value):
    """Return the ids that a value of a relational field names."""
    if field.type == 'many2one':
        return [value] if isinstance(value, int) and value else []
    ids = []
    for command in value or []:
        if isinstance(command, int):
            ids.append(command)
        elif command[0] == 6:
            ids += command[2]
        elif command[0] in (1, 4) and isinstance(command[1], int):
            ids.append(command[1])
    return ids

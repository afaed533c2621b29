"""Events: everything that happened, readable for whoever missed a webhook."""

from fnmatch import fnmatchcase

from ..records import Record
from ..wire import listing
from ..wire.errors import invalid
from ..wire.operations import Call, operation


@operation('GET /v1/events/{id}')
def retrieve(call: Call) -> Record:
    return call.realm.get('event', call.args[0])


@operation('GET /v1/events', 'type types delivery_success')
def list_events(call: Call) -> Record:
    params = call.params
    if 'type' in params and 'types' in params:
        raise invalid(
            'You may only specify one of these parameters: type, types.',
            'type',
            'parameters_exclusive',
        )
    wanted = params.get('types') or ([params['type']] if 'type' in params else ['*'])
    if len(wanted) > 20:
        raise invalid('You can filter for up to 20 event types.', 'types')
    records = [
        record
        for record in call.realm.all('event')
        if any(fnmatchcase(record['type'], pattern) for pattern in wanted)
    ]
    if 'delivery_success' in params:
        records = [
            record
            for record in records
            if (record['pending_webhooks'] == 0) == params['delivery_success']
        ]
    return listing.page(records, params, '/v1/events')

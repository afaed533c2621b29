-- A copied database must not touch the practice's Stripe account, nor take its events.
UPDATE payment_provider
   SET state = 'disabled',
       is_published = FALSE,
       stripe_payment_link_connection = NULL,
       stripe_payment_link_secret_key = NULL,
       stripe_payment_link_webhook_secret = NULL,
       stripe_payment_link_webhook = NULL,
       stripe_payment_link_account = NULL,
       stripe_payment_link_account_name = NULL,
       stripe_payment_link_country = NULL,
       stripe_payment_link_currency = NULL,
       stripe_payment_link_charges_enabled = FALSE,
       stripe_payment_link_payouts_enabled = FALSE,
       stripe_payment_link_requirements = NULL,
       stripe_payment_link_problem = NULL,
       stripe_payment_link_checked_at = NULL,
       stripe_payment_link_polled_at = NULL,
       stripe_payment_link_seen_until = NULL
 WHERE code = 'stripe_payment_link';

-- What was under way there goes on in the practice's own database alone, also where the copy is
-- connected again: payments, refunds that wait to be asked for, events that wait to be looked at.
UPDATE payment_transaction
   SET state = 'cancel'
 WHERE provider_id IN (SELECT id FROM payment_provider WHERE code = 'stripe_payment_link')
   AND state IN ('draft', 'pending', 'authorized');
UPDATE practice_stripe_event SET state = 'ignored' WHERE state IN ('new', 'failed');

-- Nobody is charged from a copy, and no card of the practice's is removed at Stripe from there.
UPDATE payment_token
   SET active = FALSE, stripe_payment_link_customer = NULL, stripe_payment_link_to_detach = FALSE
 WHERE provider_id IN (SELECT id FROM payment_provider WHERE code = 'stripe_payment_link');
UPDATE practice_card_holder
   SET autopay = 'off', customer = NULL, account = NULL, nonce = NULL;

-- The links in a copy must not open the pages of the practice's own clients.
UPDATE practice_payment_link
   SET finder = left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '-_'), 10),
       proof = left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '-_'), 22);
UPDATE practice_card_holder
   SET finder = left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '-_'), 10),
       proof = left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '-_'), 22);
UPDATE payment_transaction
   SET landing_route = NULL, stripe_payment_link_session = NULL
 WHERE provider_id IN (SELECT id FROM payment_provider WHERE code = 'stripe_payment_link');
UPDATE mail_message
   SET body = regexp_replace(body, '/billing/(pay|cards)/[A-Za-z0-9_-]{20,64}', '/billing/\1/', 'g')
 WHERE body LIKE '%/billing/%';
UPDATE mail_mail
   SET body_html =
       regexp_replace(body_html, '/billing/(pay|cards)/[A-Za-z0-9_-]{20,64}', '/billing/\1/', 'g')
 WHERE body_html LIKE '%/billing/%';

-- Nobody is written to from a copy, neither by a rule nor by what waited in the outbox.
UPDATE practice_reminder_rule SET is_on = FALSE;
UPDATE practice_reminder SET state = 'failed' WHERE state IN ('queued', 'sending');
UPDATE practice_reminder_mail SET state = 'failed' WHERE state IN ('queued', 'sending');

-- Codes that were mailed open nothing in a copy.
UPDATE practice_link_code SET digest = NULL;

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

-- Nobody is reminded from a copy, neither by a rule nor by what waited in the outbox.
UPDATE practice_reminder_rule SET is_on = FALSE;
UPDATE practice_reminder SET state = 'failed' WHERE state IN ('queued', 'sending');
UPDATE practice_reminder_mail SET state = 'failed' WHERE state IN ('queued', 'sending');

-- A copied database must not touch the practice's Stripe account, nor take its events.
UPDATE payment_provider
   SET stripe_payment_link_secret_key = NULL,
       stripe_payment_link_webhook_secret = NULL,
       stripe_payment_link_account = NULL,
       stripe_payment_link_account_name = NULL
 WHERE code = 'stripe_payment_link';

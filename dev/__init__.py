"""What runs, tests and measures Carepatron Billing; nothing here belongs to the addon."""

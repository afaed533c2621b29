"""How a request reaches an object: forms, types, keys, idempotency, errors, lists."""

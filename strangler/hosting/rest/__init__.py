"""REST mechanics for any app: problems, cursors, validators, idempotency keys, scopes."""

"""The REST edge's glue: problems, parsing, scopes, pagination, idempotency, schema. Endpoints live in their apps."""

"""The REST edge's glue: problems, parsing, scopes, paging, idempotency. Endpoints live in their apps."""

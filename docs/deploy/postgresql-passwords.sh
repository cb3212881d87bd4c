#!/bin/sh
# Gives the two roles of postgresql.sql their passwords, when the database of compose.yaml is made.
set -eu
psql -v ON_ERROR_STOP=1 -v owner="$OWNER_PASSWORD" -v portal="$PORTAL_PASSWORD" \
    -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" <<'SQL'
ALTER ROLE opsportal_owner PASSWORD :'owner';
ALTER ROLE opsportal PASSWORD :'portal';
SQL

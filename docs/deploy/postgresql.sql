-- Two roles: the owner migrates, the portal only reads and writes rows. So the portal, or whoever steals its
-- password, can neither switch the append-only triggers off nor empty a table. Run once, as a superuser, in the
-- portal's database; then give both a password: ALTER ROLE opsportal_owner PASSWORD '…'; ALTER ROLE opsportal PASSWORD '…';

CREATE ROLE opsportal_owner LOGIN;
CREATE ROLE opsportal LOGIN;

DO $$ BEGIN EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO opsportal_owner', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO opsportal', current_database()); END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO opsportal_owner;
GRANT USAGE ON SCHEMA public TO opsportal;

-- What the owner makes from now on, the portal may use; never TRUNCATE, never TRIGGER.
ALTER DEFAULT PRIVILEGES FOR ROLE opsportal_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO opsportal;
ALTER DEFAULT PRIVILEGES FOR ROLE opsportal_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO opsportal;

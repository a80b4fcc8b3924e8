-- Roles of a trial's database: one owns the ledger's tables, another appends to them and can change nothing.
-- As a superuser, in the database made for trials:  psql --dbname trials --file postgresql.sql
-- Then, as the owner:  equipoise prepare-database postgresql://trials_owner@HOST/trials --schema NAME --writer trials_writer
CREATE ROLE trials_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
CREATE ROLE trials_writer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO trials_owner', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO trials_writer', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- Every commit waits for the disk, whatever the server's default is; a session left open ends.
ALTER ROLE trials_writer SET synchronous_commit = 'on';
ALTER ROLE trials_owner SET synchronous_commit = 'on';
ALTER ROLE trials_writer SET statement_timeout = '120s';

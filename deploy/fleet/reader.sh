#!/bin/sh
# Grafana's user, who reads everything and writes nothing. PostgreSQL's image runs this once, as the fleet's user; on a server
# PostgreSQL's administrator does, before or after the first migrate:
#   read -r READER_PASSWORD; export READER_PASSWORD; sudo --preserve-env=READER_PASSWORD -u postgres sh reader.sh
set -eu
: "${READER_PASSWORD:?}"
# psql takes the password from the environment: arguments can be seen by everyone on the machine.
psql -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-fleet}" <<'SQL'
\set word `printenv READER_PASSWORD`
SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database() \gset
CREATE ROLE fleet_reader LOGIN PASSWORD :'word';
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT ON TABLES TO fleet_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO fleet_reader;
SQL

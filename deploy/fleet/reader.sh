#!/bin/sh
# Grafana's user, who reads everything and writes nothing. PostgreSQL's image runs this once, before there are tables; on a server:
#   READER_PASSWORD=… POSTGRES_USER=fleet POSTGRES_DB=fleet sh reader.sh
set -eu
psql -q -v ON_ERROR_STOP=1 -v word="${READER_PASSWORD:?}" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE fleet_reader LOGIN PASSWORD :'word';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO fleet_reader;
SQL

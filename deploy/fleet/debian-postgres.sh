#!/bin/sh
# Starts PostgreSQL in a container; the first time it makes the data, the user and the database, as the official image does.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    secret=$(mktemp)
    printf '%s' "${POSTGRES_PASSWORD:?}" >"$secret"
    "$bin/initdb" -D "$PGDATA" -U "${POSTGRES_USER:-postgres}" -A scram-sha-256 --pwfile="$secret" -E UTF8 --locale=C.UTF-8
    rm "$secret"
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
    if [ "$database" != postgres ]; then
        echo "CREATE DATABASE \"$database\"" | "$bin/postgres" --single -D "$PGDATA" postgres >/dev/null
    fi
fi
exec "$bin/postgres" -D "$PGDATA" -c listen_addresses='*'

#!/bin/sh
# Starts PostgreSQL in a container; the first time it makes the data, the user and the database and runs what is in
# /docker-entrypoint-initdb.d, as the official image does.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
PATH=$bin:$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    secret=$(mktemp)
    printf '%s' "${POSTGRES_PASSWORD:?}" >"$secret"
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 --pwfile="$secret" -E UTF8 --locale=C.UTF-8
    rm "$secret"
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
    createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
    for one in /docker-entrypoint-initdb.d/*.sh; do
        [ ! -f "$one" ] || sh "$one"
    done
    pg_ctl -D "$PGDATA" -w stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'

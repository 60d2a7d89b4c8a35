#!/bin/sh
# Run once by the image of PostgreSQL, when the database is made: an account for the replica, and its place in the log.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$REPLICATION_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE follower LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica', true);
SQL
echo "host replication follower samenet scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "SELECT pg_reload_conf()"

#!/bin/sh
# A replica: copies the database when it begins for the first time, and follows it from then on.
# When the primary is lost for good: docker compose exec replica pg_ctl promote. The workers find it by themselves.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  find "$PGDATA" -mindepth 1 -delete  # of a copy that was interrupted
  chmod 0700 "$PGDATA"
  PGPASSWORD="$REPLICATION_PASSWORD" pg_basebackup --host "$PRIMARY_HOST" --port "${PRIMARY_PORT:-5432}" \
    --username follower --pgdata "$PGDATA" --wal-method stream --checkpoint fast --slot replica --write-recovery-conf --no-password
fi
exec postgres "$@"

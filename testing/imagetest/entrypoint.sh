#!/bin/sh
# Makes a database where there is none, as the official image of PostgreSQL does, and runs it.
set -eu
mkdir -p "$PGDATA"
chown -R postgres:postgres "$PGDATA"
as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	as initdb --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 >/dev/null
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	printf "alter user postgres password '%s';\ncreate database %s;\n" "$POSTGRES_PASSWORD" "$POSTGRES_DB" |
		as sh -c 'while read -r line; do echo "$line" | postgres --single -j postgres; done' >/dev/null
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -c listen_addresses='*' -c unix_socket_directories=/tmp

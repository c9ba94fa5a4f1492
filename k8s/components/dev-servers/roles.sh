#!/bin/sh
# Makes a database for each of $DATABASES with two roles (R3): NAME_owner changes its tables and lets rows flow, NAME
# reads and writes rows and can do nothing to a fence. `router` may enter the monolith's, where `admit_routers` lets it
# read the table of routes. Run once, as a superuser; psql takes the server from the environment.
set -eu
: "${DATABASES:?names, separated by spaces}" "${ROLES_PASSWORD:?}"
run() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$ROLES_PASSWORD" "$@"; }
run --dbname=postgres <<'SQL'
CREATE ROLE router LOGIN PASSWORD :'password';
SQL
for name in $DATABASES; do
  run --dbname=postgres --set=name="$name" --set=owner="${name}_owner" <<'SQL'
CREATE ROLE :"owner" LOGIN REPLICATION PASSWORD :'password';
GRANT pg_create_subscription TO :"owner";
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"name" TO :"name";
SQL
  run --dbname="$name" --set=name="$name" --set=owner="${name}_owner" <<'SQL'
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"name";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO :"name";
SQL
done
run --dbname=postgres <<'SQL'
GRANT CONNECT ON DATABASE monolith TO router;
SQL

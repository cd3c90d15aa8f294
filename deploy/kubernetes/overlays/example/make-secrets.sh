#!/bin/sh
# Writes secrets/*.env beside this file, every secret fresh, none over one that is there. Where PostgreSQL and Redis are is asked of the
# environment:
#
#   POSTGRES_HOST=db.internal:5432/cairn POSTGRES_OWNER=owner:password REDIS_URL=rediss://:password@redis:6379 \
#   APPLE_CLIENT_IDS=com.example.app APPLE_TEAM_ID=ABCDE12345 sh make-secrets.sh
set -eu
umask 077
for name in POSTGRES_HOST POSTGRES_OWNER REDIS_URL APPLE_CLIENT_IDS APPLE_TEAM_ID; do
  eval "[ -n \"\${$name:-}\" ]" || { echo "$name is missing: see the head of this file" >&2; exit 1; }
done
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo 'secrets/ is there already; nothing was written' >&2; exit 1; }
mkdir secrets
random() { od -An -vtx1 -N"$1" /dev/urandom | tr -d ' \n'; }
password() { printf 'k%s' "$(random 24)"; }

hash_key=$(random 32)
auth_password=$(password); progress_password=$(password)
auth_url="postgres://cairn_auth:$auth_password@$POSTGRES_HOST"
progress_url="postgres://cairn_progress:$progress_password@$POSTGRES_HOST"
for user in gateway auth progress realtime janitor; do
  secret=$(password)
  echo "NATS_$(echo $user | tr a-z A-Z)_PASSWORD=$secret" >>secrets/nats.env
  printf 'NATS_URL=nats://%s:%s@nats:4222\nUSER_HASH_KEY=%s\n' "$user" "$secret" "$hash_key" >"secrets/$user.env"
done
route_password=$(password)
echo "NATS_ROUTE_PASSWORD=$route_password" >>secrets/nats.env
# In quotes: NATS reads them as a part of its configuration.
for server in 0 1 2; do echo "NATS_ROUTE_$server=\"nats://route:$route_password@nats-$server.nats:6222\"" >>secrets/nats.env; done
for user in ADMIN SYS OPERATOR; do echo "NATS_${user}_PASSWORD=$(password)" >>secrets/nats.env; done
provisioner_password=$(password)
echo "NATS_PROVISIONER_PASSWORD=$provisioner_password" >>secrets/nats.env
for edge in gateway realtime; do echo "REDIS_URL=$REDIS_URL" >>"secrets/$edge.env"; done
cat >>secrets/auth.env <<AUTH
AUTH_DATABASE_URL=$auth_url
AUTH_MASTER_KEY=$(random 32)
APPLE_CLIENT_IDS=$APPLE_CLIENT_IDS
APPLE_TEAM_ID=$APPLE_TEAM_ID
AUTH
echo "PROGRESS_DATABASE_URL=$progress_url" >>secrets/progress.env
cat >secrets/migrate.env <<MIGRATE
DATABASE_URL=postgres://$POSTGRES_OWNER@$POSTGRES_HOST
AUTH_DATABASE_URL=$auth_url
PROGRESS_DATABASE_URL=$progress_url
MIGRATE_NATS_URL=nats://provisioner:$provisioner_password@nats:4222
MIGRATE

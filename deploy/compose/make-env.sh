#!/bin/sh
# Writes an environment file for compose.yaml, every secret fresh. One that is there stays as it is: its secrets cannot be made again.
#
#   sh deploy/compose/make-env.sh          .env for production: fill in what Apple knows your app by
#   sh deploy/compose/make-env.sh --dev    .env for a developer's machine, with a local Apple issuer
#
# A last argument names another file than .env.
set -euC
umask 077
dev=
if [ "${1:-}" = --dev ]; then
  dev=yes
  shift
fi
file=${1:-.env}
if [ -e "$file" ]; then
  echo "$file is there already: add to it what is missing, or move it away" >&2
  exit 1
fi
exec > "$file"
hex() { printf 'k%s' "$(od -An -vtx1 -N24 /dev/urandom | tr -d ' \n')"; }
# 64 hexadecimal digits are 48 bytes as base64url, and as secret as the 32 bytes that they spell.
key() { od -An -vtx1 -N32 /dev/urandom | tr -d ' \n'; }

echo '# Secrets of this installation. Keep a copy in a safe place: without AUTH_MASTER_KEY every session ends.'
for name in POSTGRES AUTH_DATABASE PROGRESS_DATABASE REDIS NATS_ADMIN NATS_SYS NATS_PROVISIONER NATS_GATEWAY NATS_AUTH \
  NATS_PROGRESS NATS_REALTIME NATS_JANITOR NATS_OPERATOR; do
  echo "${name}_PASSWORD=$(hex)"
done
echo "AUTH_MASTER_KEY=$(key)"
echo "USER_HASH_KEY=$(key)"
if [ -n "$dev" ]; then
  cat <<'DEV'
NODE_ENV=development
COMPOSE_PROFILES=dev
APPLE_CLIENT_IDS=app.cairn.local
APPLE_TEAM_ID=LOCALTEAM0
APPLE_ISSUERS=http://127.0.0.1:8089
APPLE_KEYS_URL=http://apple-issuer:8089/auth/keys
APPLE_TOKEN_URL=http://apple-issuer:8089/auth/token
APPLE_REVOKE_URL=http://apple-issuer:8089/auth/revoke
DEV
else
  cat <<'PRODUCTION'
# Bundle ids and Services IDs of your app, separated by commas, and your developer team.
APPLE_CLIENT_IDS=
APPLE_TEAM_ID=
# For revoking what an account granted when it is deleted: the id of a key for Sign in with Apple, and the key itself.
APPLE_KEY_ID=
APPLE_PRIVATE_KEY=
PRODUCTION
fi

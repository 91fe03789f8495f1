#!/bin/sh
# The first start makes the token that orders need; it stays in the volume, readable by the worker only:
# docker compose exec worker cat /var/lib/hmoe/token
set -eu
token=/var/lib/hmoe/token
if [ ! -s "$token" ]; then
    umask 077
    python -c 'import secrets; print(secrets.token_urlsafe(32))' > "$token.new"
    mv "$token.new" "$token"
fi
exec hmoe "$@"

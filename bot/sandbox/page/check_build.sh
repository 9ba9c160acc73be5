#!/bin/sh
# Proves that the committed dist/ is what the sources build to. Run `npm ci` first.
set -eu
cd "$(dirname "$0")"

npx --no-install tsc --noEmit
node test.mjs

fresh="$(mktemp -d)"
trap 'rm -rf "$fresh"' EXIT
node build.mjs "$fresh/dist"

if ! diff -r "$fresh/dist" dist; then
    echo "dist/ is not what the sources build to. Run: npm run build, and commit dist/." >&2
    exit 1
fi
echo "dist/ matches its sources."

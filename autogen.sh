#!/bin/sh
# Make ./configure from a clone. A release tarball has it already.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all

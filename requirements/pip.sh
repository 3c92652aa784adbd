#!/bin/sh
# pip for the virtual environment DIR, whether it has one of its own or borrows Debian's (venv.sh).
set -eu
dir=$1
shift
if [ -x "$dir/bin/pip" ]; then
	exec "$dir/bin/python" -m pip --disable-pip-version-check "$@"
fi
exec "$dir/bin/python" "$(echo "$(dirname "$dir")"/apt/pip/usr/share/python-wheels/pip-*.whl)/pip" --disable-pip-version-check "$@"

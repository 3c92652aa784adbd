#!/bin/bash
# Installs the Debian packages that testing/*/packages.txt name, one a line, and that are missing. Only root can; for others it
# says what stays out, and the tests that need it skip. In CI nothing may be missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for package in $(cat testing/*/packages.txt 2>/dev/null | sed 's/[[:space:]]*#.*//' | sort -u); do
	[ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ]; then
	echo "installing ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
elif [ "${CI:-}" = true ]; then
	echo "missing Debian packages: ${missing[*]}; CI must have them: apt-get install ${missing[*]}" >&2
	exit 1
else
	echo "without the Debian packages ${missing[*]} the tests that need them skip; as root: apt-get install ${missing[*]}"
fi

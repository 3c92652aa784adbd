#!/bin/sh
# Makes the virtual environment DIR with what requirements.txt beside this file pins. Debian's python3 comes without pip: root
# gets the package; everybody else borrows pip from the same package, unpacked below DIR's parent.
set -eu
dir=$(realpath -m "$1")
here=$(cd "$(dirname "$0")" && pwd)
cache=$(dirname "$dir")
mkdir -p "$cache"
rm -rf "$dir"

if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ]; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
fi

if python3 -c 'import ensurepip' 2>/dev/null; then
	python3 -m venv "$dir"
else
	apt="$cache/apt"
	mkdir -p "$apt/lists/partial" "$apt/archives/partial"
	apt-get -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" update -qq
	(cd "$apt/archives" && apt-get -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" download -qq python3-pip-whl)
	dpkg-deb -x "$apt"/archives/python3-pip-whl_*.deb "$apt/pip"
	python3 -m venv --without-pip "$dir"
fi
"$here/pip.sh" "$dir" install --quiet --require-hashes --requirement "$here/requirements.txt"

#!/bin/bash
# Makes the virtual environment DIR with what requirements.txt beside this file pins. Debian's python3 comes without what that
# takes: root gets the package; everybody else borrows pip out of the package that has it.
set -euo pipefail
dir=$(realpath -m "$1")
requirements=$(dirname "$(realpath "$0")")/requirements.txt

can_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

# borrow_pip downloads the distribution's pip with lists and archives in a folder of its own, which takes no root.
borrow_pip() {
	local apt
	apt=$(mktemp -d)
	trap 'rm -rf "$apt"' RETURN
	mkdir -p "$apt"/{lists,archives}/partial
	local options=(-qq -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o "Debug::NoLocking=1")
	apt-get "${options[@]}" update || return
	(cd "$apt" && apt-get "${options[@]}" download python3-pip-whl) || return
	dpkg-deb --extract "$apt"/python3-pip-whl_*.deb "$apt" || return
	local wheel=("$apt"/usr/share/python-wheels/pip-*.whl)
	"$dir/bin/python" "${wheel[0]}/pip" install --quiet --disable-pip-version-check --no-index "${wheel[0]}"
}

if ! can_venv && [ "$(id -u)" = 0 ]; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
fi
rm -rf "$dir"
if can_venv; then
	python3 -m venv "$dir"
else
	python3 -m venv --without-pip "$dir"
	borrow_pip || { echo "$dir: python3 can make no virtual environment with pip; as root: apt-get install python3-venv" >&2; exit 1; }
fi
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements"

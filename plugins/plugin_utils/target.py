# SPDX-License-Identifier: Apache-2.0
"""What is done on the target, in POSIX shell.

The binaries are kept as MODULE.SHA256 in a folder of the user who executes them, which nobody else may enter. It lies in Ansible's
folder for temporary files, because that is the one of which people see to it that it can be written to and executed from.
"""

from __future__ import annotations

import re

WRONG_HASH = 3

# All that is wanted of the folder is that nobody else can put anything there.
OWN = '[ -O "$d" ] && [ ! -L "$d" ]'

# Standard input is read to its end in any case: else whoever writes it gets an error.
RUN = f"""
if {OWN} && [ -f "$b" ] && [ -O "$b" ] && [ -x "$b" ];
then "$b" --progress "$d/progress.$t" -;
else cat >/dev/null; echo "initial_cluster has no binary for $u"; fi
"""

# A binary gets its name when it is whole, checked, on the disk and has been executed. Two of a module are kept, so that deployments
# with different versions may take turns.
INSTALL = f"""
umask 077; n=$d/new.$t;
if mkdir -p "$d" && {{ {OWN} || {{ echo "$d is not a folder of user $(id -un)" >&2; false; }}; }} && cat >"$n"
&& {{ [ "$(sha256sum <"$n")" = "$h  -" ] || {{ rm -f "$n"; exit {WRONG_HASH}; }}; }}
&& chmod 700 "$n" && "$n" --version >/dev/null && sync "$n" && mv -f "$n" "$d/$m.$h";
then cd "$d"; ls -t $m.* | tail -n +3 | xargs rm -f; find . \\( -name "new.*" -o -name "progress.*" \\) -mtime +1 -exec rm -f {{}} + || :;
else r=$?; rm -f "$n"; cat >/dev/null; exit $r; fi
"""

# In the file are the binary's process number and its newest line (internal/ansible/progress.go).
LOOK = '{ read -r p; read -r l; } <"$d/progress.$t" && printf "initial_cluster does %s\\n" "$l"'
END = 'read -r p <"$d/progress.$t" && kill "$p"'


def command(script: str, remote_tmp: str, **variables: str) -> str:
    """Give a script as one line, with the folder and the variables it uses. Some login shells take no line ends in quotes."""
    given = "".join(f"{name}={value}; " for name, value in variables.items())
    return f"d={remote_tmp}/initial_cluster.$(id -u); {given}" + " ".join(script.split("\n")).strip()


def run(remote_tmp: str, module: str, hashes: dict[str, str], token: str) -> str:
    """Run a module's binary for what `uname -sm` says; hashes has those there are."""
    cases = "".join(f'"{uname}") b=$d/{module}.{value};; ' for uname, value in hashes.items())
    return command(f"u=$(uname -sm); case $u in {cases}*) b=;; esac; {RUN}", remote_tmp, t=token)


def missing(stdout: str) -> str | None:
    """Give what `uname -sm` says of the target if RUN found no binary."""
    return said("has no binary for", stdout)


def progress(stdout: str) -> str | None:
    """Give the line of progress that LOOK found."""
    return said("does", stdout)


def said(what: str, stdout: str) -> str | None:
    """Find what one of the scripts says, among what the login may have written."""
    found = re.search(f"^initial_cluster {what} (.+)$", stdout, re.MULTILINE)
    return found and found[1]

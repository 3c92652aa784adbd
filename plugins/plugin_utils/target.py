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

# Every task runs this, so it starts no process but the binary where the kernel tells its kind itself (Linux 6.1 and later). Standard
# input is read to its end in any case: else whoever writes it gets an error.
RUN = f"""
{{ read -r u </proc/sys/kernel/arch; }} 2>/dev/null && u="Linux $u" || u=$(uname -sm);
for d in $r/initial_cluster.*; do {OWN} && break; done;
case $u in %s *) b=;; esac;
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

# What the scripts say. Compiled once: each task runs in a process of its own.
MISSING = re.compile("^initial_cluster has no binary for (.+)$", re.MULTILINE)
DOES = re.compile("^initial_cluster does (.+)$", re.MULTILINE)


def command(script: str, remote_tmp: str, **variables: str) -> str:
    """Give a script as one line, with the folder and the variables it uses."""
    given = "".join(f"{name}={value}; " for name, value in variables.items())
    return f"d={remote_tmp}/initial_cluster.$(id -u); {given}" + one_line(script)


def one_line(script: str) -> str:
    """Take the line ends out: some login shells take none in quotes."""
    return " ".join(script.split("\n")).strip()


def run(remote_tmp: str, module: str, hashes: dict[str, str], token: str) -> str:
    """Run a module's binary for what `uname -sm` says; hashes has those there are."""
    cases = " ".join(f'"{uname}") b=$d/{module}.{value};;' for uname, value in hashes.items())
    return f"r={remote_tmp}; t={token}; " + one_line(RUN % cases)


def missing(stdout: str) -> str | None:
    """Give what `uname -sm` says of the target if RUN found no binary."""
    return said(MISSING, stdout)


def progress(stdout: str) -> str | None:
    """Give the line of progress that LOOK found."""
    return said(DOES, stdout)


def said(what: re.Pattern[str], stdout: str) -> str | None:
    """Find what one of the scripts says, among what the login may have written."""
    found = what.search(stdout)
    return found and found[1]

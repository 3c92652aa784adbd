# SPDX-License-Identifier: Apache-2.0
"""The action plugin of all modules of the collection. They are binaries: it brings the right one to the target once, and runs it there.

The usual way is one command a task: it runs the binary that is kept on the target, with the arguments on standard input. Where that cannot
be (async, no standard input), Ansible's own way to run a binary module is taken, which sends the binary each time.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import time
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.metalstack.initial_cluster.plugins.plugin_utils import target
from ansible_collections.metalstack.initial_cluster.plugins.plugin_utils.watch import Watch

COLLECTION = "metalstack.initial_cluster"
BINARIES = Path(__file__).parent.parent / "module_utils" / "bin"
# What `uname -sm` says, and the folder of the binaries for it.
PLATFORMS = {"Linux x86_64": "linux_amd64", "Linux aarch64": "linux_arm64"}

display = Display()


class Refusal(Exception):
    """Why a module cannot be run, in one line for the operator."""


class ActionModule(ActionBase):
    """Runs one task."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module that the task names, and give its result."""
        self._supports_async = True  # here, because ansible-core 2.14 resets it after __init__
        result = super().run(tmp, task_vars)
        self._vars = task_vars or {}
        self._module = self._task.action.rpartition(".")[2]
        try:
            result.update(self._run_native() if self._needs_native() else self._run_kept())
        except Refusal as why:
            result.update(failed=True, msg=f"{self._host()}: {why}")
        return result

    def _host(self) -> str:
        return self._task.delegate_to or self._vars.get("inventory_hostname", "localhost")

    def _needs_native(self) -> bool:
        """Tell whether only Ansible's own way will do: nothing can come on standard input, or its files are wanted."""
        if self._task.async_val or C.DEFAULT_KEEP_REMOTE_FILES or not self._connection.has_pipelining:
            return True
        if not self._connection.become or not self.get_become_option("become_pass"):
            return False
        # Of those that ask for a password, sudo reads it from standard input, which local makes a terminal.
        return (self._connection.become.name, self._connection.transport) != ("sudo", "ssh")

    def _run_kept(self) -> dict[str, Any]:
        """Run the binary that is kept on the target; bring it there if it is not."""
        hashes = self._hashes()
        ran = self._run_on_target(hashes)
        if platform := target.missing(ran["stdout"]):
            self._install(platform, hashes)
            ran = self._run_on_target(hashes)
        return reply(ran["stdout"]) or self._no_reply(ran)

    def _hashes(self) -> dict[str, str]:
        """Give the SHA-256 of the module's binaries by what `uname -sm` says of the target."""
        try:
            built = json.loads((BINARIES / "manifest.json").read_text())[self._module]
        except (OSError, ValueError, KeyError):
            raise Refusal(
                f"run {self._module}: its binary is not there; run make build in the checkout,"
                " or install the collection from the tarball of its release"
            ) from None
        return {uname: built[platform] for uname, platform in PLATFORMS.items() if platform in built}

    def _run_on_target(self, hashes: dict[str, str]) -> dict[str, Any]:
        token = secrets.token_hex(8)
        look, end = (target.command(script, self._folder(), t=token) for script in (target.LOOK, target.END))
        with Watch(self, look, end, self._label()):
            command = target.run(self._folder(), self._module, hashes, token)
            return self._low_level_execute_command(command, in_data=self._arguments().encode())

    def _folder(self) -> str:
        """Give the target's folder for temporary files, which may begin with ~ and hold variables; it is meant to execute from."""
        return self.get_shell_option("remote_tmp", default="~/.ansible/tmp")

    def _label(self) -> str | None:
        """Give what stands before a line of progress, or None if none is wanted."""
        wanted = self._templar.template(self._vars.get("initial_cluster_progress", True))
        if self._task.no_log or not boolean(wanted, strict=False):
            return None
        several = len(self._vars.get("ansible_play_hosts_all", [])) > 1
        return f"[{self._host()}] {self._module}" if several else self._module

    def _arguments(self) -> str:
        """Give the task's options and Ansible's own keys as JSON, with vaulted values in the clear and dates as text."""
        args = dict(self._task.args)
        self._update_module_args(self._task.action, args, self._vars)
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        args["_ansible_environment"] = {str(name): str(value) for name, value in environment.items()}
        args["_ansible_sent_ms"] = time.time_ns() // 1_000_000
        return json.dumps(args, cls=AnsibleJSONEncoder, vault_to_text=True)

    def _install(self, uname: str, hashes: dict[str, str]) -> None:
        """Bring the binary to the target, as the user who will run it."""
        self._check_platform(uname, hashes)
        binary = BINARIES / PLATFORMS[uname] / self._module
        display.vv(f"<{self._host()}> install {binary} in {self._folder()}")
        command = target.command(target.INSTALL, self._folder(), m=self._module, h=hashes[uname], t=secrets.token_hex(8))
        ran = self._low_level_execute_command(command, in_data=binary.read_bytes())
        if ran["rc"] == target.WRONG_HASH:
            raise Refusal(
                f"install {self._module}: what arrived is not what {BINARIES}/manifest.json says; run it again, or build it again"
            )
        if ran["rc"] != 0:
            raise Refusal(
                f"install {self._module} below {self._folder()}: {last_line(ran)};"
                " set ansible_remote_tmp to a folder in which the user of the task may write and execute"
            )

    def _check_platform(self, uname: str, hashes: dict[str, str]) -> None:
        if uname not in hashes:
            raise Refusal(
                f"run {self._module}: the host is {uname}, there are binaries for {' and '.join(hashes)} only;"
                " delegate the task to a host of that kind"
            )

    def _run_native(self) -> dict[str, Any]:
        """Run the module in Ansible's own way to run binaries."""
        ran = self._low_level_execute_command("uname -sm", sudoable=False)
        uname = ran["stdout"].strip().rpartition("\n")[2].strip() or "of an unknown kind"
        self._check_platform(uname, self._hashes())
        name = f"{COLLECTION}.{PLATFORMS[uname]}.{self._module}"
        args = json.loads(json.dumps(self._task.args, cls=AnsibleJSONEncoder, vault_to_text=True))
        return self._execute_module(name, args, task_vars=self._vars, wrap_async=bool(self._task.async_val))

    def _update_module_args(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any], **more: Any) -> None:
        """Add Ansible's own keys; the module's name is what the task says, however its binary is found."""
        super()._update_module_args(self._task.action, module_args, task_vars, **more)

    def _no_reply(self, ran: dict[str, Any]) -> dict[str, Any]:
        """Give the result of a module that gave none."""
        return {
            "failed": True,
            "msg": f"{self._host()}: run {self._module}: {ending(ran)}",
            "module_stdout": ran["stdout"],
            "module_stderr": ran["stderr"],
            "rc": ran["rc"],
        }


def reply(stdout: str) -> dict[str, Any] | None:
    """Find the module's result: one line of JSON, behind whatever the login wrote."""
    for line in reversed(stdout.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None


def ending(ran: dict[str, Any]) -> str:
    """Say how a module ended that gave no result."""
    if crash := re.search("^(panic|fatal error|runtime): .*", ran["stderr"], re.MULTILINE):
        return f"crashed with {crash[0]}; this is a defect of the module, please report it with module_stderr"
    number = -ran["rc"] if ran["rc"] < 0 else ran["rc"] - 128  # from the shell, or of the shell itself
    if number in list(signal.Signals):
        return f"killed by {signal.Signals(number).name}; see the host's kernel log for a lack of memory, and run it again to go on"
    return f"ended with exit code {ran['rc']} and no result: {last_line(ran)}"


def last_line(ran: dict[str, Any]) -> str:
    """Give the last that a command complained, without what ssh says of itself with -vvvv."""
    lines = [line.strip() for line in (ran["stdout"] + ran["stderr"]).splitlines() if line.strip() and not re.match("debug[123]: ", line)]
    return lines[-1] if lines else "it said nothing"

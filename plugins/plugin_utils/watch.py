# SPDX-License-Identifier: Apache-2.0
"""Shows what a task is doing while it runs."""

from __future__ import annotations

import copy
import re
import signal
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display
from ansible_collections.metalstack.initial_cluster.plugins.plugin_utils import target

FIRST = 3.0  # seconds until the first look: shorter tasks show nothing, and cost nothing
PAUSE = 3.0  # seconds between two looks
AGAIN = 30.0  # seconds after which a line is shown again that has not changed
PATIENCE = 10.0  # seconds that the end of a task may take that was given up
PERSISTS = re.compile(r"ControlPersist[= ](?!no\b)", re.IGNORECASE)

display = Display()


class Watch:
    """While it is entered, looks at a task's progress and shows it; a task that is given up meanwhile (timeout, Ctrl-C) it ends.

    Both take a second command on the target while the connection is busy with the first. Progress is no reason to fail: whatever
    goes wrong with it ends the showing and nothing else.
    """

    def __init__(self, action: ActionBase, look: str, end: str, label: str | None) -> None:
        """Take the commands that look at the progress and that end the task, and what stands before a line (None shows nothing)."""
        self._action, self._look, self._end, self._label = action, look, end, label
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> None:
        """Begin to look."""
        if self._label is not None and may_look(self._action._connection):
            start(self._show_all)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Show nothing from now on."""
        with self._lock:
            self._over.set()
        if kind and not issubclass(kind, Exception):  # Ansible's timeout, and Ctrl-C
            start(self._on_target, self._end).join(PATIENCE)

    def _show_all(self) -> None:
        begin = time.monotonic()
        shown, next_time = "", 0.0
        pause = FIRST
        while not self._over.wait(pause):
            pause = PAUSE
            line = target.progress(self._on_target(self._look))
            now = time.monotonic()
            if line and (line != shown or now >= next_time):
                self._show(f"{self._label}: {line}, {short(now - begin)}")
                shown, next_time = line, now + AGAIN

    def _show(self, text: str) -> None:
        with self._lock:
            if not self._over.is_set():
                display.display(text, color=C.COLOR_VERBOSE, stderr=True)  # standard output may be read by programs

    def _on_target(self, command: str) -> str:
        try:
            return beside(self._action)._low_level_execute_command(command, in_data=b"\n")["stdout"]  # with input there is no terminal
        except Exception as why:
            display.vvv(f"no progress: {why}")
            self._over.set()
            return ""


def start(function: Callable[..., Any], *arguments: Any) -> threading.Thread:
    """Start a thread that gets none of the signals which end a task: they must wake the main thread, which acts on them."""
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
    thread.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread


def beside(action: ActionBase) -> ActionBase:
    """Give a copy of the action that can run a command while the action itself waits for one."""
    other = copy.copy(action)
    other._connection = copy.copy(action._connection)
    other._connection.become = copy.copy(action._connection.become)  # it holds what the current command's prompt looks like
    return other


def may_look(connection: ConnectionBase) -> bool:
    """Tell whether a second command is cheap, and asks for nothing: here, or over SSH on the connection that is open already."""
    name = getattr(connection, "ansible_name", "")
    if name != "ansible.builtin.ssh":
        return name == "ansible.builtin.local"
    options = " ".join(connection.get_option(name) or "" for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"))
    return PERSISTS.search(options) is not None


def short(seconds: float) -> str:
    """Give a time as 2m10s."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"

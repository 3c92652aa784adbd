# SPDX-License-Identifier: Apache-2.0
"""Writes the results of tasks into a file, a line of JSON each, for tests to read."""

from __future__ import annotations

import json
import os
import time

from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Write results to a file
description: [The file is what E(RECORD) names.]
"""


class CallbackModule(CallbackBase):
    """Records."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, result, ignore_errors=False):
        text = json.dumps({"host": result._host.get_name(), "at": time.monotonic(), "result": result._result}, cls=AnsibleJSONEncoder)
        with open(os.environ["RECORD"], "a") as file:
            file.write(text + "\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = _record

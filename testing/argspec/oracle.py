"""Answers argspec's lines with Ansible's own code: the ansible-core that the interpreter finds first.

A case on which Ansible itself falls over is answered with {"crash": ...}: there is nothing to agree with.
"""

import io
import json
import os
import sys

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible.module_utils.common import warnings as ansible_warnings
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import env_fallback, remove_values

RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


def with_fallbacks(options):
    for option in options.values():
        if "fallback" in option:
            option["fallback"] = (env_fallback, option["fallback"]["env"])
        if option.get("options"):
            with_fallbacks(option["options"])
    return options


def global_warnings():
    messages = list(ansible_warnings.get_warning_messages())
    ansible_warnings._global_warnings.clear()
    return messages


def validate(question):
    spec = question["spec"]
    options = with_fallbacks(spec["argument_spec"])
    if spec.get("add_file_common_args"):
        for name, option in FILE_COMMON_ARGUMENTS.items():
            options.setdefault(name, dict(option))
    global_warnings()
    result = ArgumentSpecValidator(options, **{rule: spec.get(rule) for rule in RULES}).validate(question["args"])
    if result.error_messages:
        return {"ok": False, "error_messages": result.error_messages}
    both = ["Both option %(option)s and its alias %(alias)s are set." % pair for pair in result._warnings]
    return {
        "ok": True,
        "params": result.validated_parameters,
        "warnings": list(dict.fromkeys(global_warnings() + both)),
        "deprecations": result._deprecations,
        "no_log_values": sorted(str(value) for value in result._no_log_values),
    }


def answer(question):
    before = dict(os.environ)
    os.environ.update(question.get("env") or {})
    try:
        if "no_log_values" in question:
            return {"output": remove_values(question["input"], question["no_log_values"])}
        return validate(question)
    except Exception as exc:
        return {"crash": "%s: %s" % (type(exc).__name__, exc)}
    finally:
        os.environ.clear()
        os.environ.update(before)


def plain(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, set) and len(value) < 2:
        return list(value)
    raise TypeError("a set has no order and a complex number no JSON")


def main():
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="ascii")
    for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):
        try:
            text = json.dumps(answer(json.loads(line)), default=plain)
        except Exception as exc:  # also what JSON can't write, and numbers beyond the limit of str()
            text = json.dumps({"crash": "%s: %s" % (type(exc).__name__, exc)})
        out.write(text + "\n")
    out.flush()


main()

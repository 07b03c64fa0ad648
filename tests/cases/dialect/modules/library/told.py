#!/usr/bin/python
"""A module in Python: does and says what `mode` wants."""

import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.beside import word


def main():
    module = AnsibleModule(
        argument_spec=dict(
            mode=dict(default="ok"),
            name=dict(type="str"),
            number=dict(type="int", default=3),
            flag=dict(type="bool", default=False),
            things=dict(type="list", elements="str", default=[]),
            password=dict(type="str", no_log=True),
        ),
        supports_check_mode=True,
    )
    mode = module.params["mode"]
    if mode == "fail":
        module.fail_json(msg="failed gracefully", extra=1, rc=3)
    if mode == "raise":
        raise RuntimeError("boom")
    if mode == "silent":
        sys.exit(7)
    if mode == "junk":
        print("before")
    result = dict(
        changed=mode == "changes",
        beside=word,
        name=module.params["name"],
        number=module.params["number"],
        flag=module.params["flag"],
        things=module.params["things"],
        password=module.params["password"],
        check=module.check_mode,
        differs=module._diff,
    )
    if mode == "lines":
        result.update(stdout="a\nb\n", rc=0)
    if mode == "results":
        result.update(results="x")
    if mode == "facts":
        result.update(ansible_facts=dict(found_by_told=5))
    if mode == "rc":
        result.update(rc=4)
    if mode == "skips":
        module.exit_json(skipped=True, msg="nothing to do")
    try:
        module.exit_json(**result)
    finally:
        if mode == "junk":
            print("after")


main()

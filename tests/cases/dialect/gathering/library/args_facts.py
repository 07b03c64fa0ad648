#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule(argument_spec=dict(color=dict(default="red"), shade=dict()), supports_check_mode=True)
module.exit_json(ansible_facts=dict(told=module.params, only_checks=module.check_mode))

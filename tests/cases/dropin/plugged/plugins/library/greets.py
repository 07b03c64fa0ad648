from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.mine import greeting

module = AnsibleModule(argument_spec={"name": {"required": True}})
module.exit_json(changed=False, said=greeting(module.params["name"]))

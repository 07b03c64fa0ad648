from ansible.module_utils.basic import AnsibleModule

AnsibleModule(argument_spec={"name": {}}).exit_json()

word = "from module_utils beside the playbook"

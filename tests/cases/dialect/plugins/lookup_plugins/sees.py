"""What a lookup sees of the variables around it."""

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [self.seen(term, variables) for term in terms]

    def seen(self, term, variables):
        if term == "hosts":
            hosts = variables["hostvars"]
            return [sorted(hosts), hosts["other"]["word"], "nobody" in hosts, hosts["other"]["inventory_hostname"]]
        if term == "all":
            wanted = ("later", "inventory_hostname", "groups", "playbook_dir", "ansible_play_hosts", "hostvars", "nowhere")
            return [name in variables for name in wanted]
        if term == "one":
            return self._templar.template(variables["one"]["stdout"])
        return [variables.get(term), self._templar.template(variables.get(term))]

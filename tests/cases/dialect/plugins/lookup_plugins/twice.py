from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        if "bad" in terms:
            raise AnsibleError("no good")
        return [term * 2 for term in terms] + list(kwargs.values())

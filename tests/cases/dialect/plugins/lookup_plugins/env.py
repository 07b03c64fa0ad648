"""A lookup of the user's own that has the name of a built-in one: of variables."""

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        return [variables[term] for term in terms]

"""A lookup that does not end by itself."""

import subprocess

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        with open(terms[0], "w"):
            pass
        return [subprocess.run(["sleep", "4711"]).returncode]

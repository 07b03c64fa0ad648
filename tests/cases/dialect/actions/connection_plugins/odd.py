"""This machine, in an odd way: each command is told a word, and it can be seen that it came this way."""

DOCUMENTATION = """
name: odd
short_description: this machine
description: As local.
options:
  word:
    description: What commands are told.
    default: none
    vars: [{name: word}]
"""

from ansible.plugins.connection import local


class Connection(local.Connection):
    transport = "odd"
    has_pipelining = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        return super().exec_command("ODD=%s; export ODD; %s" % (self.get_option("word"), cmd), in_data, sudoable)

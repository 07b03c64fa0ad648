"""W1 for pyinfra."""

from pyinfra.operations import server

for number in range(20):
    server.shell(name=f"command {number}", commands=["/bin/true"])

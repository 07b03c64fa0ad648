"""W2 for pyinfra."""

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.operations import files, python, server

work = f"/tmp/fleet-{host.name}"

files.directory(name="directory", path=work, mode="755")
files.template(name="template", src="app.conf.j2", dest=f"{work}/app.conf", inventory_hostname=host.name, threads=4, work=work)
files.put(name="copy", src="data.txt", dest=f"{work}/data.txt")
files.line(name="line", path=f"{work}/app.conf", line="^threads=.*", replace="threads=8")
lines = server.shell(name="lines", commands=[f"wc -l < {work}/app.conf"])


def check():
    assert int(lines.stdout) == 3
    if host.get_fact(File, path=f"{work}/data.txt"):
        server.shell(name="cat", commands=[f"cat {work}/data.txt"])


python.call(name="assert, stat, conditional command", function=check)
for item in ["one", "two", "three"]:
    files.put(name=f"copy {item}", src="data.txt", dest=f"{work}/{item}")
files.directory(name="removal", path=work, present=False)

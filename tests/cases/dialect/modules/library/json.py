#!/usr/bin/python3
# WANT_JSON
import json, sys

with open(sys.argv[1]) as file:
    told = json.load(file)
own = ("check_mode", "no_log", "diff", "verbosity")
told_besides = [told["_ansible_" + key] for key in own]
print(json.dumps({"told": {k: v for k, v in told.items() if not k.startswith("_ansible")}, "besides": told_besides}))

#!/usr/bin/python3
import json

told = json.loads("""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>""")
print(json.dumps({"a": told.get("a"), "changed": True}))

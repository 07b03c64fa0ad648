#!/bin/sh
# The form with `_meta`: nobody asks for single hosts.
[ "$1" = --list ] || exit 1
cat <<'JSON'
{"gpus": {"hosts": ["n1", "n2"], "vars": {"bound": 1e3, "made_of": "{{ bound }}"}, "children": ["a100"]},
 "a100": {"hosts": ["n3"]},
 "_meta": {"hostvars": {"n1": {"words": "\u00e4", "kept": {"__ansible_unsafe": "{{ bound }}"}}, "n3": {"n": [null, true, -1]}}}}
JSON

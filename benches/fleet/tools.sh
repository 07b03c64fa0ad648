#!/bin/sh
# Installs the tools that fleet.rs compares with into a folder: tools.sh FOLDER
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet ansible-core==2.19.14 mitogen==0.3.54 pyinfra==3.10.0

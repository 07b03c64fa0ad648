#!/bin/sh
echo '{"from": "flat.sh"}'

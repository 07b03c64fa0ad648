#!/bin/sh
echo '{"from": "sub/deep.sh"}'

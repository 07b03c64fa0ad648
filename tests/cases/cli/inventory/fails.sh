#!/bin/sh
echo 'no route to the service' >&2
exit 3

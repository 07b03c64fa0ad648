#!/bin/sh
. "$1"
echo "{\"changed\": true, \"a\": \"$a\", \"b\": \"$b\", \"c\": \"$c\", \"count\": $#, \"env\": \"$WORD\"}"

#!/bin/sh
echo "{\"odd\": \"$ODD\"}"

#!/bin/sh
printf "added: true\n" >> "$1"

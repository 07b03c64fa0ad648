#!/bin/sh
echo "$1"
echo

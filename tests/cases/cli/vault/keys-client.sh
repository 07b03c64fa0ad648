#!/bin/sh
[ "$1" = --vault-id ] && [ "$2" = lab ] && echo swordfish

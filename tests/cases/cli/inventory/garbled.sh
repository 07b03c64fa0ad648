#!/bin/sh
printf '{"web": {"hosts": ["n1", oops: {}\n'

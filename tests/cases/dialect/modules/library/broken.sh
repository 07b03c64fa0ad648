#!/bin/sh
echo '{"a": }'

#!/bin/sh
echo '["n1"]'

#!/bin/bash
# Replaces ssh in the test of several hosts: rsh_agent.sh HOST COMMAND… runs COMMAND in the namespaces of
# the process whose id is in the file $DERMATOME_TEST_HOSTS/HOST.
set -euo pipefail
host="$1"
shift
exec nsenter --target="$(cat "$DERMATOME_TEST_HOSTS/$host")" --net --uts --mount sh -c "$*"

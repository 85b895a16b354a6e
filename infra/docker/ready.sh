#!/bin/bash
# Whether the role in this container is ready: its own /readyz, asked without a tool that the image would have to carry.
set -eu
# A role that serves HTTP anyway answers there; the others have an address for operators.
address=${CODEBANK_HTTP_ADDRESS:-${CODEBANK_OPS_ADDRESS:-${CODEBANK_STORE_ADDRESS:-${CODEBANK_WEB_ADDRESS:-}}}}
port=${address##*:}
exec 3<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]

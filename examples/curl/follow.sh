#!/usr/bin/env bash
# Follows a job to its end: TOKEN=… examples/curl/follow.sh http://127.0.0.1:8080 JOB
# Each event has a line that begins with "data:".
set -euo pipefail
server=$1 job=$2
curl -sSN "$server/graphql" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{
  "query": "subscription Follow($id: ID!) { jobChanged(id: $id) { state progress { done total } } }", "variables": {"id": "'"$job"'"}
}'

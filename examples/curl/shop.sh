#!/usr/bin/env bash
# Searches the shop and shows what the first hit costs: examples/curl/shop.sh http://127.0.0.1:8080 "sluchatka bez dratu"
# Documents go by their hash. A server that does not know one yet is sent the document with it, once.
set -euo pipefail
server=$1 text=$2
documents=$(dirname "$0")/../documents

# run DOCUMENT VARIABLES
run() {
  local document hash extensions answer
  document=$(cat "$documents/$1.graphql"; printf x) # the x keeps the newline at the end
  document=${document%x}
  hash=$(printf '%s' "$document" | sha256sum | cut -d ' ' -f 1)
  extensions='{"persistedQuery":{"version":1,"sha256Hash":"'$hash'"}}'
  answer=$(get --data-urlencode "variables=$2" --data-urlencode "extensions=$extensions")
  case $answer in
    *PERSISTED_QUERY_NOT_FOUND*) get --data-urlencode "variables=$2" --data-urlencode "extensions=$extensions" --data-urlencode "query=$document" ;;
    *) printf '%s' "$answer" ;;
  esac
}

get() { curl -sS --compressed -G "$server/graphql" "$@"; }

hits=$(run search '{"text":"'"$text"'","language":"cs"}')
echo "$hits"
slug=$(printf '%s' "$hits" | sed -n 's/.*"nodes":\[{"slug":"\([^"]*\)".*/\1/p')
run product '{"slug":"'"$slug"'","language":"cs"}'
echo

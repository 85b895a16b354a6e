#!/bin/sh
# Gives Elasticsearch its templates and Kafka Connect its connector. May be run again: what is there is replaced.
# Run once by docker-compose.yml, and by `cargo xtask stack up`.
#
# CODEBANK_INFRA              the folder infra/ of the repository
# CODEBANK_ELASTICSEARCH_URL  http://host:port
# CODEBANK_CONNECT_URL        http://host:port
set -eu

# Sends a file; shows the answer when it is a refusal.
send() {
    method=$1 url=$2 file=$3
    echo "$method $url ($file)"
    curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
        --request "$method" --header 'Content-Type: application/json' --data-binary "@$file" "$url"
    echo
}

templates="$CODEBANK_INFRA/elasticsearch"
if [ -f "$templates/component-template.json" ]; then
    send PUT "$CODEBANK_ELASTICSEARCH_URL/_component_template/codebank-events" "$templates/component-template.json"
fi
if [ -f "$templates/index-template.json" ]; then
    send PUT "$CODEBANK_ELASTICSEARCH_URL/_index_template/codebank-events" "$templates/index-template.json"
fi

# The same file serves standalone mode, so it holds a name beside the settings, which only a POST takes; and a POST refuses a name that is
# there. Removing a connector first loses nothing: how far it read is kept in Kafka, under the same name.
connector="$CODEBANK_INFRA/connect/elasticsearch-sink.json"
if [ -f "$connector" ]; then
    name=$(sed -n 's/^ *"name" *: *"\([^"]*\)".*/\1/p' "$connector" | head -n 1)
    curl --silent --output /dev/null --max-time 30 --request DELETE "$CODEBANK_CONNECT_URL/connectors/$name"
    send POST "$CODEBANK_CONNECT_URL/connectors" "$connector"
fi

#!/bin/sh
# Becomes a Kafka Connect worker in distributed mode. The native stack and docker-compose.yml run this same script.
# See broker.sh for the classpath and the folder of configurations; connect-worker.properties names the rest.
# CODEBANK_CONNECT_HOME holds the folder plugins/, one folder per plugin.
set -eu
: "${CODEBANK_CONNECT_JVM_OPTIONS:=-Xmx512m -XX:+UseSerialGC}"
cd "$CODEBANK_CONNECT_HOME"
exec java $CODEBANK_CONNECT_JVM_OPTIONS \
    "-Dlog4j2.configurationFile=$CODEBANK_KAFKA_CONFIG/log4j2.properties" \
    -cp "$CODEBANK_KAFKA_CLASSPATH" \
    org.apache.kafka.connect.cli.ConnectDistributed "$CODEBANK_KAFKA_CONFIG/connect-worker.properties"

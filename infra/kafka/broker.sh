#!/bin/sh
# Formats the broker's storage on first start, then becomes the broker. The native stack and docker-compose.yml run this same script.
#
# CODEBANK_KAFKA_CLASSPATH  the folder of Kafka's jars, ending in /*
# CODEBANK_KAFKA_CONFIG     the folder of this script's properties files
# CODEBANK_KAFKA_DATA       where the log lives
# and the addresses that server.properties names.
set -eu
: "${CODEBANK_KAFKA_CLUSTER_ID:=codebank-cluster-0000A}"
: "${CODEBANK_KAFKA_JVM_OPTIONS:=-Xmx384m -XX:+UseSerialGC}"
properties="$CODEBANK_KAFKA_CONFIG/server.properties"
logging="-Dlog4j2.configurationFile=$CODEBANK_KAFKA_CONFIG/log4j2.properties"

if [ ! -f "$CODEBANK_KAFKA_DATA/meta.properties" ]; then
    java $CODEBANK_KAFKA_JVM_OPTIONS "$logging" -cp "$CODEBANK_KAFKA_CLASSPATH" \
        kafka.tools.StorageTool format --standalone --cluster-id "$CODEBANK_KAFKA_CLUSTER_ID" --config "$properties" > /dev/null
fi
exec java $CODEBANK_KAFKA_JVM_OPTIONS "$logging" -cp "$CODEBANK_KAFKA_CLASSPATH" kafka.Kafka "$properties"

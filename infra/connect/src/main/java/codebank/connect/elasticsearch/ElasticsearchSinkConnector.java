package codebank.connect.elasticsearch;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/**
 * What a Connect worker loads: it says what may be configured, judges a configuration, and names the task.
 *
 * <p>It deliberately does not talk to Elasticsearch, not even to validate: a connector must be creatable while
 * Elasticsearch is away, and start delivering when it comes back.
 */
public final class ElasticsearchSinkConnector extends SinkConnector {
    private Map<String, String> properties = Map.of();

    @Override
    public String version() {
        return versionOfThisJar();
    }

    @Override
    public ConfigDef config() {
        return SinkConfig.DEFINITION;
    }

    /** Every mistake at once: those of single options, and those that only show between options. */
    @Override
    public Config validate(Map<String, String> configuration) {
        Config config = super.validate(configuration);
        SinkConfig.judgeTogether(config.configValues());
        return config;
    }

    @Override
    public void start(Map<String, String> configuration) {
        properties = Map.copyOf(configuration);
    }

    @Override
    public Class<? extends Task> taskClass() {
        return ElasticsearchSinkTask.class;
    }

    /** The tasks are equal: the worker gives each its partitions. */
    @Override
    public List<Map<String, String>> taskConfigs(int tasksMax) {
        return Collections.nCopies(tasksMax, properties);
    }

    @Override
    public void stop() {
        // Nothing is held: connections belong to the tasks.
    }

    static String versionOfThisJar() {
        String version = ElasticsearchSinkConnector.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}

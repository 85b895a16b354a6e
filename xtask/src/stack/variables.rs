//! What a stack tells others about itself: environment variables.

use super::{Stack, provision};
use crate::server::Server;

/// For tests (`CODEBANK_TEST_…`); a server that is not there is not named, and the tests that need it are skipped.
pub(crate) fn of_the_stack(stack: &Stack, servers: &[Server]) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("CODEBANK_TEST_STACK", stack.folder.display().to_string()),
        ("CODEBANK_TEST_XTASK", stack.program().display().to_string()),
    ];
    variables.extend(servers.iter().map(|server| of_a_server(stack, *server)));
    variables
}

fn of_a_server(stack: &Stack, server: Server) -> (&'static str, String) {
    let port = server.port(stack);
    match server {
        Server::Postgres => ("CODEBANK_TEST_POSTGRES_URL", database(port, "postgres")),
        Server::Kafka => ("CODEBANK_TEST_KAFKA", format!("127.0.0.1:{port}")),
        Server::Connect => ("CODEBANK_TEST_CONNECT_URL", format!("http://127.0.0.1:{port}")),
        Server::Elasticsearch => (
            "CODEBANK_TEST_ELASTICSEARCH_URL",
            format!("http://127.0.0.1:{port}"),
        ),
    }
}

/// For the bank's own roles, started by hand beside a person's stack. Never given to tests, which say themselves what they configure.
pub(crate) fn of_the_roles(stack: &Stack) -> Vec<(&'static str, String)> {
    let port = stack.ports.postgres;
    vec![
        ("CODEBANK_DATABASE_URL", database(port, "codebank_events")),
        ("CODEBANK_VAULT_DATABASE_URL", database(port, "codebank_vault")),
        ("CODEBANK_READ_DATABASE_URL", database(port, "codebank_read")),
        (
            "CODEBANK_VAULT_KEYS_FILE",
            provision::vault_keys_file(stack).display().to_string(),
        ),
        (
            "CODEBANK_KAFKA_BROKERS",
            format!("127.0.0.1:{}", stack.ports.kafka),
        ),
    ]
}

fn database(port: u16, name: &str) -> String {
    format!("postgres://codebank@127.0.0.1:{port}/{name}")
}

/// Lines that a shell takes: `eval "$(cargo xtask stack env)"`.
pub(crate) fn exports(variables: &[(&str, String)]) -> String {
    variables
        .iter()
        .map(|(name, value)| format!("export {name}='{}'", value.replace('\'', r"'\''")))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_any_value() {
        let variables = [("A", "plain".to_owned()), ("B", "it's".to_owned())];
        assert_eq!(exports(&variables), "export A='plain'\nexport B='it'\\''s'");
    }
}

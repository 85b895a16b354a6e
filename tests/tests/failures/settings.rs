//! Settings that cannot be used: every mistake is told at once, nothing is started, and no secret is shown.

use tests::command;

/// A password that must be in no output.
const SECRET: &str = "t0p-s3cret";

/// Settings of a role, the role, and what must be said about them.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const MISTAKES: [Case; 7] = [
    (
        "command-api",
        &[
            ("CODEBANK_DATABASE_URL", "sqlite://bank.db"),
            ("CODEBANK_VAULT_KEYS_FILE", "/nowhere/keys.json"),
            ("CODEBANK_GRPC_ADDRESS", "localhost"),
            ("CODEBANK_COMMITTERS", "0"),
        ],
        &[
            "CODEBANK_DATABASE_URL is an SQLite file",
            "CODEBANK_VAULT_DATABASE_URL is missing",
            "/nowhere/keys.json",
            "CODEBANK_GRPC_ADDRESS is not an address",
            "CODEBANK_COMMITTERS must be 1 or more",
        ],
    ),
    (
        "relay",
        &[
            ("CODEBANK_DATABASE_URL", "mysql://root:t0p-s3cret@db/bank"),
            ("CODEBANK_KAFKA_BROKERS", "broker"),
            ("CODEBANK_OPS_ADDRESS", "9101"),
        ],
        &[
            "CODEBANK_DATABASE_URL is not a PostgreSQL URL",
            "CODEBANK_KAFKA_BROKERS is not a list of host:port: broker",
            "CODEBANK_OPS_ADDRESS is not an address",
        ],
    ),
    (
        "projections",
        &[
            ("CODEBANK_READ_DATABASE_URL", "sqlite:read.db"),
            ("CODEBANK_HTTP_ADDRESS", "127.0.0.1"),
        ],
        &[
            "CODEBANK_READ_DATABASE_URL is",
            "CODEBANK_KAFKA_BROKERS is missing",
            "CODEBANK_HTTP_ADDRESS is not an address",
        ],
    ),
    (
        "store",
        &[
            ("CODEBANK_STORE_DATABASE_URL", "mysql://root:t0p-s3cret@db/shop"),
            ("CODEBANK_BANK_GRPC_URL", "command-api:50051"),
            ("CODEBANK_STORE_ADDRESS", "8090"),
            ("CODEBANK_STORE_STATEMENT_URL", "/statements"),
        ],
        &[
            "CODEBANK_STORE_DATABASE_URL is not a database URL",
            "CODEBANK_BANK_GRPC_URL is not a URL",
            "CODEBANK_STORE_ADDRESS is not an address",
            "CODEBANK_STORE_STATEMENT_URL is not a URL",
        ],
    ),
    (
        "migrate",
        &[],
        &[
            "CODEBANK_DATABASE_URL is missing",
            "CODEBANK_VAULT_DATABASE_URL is missing",
            "CODEBANK_READ_DATABASE_URL is missing",
        ],
    ),
    (
        "up",
        &[
            ("CODEBANK_GRPC_ADDRESS", "everywhere"),
            ("CODEBANK_HTTP_ADDRESS", "nowhere"),
        ],
        &[
            "CODEBANK_GRPC_ADDRESS is not an address",
            "CODEBANK_HTTP_ADDRESS is not an address",
        ],
    ),
    (
        "rebuild",
        &[("CODEBANK_READ_DATABASE_URL", "sqlite://read.db")],
        &[
            "CODEBANK_READ_DATABASE_URL is an SQLite file",
            "CODEBANK_KAFKA_BROKERS is missing",
        ],
    ),
];

#[tokio::test]
async fn every_mistake_is_told_at_once_and_nothing_starts() {
    let Some(_) = command::binary() else { return };
    for (role, variables, expected) in MISTAKES {
        let arguments: &[&str] = if role == "rebuild" {
            &[role, "statement"]
        } else {
            &[role]
        };
        let said = command::run(arguments, variables).await;
        assert_eq!(said.code, Some(1), "{role}: {said:?}");
        for words in expected {
            assert!(said.err.contains(words), "{role}: {words:?} in {}", said.err);
        }
        let mistakes = said.err.lines().filter(|line| line.starts_with("  - ")).count();
        assert_eq!(mistakes, expected.len(), "{role}: {}", said.err);
        assert!(
            !said.err.contains(SECRET) && said.out.is_empty(),
            "{role}: {said:?}"
        );
    }
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    let Some(_) = command::binary() else { return };
    let url = format!("postgres://bank:{SECRET}@db.example:5432/bank?sslpassword={SECRET}");
    let variables = [
        ("CODEBANK_DATABASE_URL", url.as_str()),
        ("CODEBANK_VAULT_DATABASE_URL", &url),
        ("CODEBANK_READ_DATABASE_URL", &url),
        ("CODEBANK_KAFKA_BROKERS", "broker.example:9092"),
        // Any file will do: printing does not read it.
        ("CODEBANK_VAULT_KEYS_FILE", "/etc/hostname"),
    ];
    for role in ["command-api", "relay", "projections", "migrate"] {
        let said = command::run(&[role, "--print-config"], &variables).await;
        assert_eq!(said.code, Some(0), "{role}: {said:?}");
        assert!(
            said.out
                .contains("=postgres://bank:[redacted]@db.example:5432/bank"),
            "{role}: {said:?}"
        );
        let told = format!("{}{}", said.out, said.err);
        assert!(!told.contains(SECRET), "{role}: {told}");
    }
}

#[tokio::test]
async fn keys_that_others_may_read_are_refused_unseen() {
    use std::os::unix::fs::PermissionsExt;

    let Some(_) = command::binary() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, format!("{{\"version\":1,\"{SECRET}\":1}}")).expect("written");
    let path = keys.display().to_string();
    let url = "postgres://bank@127.0.0.1:1/bank";
    let variables = [
        ("CODEBANK_DATABASE_URL", url),
        ("CODEBANK_VAULT_DATABASE_URL", url),
        ("CODEBANK_VAULT_KEYS_FILE", &path),
        ("CODEBANK_GRPC_ADDRESS", "127.0.0.1:0"),
        ("CODEBANK_OPS_ADDRESS", "127.0.0.1:0"),
    ];
    for (mode, words) in [(0o644, "chmod 600"), (0o600, "are not usable")] {
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).expect("ours");
        let said = command::run(&["command-api"], &variables).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains(words) && said.err.contains(&path),
            "{words:?} in {said:?}"
        );
        assert!(!said.err.contains(SECRET), "{said:?}");
    }
}

//! Settings: read as text, checked all together, so that an operator sees every mistake at once.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// The checks of one role's settings, gathering what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Check {
    problems: Vec<String>,
    shown: Vec<(&'static str, String)>,
}

/// Everything that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistakes(Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used:")?;
        for problem in &self.0 {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Check {
    /// An address to listen on. Anything but loopback is said aloud: the bank has no identities and no TLS yet.
    pub(crate) fn address(&mut self, name: &'static str, text: &str) -> SocketAddr {
        let address = self.parsed(name, text, "an address such as 127.0.0.1:50051");
        self.shown.push((name, text.to_owned()));
        address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A PostgreSQL URL. Full mode refuses anything else, SQLite above all: its roles are processes of their own.
    pub(crate) fn postgres(&mut self, name: &'static str, url: Option<&str>) -> String {
        let Some(url) = url else {
            self.problems.push(format!(
                "{name} is missing: a PostgreSQL URL such as postgres://codebank@127.0.0.1/codebank"
            ));
            return String::new();
        };
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") if PgConnectOptions::from_str(url).is_ok() => {}
            Some("sqlite") => self.problems.push(format!(
                "{name} is an SQLite file, which only the embedded bank (`codebank up`) uses"
            )),
            _ => self.problems.push(format!("{name} is not a PostgreSQL URL")),
        }
        self.shown.push((name, redact_url(url)));
        url.to_owned()
    }

    /// A PostgreSQL URL or an SQLite file's, for a role that may have either.
    pub(crate) fn database(&mut self, name: &'static str, url: &str) -> String {
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let is_usable = if is_postgres {
            PgConnectOptions::from_str(url).is_ok()
        } else {
            SqliteConnectOptions::from_str(url).is_ok() && url.starts_with("sqlite:")
        };
        if !is_usable {
            self.problems.push(format!(
                "{name} is not a database URL such as postgres://shop@127.0.0.1/shop or sqlite://shop.db"
            ));
        }
        self.shown.push((name, redact_url(url)));
        url.to_owned()
    }

    /// Where a server is: `http://host:port`, `https://…`.
    pub(crate) fn server(&mut self, name: &'static str, url: &str) -> String {
        let host = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(str::is_empty) {
            self.problems.push(format!(
                "{name} is not a URL such as http://127.0.0.1:50051: {url}"
            ));
        }
        self.shown.push((name, redact_url(url)));
        url.to_owned()
    }

    /// Brokers as `host:port`, separated by commas.
    pub(crate) fn brokers(&mut self, name: &'static str, text: Option<&str>) -> String {
        let Some(text) = text else {
            self.problems
                .push(format!("{name} is missing: Kafka brokers such as 127.0.0.1:9092"));
            return String::new();
        };
        let is_broker = |broker: &str| {
            broker
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        if !text.split(',').all(|broker| is_broker(broker.trim())) {
            self.problems
                .push(format!("{name} is not a list of host:port: {text}"));
        }
        self.shown.push((name, text.to_owned()));
        text.to_owned()
    }

    /// A file that must exist.
    pub(crate) fn file(&mut self, name: &'static str, path: Option<&PathBuf>) -> PathBuf {
        let Some(path) = path else {
            self.problems
                .push(format!("{name} is missing: the path of a file"));
            return PathBuf::new();
        };
        if !path.is_file() {
            self.problems
                .push(format!("{name} is not a file: {}", path.display()));
        }
        self.shown.push((name, path.display().to_string()));
        path.clone()
    }

    /// A whole number of one or more.
    pub(crate) fn count(&mut self, name: &'static str, text: &str) -> u32 {
        let count: Option<u32> = self.parsed(name, text, "a whole number");
        if count == Some(0) {
            self.problems.push(format!("{name} must be 1 or more"));
        }
        self.shown.push((name, text.to_owned()));
        count.unwrap_or(1)
    }

    /// A mistake that only the role itself can see.
    pub(crate) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// A setting with nothing to check, shown with the others.
    pub(crate) fn plain(&mut self, name: &'static str, value: impl fmt::Display) {
        self.shown.push((name, value.to_string()));
    }

    fn parsed<T: FromStr>(&mut self, name: &str, text: &str, expected: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problems.push(format!("{name} is not {expected}: {text}"));
        }
        parsed
    }

    /// The settings, if nothing is wrong with them. With `print`, shows them instead (secrets redacted) and returns nothing.
    pub(crate) fn finish<T>(self, settings: T, print: bool) -> Result<Option<T>, Mistakes> {
        if print {
            for (name, value) in &self.shown {
                println!("{name}={value}");
            }
        }
        if !self.problems.is_empty() {
            return Err(Mistakes(self.problems));
        }
        Ok((!print).then_some(settings))
    }
}

/// A URL without its password, wherever it stands.
fn redact_url(url: &str) -> String {
    let (before_query, query) = url.split_once('?').unwrap_or((url, ""));
    let mut redacted = match before_query
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)))
    {
        Some((scheme, (user, host))) => {
            let name = user.split(':').next().unwrap_or_default();
            let secret = if user.contains(':') { ":[redacted]" } else { "" };
            format!("{scheme}://{name}{secret}@{host}")
        }
        None => before_query.to_owned(),
    };
    if !query.is_empty() {
        redacted.push_str("?[redacted]");
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mut check = Check::default();
        check.address("CODEBANK_GRPC_ADDRESS", "localhost");
        check.postgres("CODEBANK_DATABASE_URL", Some("sqlite://bank.db"));
        check.postgres("CODEBANK_READ_DATABASE_URL", None);
        check.brokers("CODEBANK_KAFKA_BROKERS", Some("127.0.0.1"));
        check.count("CODEBANK_COMMITTERS", "0");
        let mistakes = check
            .finish((), false)
            .expect_err("all of them are wrong")
            .to_string();
        assert_eq!(mistakes.lines().count(), 6, "{mistakes}");
        assert!(
            mistakes.contains("CODEBANK_DATABASE_URL is an SQLite file"),
            "{mistakes}"
        );
    }

    #[test]
    fn good_settings_pass() {
        let mut check = Check::default();
        let address = check.address("CODEBANK_GRPC_ADDRESS", "127.0.0.1:50051");
        check.postgres(
            "CODEBANK_DATABASE_URL",
            Some("postgres://codebank:secret@127.0.0.1/codebank"),
        );
        check.brokers("CODEBANK_KAFKA_BROKERS", Some("127.0.0.1:9092,[::1]:9092"));
        assert_eq!(check.finish(address.port(), false), Ok(Some(50_051)));
    }

    #[test]
    fn a_password_is_never_shown() {
        let cases = [
            (
                "postgres://codebank:p@ss@db/codebank",
                "postgres://codebank:[redacted]@db/codebank",
            ),
            (
                "postgres://codebank@db/codebank",
                "postgres://codebank@db/codebank",
            ),
            (
                "postgres://db/codebank?password=secret",
                "postgres://db/codebank?[redacted]",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(redact_url(url), expected);
        }
    }
}

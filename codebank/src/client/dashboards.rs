//! `codebank dashboards import`: gives Kibana the dashboards that this program was built with. Importing again puts the same objects
//! in the place of the old ones, so it may be repeated; what people made themselves is left alone, since every id here is the bank's.

mod answer;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{RequestBuilder, StatusCode};

/// Made by `cargo xtask kibana`; a test holds it to its sources.
const BUNDLE: &str = include_str!("../../../infra/kibana/codebank.ndjson");
/// No line of the bundle is this one: a line of it begins with a brace.
const BOUNDARY: &str = "codebank-dashboards-boundary";
/// An import of two dozen objects takes a second or two.
const TIMEOUT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Import data view, searches and dashboards into Kibana; may be repeated.
    Import(Import),
}

/// Credentials come from the environment alone, since a command line can be read by others: `CODEBANK_KIBANA_API_KEY`, or
/// `CODEBANK_KIBANA_USER` and `CODEBANK_KIBANA_PASSWORD`.
#[derive(Debug, clap::Args)]
struct Import {
    /// Address of Kibana, with its base path if it has one.
    #[arg(
        long,
        env = "CODEBANK_KIBANA_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:5601"
    )]
    kibana: String,
    /// The space to import into; the default one without it.
    #[arg(long, env = "CODEBANK_KIBANA_SPACE", value_name = "SPACE")]
    space: Option<String>,
    /// Wait so many seconds for a Kibana that is still starting.
    #[arg(long = "wait", value_name = "SECONDS", default_value_t = 0)]
    wait_seconds: u64,
}

enum Credentials {
    None,
    ApiKey(String),
    Basic { user: String, password: String },
}

/// What one try came to.
enum Tried {
    Answered(StatusCode, String),
    /// Nobody answers, or Kibana says that it is still starting.
    NotReady(anyhow::Error),
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Command::Import(import) = args.command;
    let credentials = Credentials::from_environment(|name| std::env::var(name).ok())?;
    let url = import.url()?;
    let until = Instant::now() + Duration::from_secs(import.wait_seconds);
    loop {
        match try_once(&url, &credentials).await? {
            Tried::Answered(status, body) => {
                println!("{}", answer::read(status, &body, BUNDLE.lines().count())?);
                return Ok(());
            }
            Tried::NotReady(error) if Instant::now() >= until => return Err(error),
            Tried::NotReady(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn try_once(url: &str, credentials: &Credentials) -> anyhow::Result<Tried> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        // A page to log in at is no answer to an import.
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let request = client
        .post(url)
        // Kibana refuses whoever does not say that they are no form on a page.
        .header("kbn-xsrf", "codebank")
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .body(multipart());
    let response = match credentials.add(request).send().await {
        Ok(response) => response,
        Err(error) if error.is_builder() => return Err(error).context("the request cannot be made"),
        Err(error) => {
            let unreachable = format!("no Kibana answers at {url}; is it running?");
            return Ok(Tried::NotReady(anyhow::Error::from(error).context(unreachable)));
        }
    };
    let status = response.status();
    let body = response.text().await.context("Kibana's answer broke off")?;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let starting = format!("Kibana at {url} is not ready yet: {}", body.trim());
        return Ok(Tried::NotReady(anyhow::Error::msg(starting)));
    }
    Ok(Tried::Answered(status, body))
}

/// A form with one file, as RFC 7578 has it.
fn multipart() -> String {
    format!(
        "--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"codebank.ndjson\"\r\n\
         Content-Type: application/x-ndjson\r\n\r\n\
         {BUNDLE}\r\n\
         --{BOUNDARY}--\r\n"
    )
}

impl Import {
    fn url(&self) -> anyhow::Result<String> {
        let base = self.kibana.trim_end_matches('/');
        let base = if base.contains("://") {
            base.to_owned()
        } else {
            format!("http://{base}")
        };
        if !base.starts_with("http://") {
            bail!(
                "{base} is not an http:// address; this program speaks no TLS, so go through a tunnel or a local proxy"
            );
        }
        let space = match self.space.as_deref().unwrap_or_default() {
            "" => String::new(),
            space
                if space
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) =>
            {
                format!("/s/{space}")
            }
            space => bail!("{space:?} is no name of a space: letters, digits, - and _"),
        };
        Ok(format!("{base}{space}/api/saved_objects/_import?overwrite=true"))
    }
}

impl Credentials {
    fn from_environment(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let key = variable("CODEBANK_KIBANA_API_KEY");
        let (user, password) = (
            variable("CODEBANK_KIBANA_USER"),
            variable("CODEBANK_KIBANA_PASSWORD"),
        );
        match (key, user, password) {
            (None, None, None) => Ok(Self::None),
            (Some(key), None, None) => Ok(Self::ApiKey(key)),
            (None, Some(user), Some(password)) => Ok(Self::Basic { user, password }),
            _ => bail!(
                "set CODEBANK_KIBANA_API_KEY, or both CODEBANK_KIBANA_USER and CODEBANK_KIBANA_PASSWORD, or none of them"
            ),
        }
    }

    fn add(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::ApiKey(key) => request.header("authorization", format!("ApiKey {key}")),
            Self::Basic { user, password } => request.basic_auth(user, Some(password)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(kibana: &str, space: Option<&str>) -> Import {
        Import {
            kibana: kibana.to_owned(),
            space: space.map(str::to_owned),
            wait_seconds: 0,
        }
    }

    #[test]
    fn the_address_is_the_import_of_the_space() {
        let path = "api/saved_objects/_import?overwrite=true";
        for (kibana, space, expected) in [
            (
                "http://127.0.0.1:5601",
                None,
                format!("http://127.0.0.1:5601/{path}"),
            ),
            (
                "127.0.0.1:5601/kibana/",
                Some(""),
                format!("http://127.0.0.1:5601/kibana/{path}"),
            ),
            (
                "http://kibana",
                Some("staff"),
                format!("http://kibana/s/staff/{path}"),
            ),
        ] {
            assert_eq!(import(kibana, space).url().expect("an address"), expected);
        }
        for (kibana, space) in [("https://kibana", None), ("http://kibana", Some("a/../b"))] {
            assert!(import(kibana, space).url().is_err(), "{kibana} {space:?}");
        }
    }

    #[test]
    fn half_of_the_credentials_is_a_mistake() {
        let given = |names: &[&str]| {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("CODEBANK_KIBANA_{name}"))
                .collect();
            Credentials::from_environment(|name| names.iter().any(|n| n == name).then(|| "x".to_owned()))
        };
        assert!(matches!(given(&[]), Ok(Credentials::None)));
        assert!(matches!(given(&["API_KEY"]), Ok(Credentials::ApiKey(_))));
        assert!(matches!(
            given(&["USER", "PASSWORD"]),
            Ok(Credentials::Basic { .. })
        ));
        for half in [
            &["USER"][..],
            &["PASSWORD"],
            &["USER", "API_KEY"],
            &["USER", "PASSWORD", "API_KEY"],
        ] {
            assert!(given(half).is_err(), "{half:?}");
        }
    }

    #[test]
    fn the_boundary_is_not_in_the_bundle() {
        assert!(!BUNDLE.contains(BOUNDARY));
        assert!(BUNDLE.lines().all(|line| line.starts_with('{')));
    }
}

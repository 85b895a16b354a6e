//! `codebank web`: the cardholders' pages and the operators', beside a bank whose roles run elsewhere.
//!
//! There are no identities yet: whoever reaches these pages may choose any of the accounts they are set up for. So they stay on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use bank_pages::{Holder, SearchIndex, Settings as PageSettings};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{Common, listen, reach, serve_http, shown, stop_on_signal};
use crate::operations::{self, Readiness};
use crate::settings::Check;
use crate::telemetry;

const GRAPHQL: &str = "GraphQL";
/// Cookies know no ports: beside a shop at the same host the pages need a cookie of their own.
const SESSION_COOKIE: &str = "bank-session";
/// How often GraphQL is asked whether it is there, while serving.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long it may take to answer that.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the pages, `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, env = "CODEBANK_WEB_ADDRESS", default_value = "127.0.0.1:8085")]
    address: String,
    /// Serve beyond loopback all the same, as in a container whose port is published on loopback only.
    #[arg(long, env = "CODEBANK_WEB_BEYOND_LOOPBACK", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    beyond_loopback: bool,
    /// The bank's GraphQL; `/operations` needs one that answers `operations`.
    #[arg(
        long,
        env = "CODEBANK_GRAPHQL_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/graphql"
    )]
    graphql_url: String,
    /// Elasticsearch, from which `/operations` has its figures then instead of from the read models.
    #[arg(long, env = "CODEBANK_ELASTICSEARCH_URL", value_name = "URL")]
    elasticsearch_url: Option<String>,
    /// The bank's gRPC services.
    #[arg(
        long,
        env = "CODEBANK_BANK_GRPC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    bank_grpc_url: String,
    /// The accounts that may be looked at, as ids with commas.
    #[arg(
        long,
        env = "CODEBANK_WEB_ACCOUNTS",
        value_name = "ID,…",
        value_delimiter = ','
    )]
    accounts: Vec<String>,
    /// The key that signs cookies and forms, made if it is missing.
    #[arg(
        long,
        env = "CODEBANK_WEB_KEY_FILE",
        value_name = "FILE",
        default_value = "codebank-web.key"
    )]
    key_file: PathBuf,
    /// Where there is something to buy; no link without it.
    #[arg(long, env = "CODEBANK_WEB_SHOP_URL", value_name = "URL")]
    shop_url: Option<String>,
    /// Whether the pages' public address is https: cookies are sent over nothing else then.
    #[arg(long, env = "CODEBANK_WEB_SECURE", value_name = "BOOL", default_value_t = false, action = clap::ArgAction::Set)]
    secure: bool,
    /// Serve the REST routes of the bank before this one, WHICH TAKE WHOLE CARD NUMBERS IN ADDRESSES, for its old clients.
    #[arg(long, env = "CODEBANK_LEGACY_REST", value_name = "BOOL", default_value_t = false, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    legacy_rest: bool,
    #[command(flatten)]
    common: Common,
}

struct Settings {
    address: SocketAddr,
    graphql: String,
    search: Option<SearchIndex>,
    bank: String,
    holders: Vec<Holder>,
    shop: Option<String>,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let address = check.address("CODEBANK_WEB_ADDRESS", &self.address);
        check.plain("CODEBANK_WEB_BEYOND_LOOPBACK", self.beyond_loopback);
        if !address.ip().is_loopback() && !self.beyond_loopback {
            check.problem(format!(
                "CODEBANK_WEB_ADDRESS is beyond loopback, {address}: whoever reaches these pages sees every account they are set up for"
            ));
        }
        check.plain("CODEBANK_WEB_ACCOUNTS", self.accounts.join(","));
        check.plain("CODEBANK_WEB_KEY_FILE", self.key_file.display());
        check.plain("CODEBANK_WEB_SECURE", self.secure);
        check.plain("CODEBANK_LEGACY_REST", self.legacy_rest);
        let mut holders = Vec::with_capacity(self.accounts.len());
        for account in &self.accounts {
            match account.trim().parse::<Uuid>() {
                Ok(account_id) => holders.push(holder(account_id)),
                Err(_) => check.problem(format!("CODEBANK_WEB_ACCOUNTS has no account id: {account}")),
            }
        }
        let settings = Settings {
            address,
            graphql: check.server("CODEBANK_GRAPHQL_URL", &self.graphql_url),
            search: self
                .elasticsearch_url
                .as_ref()
                .map(|url| SearchIndex::new(check.server("CODEBANK_ELASTICSEARCH_URL", url))),
            bank: check.server("CODEBANK_BANK_GRPC_URL", &self.bank_grpc_url),
            holders,
            shop: self
                .shop_url
                .as_ref()
                .map(|url| check.server("CODEBANK_WEB_SHOP_URL", url)),
        };
        Ok(check.finish(settings, self.common.print_config)?)
    }
}

/// The bank has no names: an account is called by its id.
fn holder(account_id: Uuid) -> Holder {
    Holder {
        account_id: account_id.to_string(),
        label: (format!("Account {account_id}"), format!("Conta {account_id}")),
        cards: Vec::new(),
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let metrics = telemetry::start_metrics()?;
    let stop = stop_on_signal()?;
    let key = look::load_or_make_key(&args.key_file)
        .with_context(|| format!("the pages' key, {}", args.key_file.display()))?;
    let commands = Channel::from_shared(settings.bank.clone())
        .with_context(|| format!("{} is not an address", settings.bank))?
        .connect_lazy();
    let pages = PageSettings {
        secure: args.secure,
        session_cookie: SESSION_COOKIE,
        shop_url: settings.shop,
        operations: true,
        search: settings.search,
        legacy_rest: args.legacy_rest,
        stop: stop.clone(),
        ..PageSettings::new(&settings.graphql, commands, key, settings.holders)
    };
    let readiness = Readiness::waiting_for(&[GRAPHQL]);
    let listener = listen("pages", settings.address).await?;
    tracing::info!(address = %listener.local_addr()?, "pages");
    let fallback = look::fallback(pages.look());
    let routes = bank_pages::router(pages)
        .merge(look::router())
        .merge(operations::router(readiness.clone(), metrics))
        .fallback_service(fallback);
    let server = tokio::spawn(serve_http(listener, routes, stop.clone()));
    watch_graphql(&settings.graphql, &readiness, &stop).await?;
    stop.cancel();
    server.await.context("the HTTP server")?
}

/// Reports whether GraphQL is there, until told to stop: without it there is nothing to show.
async fn watch_graphql(url: &str, readiness: &Readiness, stop: &CancellationToken) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(CHECK_TIMEOUT).build()?;
    let ask = async || {
        let question = serde_json::json!({ "query": "{ __typename }" });
        let answer = client.post(url).json(&question).send().await?;
        answer.error_for_status().map(|_| ())
    };
    while reach(GRAPHQL, &shown(url), readiness, stop, ask).await.is_some() {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
    }
    Ok(())
}

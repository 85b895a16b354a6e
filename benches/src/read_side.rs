//! `read-side`: what becomes of the events after the decision, on one private stack: relay, read models, statements, search.
//!
//! The log is filled through the bank while nothing reads it; then each reader is started on all of it at once and measured from
//! its first event to its last. Each must bring every event, or there is no figure.

mod fill;
mod mirror;
mod passage;
mod reads;
mod shares;

use std::num::NonZeroUsize;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sqlx::{Connection as _, PgConnection};

use crate::bank::Bank;
use crate::ceilings::Ceiling;
use crate::load::Load;
use crate::machine::Machine;
use crate::row::{self, Row};
use crate::settings::{load_average, positive_seconds};
use crate::stack::{READ_MODELS, Stack};

pub(crate) use passage::Passage;
use passage::{Progress, watch};
pub(crate) use reads::Reader;
use shares::{Meter, Shares};

/// Opened, its card issued and activated, and the purchases.
const EVENTS_OF_AN_ACCOUNT: usize = 3 + fill::PURCHASES_OF_AN_ACCOUNT;
const WARM_UP: Duration = Duration::from_secs(1);
/// At the processes of a rebuild, which end with it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What is measured. Whatever it needs is done before it, measured or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Part {
    /// From the event table to the broker's acknowledgement.
    Relay,
    /// Every read model, from Kafka.
    CatchUp,
    /// Statements of 20 lines, over GraphQL.
    Statements,
    /// Every read model anew from Kafka, while the old ones serve.
    Rebuild,
    /// From Kafka to Elasticsearch. Starts Kafka Connect and Elasticsearch too.
    Mirror,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events in the log, about: accounts with 20 purchases each.
    #[arg(long, value_name = "N", default_value = "300000")]
    events: NonZeroUsize,
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
    /// Clients that ask for statements, each with one query in flight.
    #[arg(long, value_name = "N", default_value = "64")]
    clients: NonZeroUsize,
    /// How long statements are asked for.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive_seconds)]
    seconds: Duration,
    /// Tasks of the search sink; with several numbers, one after the other, each from the first event on.
    #[arg(long, value_delimiter = ',', value_name = "N,…", default_value = "1,4")]
    tasks: Vec<NonZeroUsize>,
    /// Decides who buys for how much, and whose statement is asked for.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// One JSON object per row instead of lines.
    #[arg(long)]
    json: bool,
}

impl Args {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let mut bank = Filled::start(args.events, args.seed).await?;
    let show = |part, passage: Passage| {
        if args.wants(part) {
            passage.print(args.json)
        } else {
            Ok(())
        }
    };
    show(Part::Relay, bank.relay().await?)?;
    if [Part::CatchUp, Part::Statements, Part::Rebuild].map(|part| args.wants(part)) != [false; 3] {
        show(Part::CatchUp, bank.catch_up().await?)?;
    }
    if args.wants(Part::Statements) {
        let row = bank.statements(args.clients, args.seconds, args.seed).await?;
        row::print(&[&row], args.json)?;
    }
    if args.wants(Part::Rebuild) {
        show(Part::Rebuild, bank.rebuild().await?)?;
    }
    if args.wants(Part::Mirror) {
        for tasks in &args.tasks {
            show(Part::Mirror, bank.mirror(*tasks).await?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A bank whose log is full and whose read side has not begun.
pub(crate) struct Filled {
    stack: Stack,
    bank: Bank,
    events: u64,
    /// GraphQL, once the read models have caught up.
    graphql: Option<String>,
    load_average_at_start: Option<f64>,
}

impl Filled {
    pub(crate) async fn start(events: NonZeroUsize, seed: u64) -> Result<Self> {
        let load_average_at_start = load_average();
        let accounts = events.get().div_ceil(EVENTS_OF_AN_ACCOUNT);
        let accounts = NonZeroUsize::new(accounts).context("no events")?;
        let mut stack = Stack::of_servers("postgres,kafka").await?;
        stack.migrate().await?;
        let api = stack.start_command_api().await?;
        let bank = fill::fill(&api.address, accounts, seed).await?;
        Ok(Self {
            stack,
            events: (bank.accounts.len() * EVENTS_OF_AN_ACCOUNT) as u64,
            bank,
            graphql: None,
            load_average_at_start,
        })
    }

    pub(crate) async fn relay(&mut self) -> Result<Passage> {
        eprintln!("starting the relay");
        let relay = self.stack.start_relay()?;
        let published = Progress::Metric {
            address: relay.address,
            name: "codebank_relay_published_total",
        };
        self.watch("relay", &published).await
    }

    /// The relay has made the topic.
    pub(crate) async fn catch_up(&mut self) -> Result<Passage> {
        eprintln!("starting the projections");
        let projections = self.stack.start_projections()?;
        self.graphql = Some(format!("{}/graphql", projections.address));
        let applied = Progress::Metric {
            address: projections.address,
            name: "codebank_projection_events_total",
        };
        let passage = self.watch("projections", &applied).await?;
        self.read_models_are_at_the_end().await?;
        Ok(Passage {
            name: "catch-up",
            ..passage
        })
    }

    /// What the metric says of events must hold of every read model.
    async fn read_models_are_at_the_end(&self) -> Result<()> {
        let mut database = PgConnection::connect(&self.stack.database_url(READ_MODELS)?).await?;
        let places: Vec<(String, i64)> = sqlx::query_as(
            "select projection, sum(next_offset)::bigint from projection_checkpoint group by projection",
        )
        .fetch_all(&mut database)
        .await?;
        let all_are = places
            .iter()
            .all(|(_, place)| u64::try_from(*place) == Ok(self.events));
        ensure!(
            all_are && !places.is_empty(),
            "of {} events the read models have {places:?}",
            self.events
        );
        Ok(())
    }

    pub(crate) async fn statements(
        &self,
        clients: NonZeroUsize,
        measured: Duration,
        seed: u64,
    ) -> Result<Row> {
        let load = Load::closed(WARM_UP.min(measured), measured);
        let graphql = self.graphql.as_deref().context("the read side has not begun")?;
        let meter = Meter::start()?;
        let mut row = reads::measure(graphql, &self.bank.accounts, clients, &load, seed).await?;
        row.conditions.load_average_at_start = self.load_average_at_start;
        row.conditions
            .particular
            .insert("cores_used", serde_json::to_value(meter.shares()?)?);
        Ok(row)
    }

    /// The command as an operator gives it, from its start to its end.
    pub(crate) async fn rebuild(&self) -> Result<Passage> {
        let (events, took, shares) = metered_rebuild(self.stack.rebuild()).await?;
        ensure!(
            events == self.events,
            "{events} events instead of {}",
            self.events
        );
        Ok(self.passage("rebuild", took, shares))
    }

    /// Again from the first event with each call.
    pub(crate) async fn mirror(&mut self, tasks: NonZeroUsize) -> Result<Passage> {
        let mirror = mirror::Mirror::of(&mut self.stack).await?;
        eprintln!("mirroring into Elasticsearch, tasks: {tasks}");
        mirror.start_over(tasks).await?;
        let indexed = Progress::Indexed(&mirror);
        let passage = self.watch("mirror", &indexed).await?;
        mirror.holds(self.events).await?;
        Ok(Passage {
            tasks: Some(tasks),
            ..passage
        })
    }

    async fn watch(&self, name: &'static str, progress: &Progress<'_>) -> Result<Passage> {
        let watched = watch(progress, self.events).await;
        let (took, shares) = watched.with_context(|| self.stack.end_of_log(name))?;
        Ok(self.passage(name, took, shares))
    }

    fn passage(&self, name: &'static str, took: Duration, cores_used: Shares) -> Passage {
        let seconds = took.as_secs_f64();
        Passage {
            name,
            throughput_per_s: (self.events as f64 / seconds).round(),
            events: self.events,
            seconds: (seconds * 1000.0).round() / 1000.0,
            tasks: None,
            accounts: self.bank.accounts.len(),
            cores: crate::settings::cores(),
            load_average_at_start: self.load_average_at_start,
            cores_used,
        }
    }
}

/// A rebuild of every read model: of how many events, how long it took, and what it used.
async fn metered_rebuild(rebuild: impl Future<Output = Result<String>>) -> Result<(u64, Duration, Shares)> {
    eprintln!("rebuilding every read model");
    let mut meter = Meter::start()?;
    let mut rebuild = pin!(rebuild);
    let said = loop {
        tokio::select! {
            said = &mut rebuild => break said?,
            () = tokio::time::sleep(BETWEEN_LOOKS) => meter.look()?,
        }
    };
    let took = meter.began().elapsed();
    let events = said
        .split_once("rebuilt all from ")
        .and_then(|(_, rest)| rest.split_once(" events")?.0.parse().ok())
        .with_context(|| format!("nothing was rebuilt:\n{said}"))?;
    Ok((events, took, meter.shares()?))
}

/// The read models of the embedded bank alone: what their rows cost, while nobody buys.
pub(crate) async fn embedded_read_models(stack: &Stack) -> Result<Ceiling> {
    let (events, took, shares) = metered_rebuild(stack.rebuild_embedded()).await?;
    let used = shares.get("rebuild").copied().unwrap_or_default() * took.as_secs_f64();
    let per_s = events as f64 / took.as_secs_f64();
    Ok(Ceiling {
        server_micros: Some((used * 1e7 / events as f64).round() / 10.0),
        ..Ceiling::without_processor(
            "every read model from SQLite into SQLite".to_owned(),
            per_s,
            None,
            format!(
                "rebuilt from the {events} events of the embedded bank's row while it stands still; {}",
                Machine::now().in_words()
            ),
        )
    })
}

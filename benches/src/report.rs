//! `report`: the whole table in one run, each figure against its bar, into `docs/PERFORMANCE.md` and a picture.
//!
//! What is said in a row is from this run or is not said: a part that fails or is left out has no figure, and the row says why.

mod chart;
mod document;
mod figure;
mod parts;
mod read_side;
mod write_side;

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::ceilings::Ceiling;
use crate::load::Load;
use crate::settings::{positive_seconds, seconds};
use crate::stack::{self, workspace};

use chart::Point;
use figure::{Figure, WHAT_IS_ASKED};

/// What is started and measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// The bank and the peer, one after the other, with more and more clients; one hot card; batches.
    Pair,
    /// Many accounts: evenly and by Zipf's law; memory. Needs `pair`.
    Many,
    /// From the answer to the statement, through Kafka.
    Visible,
    /// gRPC and REST.
    Twin,
    /// The bank in one process on SQLite.
    Embedded,
    /// Long histories against short ones, in memory and not.
    History,
    /// A full table against an empty one.
    Growth,
    /// What the parts that cannot be done without cost by themselves.
    Ceilings,
    /// Relay, read models, statements, rebuild, each on a full log.
    ReadSide,
    /// Search, with one task and with four. Needs `read-side`.
    Mirror,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each round is measured.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = positive_seconds)]
    seconds: Duration,
    /// How long the load runs before that.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    warm_up: Duration,
    /// Rounds of each thing; medians are reported.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// Accounts of most rows.
    #[arg(long, value_name = "N", default_value = "10000")]
    accounts: NonZeroUsize,
    /// Accounts of the rows about many.
    #[arg(long, value_name = "N", default_value = "100000")]
    many_accounts: NonZeroUsize,
    /// Events of the rows about the read side.
    #[arg(long, value_name = "N", default_value = "300000")]
    events: NonZeroUsize,
    /// Events of an account with a long history.
    #[arg(long, value_name = "N", default_value = "100000")]
    history_events: NonZeroU32,
    /// Events in the table of the row about growth.
    #[arg(long, value_name = "N", default_value = "2000000")]
    grown_events: NonZeroU64,
    /// Decisions of the row about memory.
    #[arg(long, value_name = "N", default_value = "1000000")]
    memory_decisions: NonZeroU64,
    /// Decides which account buys what for how much.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Only these parts; the rows of the others say that they were not measured.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
    /// The folder with PERFORMANCE.md, whose figures are replaced, and `images`.
    #[arg(long, value_name = "FOLDER")]
    docs: Option<PathBuf>,
    /// One JSON object per row instead of lines.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Default)]
struct Findings {
    figures: Vec<Figure>,
    points: Vec<Point>,
    ceilings: Vec<Ceiling>,
    failures: Vec<String>,
}

impl Args {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn load(&self) -> Load {
        Load::closed(self.warm_up, self.seconds)
    }
}

/// Succeeds when all that was asked for was measured, whatever the figures are.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    stack::build().await?;
    let begin = Instant::now();
    let mut found = Findings::default();
    if args.wants(Part::Pair) {
        let measured = parts::pair(args, &mut found).await;
        found.note("pair", measured);
    }
    if args.wants(Part::Visible) {
        let measured = parts::visible(args, &mut found).await;
        found.note("visible", measured);
    }
    if args.wants(Part::Twin) {
        let measured = parts::twin(args, &mut found).await;
        found.note("twin", measured);
    }
    if args.wants(Part::Embedded) {
        let measured = parts::embedded(args, &mut found).await;
        found.note("embedded", measured);
    }
    if args.wants(Part::History) {
        let measured = write_side::history(args, &mut found).await;
        found.note("history", measured);
    }
    if args.wants(Part::Growth) {
        let measured = write_side::growth(args, &mut found).await;
        found.note("growth", measured);
    }
    if args.wants(Part::Ceilings) {
        let measured = write_side::ceilings(args, &mut found).await;
        found.note("ceilings", measured);
    }
    if args.wants(Part::ReadSide) {
        let measured = read_side::read_side(args, &mut found).await;
        found.note("read-side", measured);
    }
    let took = begin.elapsed();
    let docs = args.docs.clone().unwrap_or_else(|| workspace().join("docs"));
    found.write(&docs, took)?;
    for asked in WHAT_IS_ASKED {
        let figure = found.figures.iter().find(|figure| figure.row == asked.row);
        println!("{}", figure::line(asked, figure, args.json)?);
    }
    eprintln!("the report took {took:.0?}");
    Ok(if found.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Findings {
    /// A part that could not be measured leaves its rows empty; the others go on.
    fn note(&mut self, part: &str, measured: Result<()>) {
        if let Err(error) = measured {
            let failure = format!("{part}: {error:#}");
            eprintln!("benches: {failure}");
            self.failures.push(failure);
        }
    }

    fn write(&self, docs: &std::path::Path, took: Duration) -> Result<()> {
        let path = docs.join("PERFORMANCE.md");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let block = document::block(self, took);
        let text = document::replace(&text, &block)?;
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        if self.points.is_empty() {
            return Ok(());
        }
        let picture = docs.join("images/performance.svg");
        std::fs::write(&picture, chart::draw(&self.points)).with_context(|| picture.display().to_string())
    }
}

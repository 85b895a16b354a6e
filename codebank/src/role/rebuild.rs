//! `codebank rebuild`: a read model anew from the log, while the old one serves.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use command_api::event_store::sqlite;
use command_api::event_store::table_feed::TableFeed;
use projections::kafka_feed::{self, KafkaFeed};
use projections::rebuild::rebuild;
use projections::{Projection, ReadStore};
use proto::feed::Feed;

use super::{Common, embedded, stop_on_signal};
use crate::settings::Check;
use crate::telemetry;

const CONNECTIONS: u32 = 4;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The read model; `all` for every one of them.
    #[arg(value_name = "PROJECTION")]
    projection: String,
    /// The read models' PostgreSQL database. Without it, the embedded bank's data are rebuilt.
    #[arg(long, env = "CODEBANK_READ_DATABASE_URL")]
    read_database_url: Option<String>,
    /// Kafka's bootstrap servers, host:port with commas; with a PostgreSQL database.
    #[arg(long, env = "CODEBANK_KAFKA_BROKERS")]
    kafka_brokers: Option<String>,
    /// The topic of account events.
    #[arg(long, env = "CODEBANK_TOPIC", default_value = proto::ACCOUNT_EVENTS_TOPIC)]
    topic: String,
    /// The folder of the embedded bank's data.
    #[arg(long, env = "CODEBANK_DATA", value_name = "DIR", default_value = embedded::DEFAULT_DATA)]
    data: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Where the read models are and where the log is.
enum Settings {
    Full {
        database: String,
        feed: kafka_feed::Settings,
    },
    Embedded,
}

impl Args {
    fn check(&self) -> anyhow::Result<Option<Settings>> {
        let mut check = Check::default();
        let settings = if let Some(url) = self.read_database_url.as_deref() {
            let database = check.postgres("CODEBANK_READ_DATABASE_URL", Some(url));
            let brokers = check.brokers("CODEBANK_KAFKA_BROKERS", self.kafka_brokers.as_deref());
            let mut feed = kafka_feed::Settings::new(brokers);
            feed.topic.clone_from(&self.topic);
            check.plain("CODEBANK_TOPIC", &self.topic);
            Settings::Full { database, feed }
        } else {
            check.plain("CODEBANK_DATA", self.data.display());
            Settings::Embedded
        };
        Ok(check.finish(settings, self.common.print_config)?)
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let wanted: Vec<Projection> = if args.projection == "all" {
        Projection::ALL.to_vec()
    } else {
        vec![args.projection.parse()?]
    };
    let Some(settings) = args.check()? else {
        return Ok(());
    };
    telemetry::start_logging(args.common.log, telemetry::DEFAULT_FILTER);
    let stop = stop_on_signal()?;
    let (store, feed): (ReadStore, Box<dyn Feed>) = match settings {
        Settings::Full { database, feed } => (
            ReadStore::open(&database, CONNECTIONS)?,
            Box::new(KafkaFeed::whole_topic(&feed)?),
        ),
        Settings::Embedded => {
            let events = args.data.join("events.db");
            anyhow::ensure!(events.is_file(), "{} holds no embedded bank", args.data.display());
            let events = sqlite::open(&events).await.context("the event log")?;
            let store = ReadStore::open_file(&args.data.join("read-models.db"), CONNECTIONS);
            (store, Box::new(TableFeed::new(Arc::new(events))))
        }
    };
    let rebuilt = rebuild(&store, &wanted, feed, &stop).await?;
    println!("rebuilt {} from {} events", args.projection, rebuilt.events);
    Ok(())
}

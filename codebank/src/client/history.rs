//! `codebank history`: an account's events, as they are recorded.

use anyhow::Context;
use chrono::{DateTime, SecondsFormat};
use comfy_table::{ContentArrangement, Table, presets};
use domain::Money;
use proto::codebank::v1::history_service_client::HistoryServiceClient;
use proto::codebank::v1::{AccountEventsRequest, RecordedEvent};
use serde::Deserialize;
use serde_json::Value;

use super::{GrpcServer, explain};

/// How wide the table is where there is no terminal to ask.
const WIDTH: u16 = 130;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The account's id.
    #[arg(value_name = "ACCOUNT")]
    account_id: String,
    /// The first event wanted.
    #[arg(long, value_name = "SEQUENCE", default_value_t = 1)]
    from: u64,
    /// Print one JSON object a line, byte for byte as recorded.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: GrpcServer,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut bank = HistoryServiceClient::new(args.server.connect().await?);
    let request = AccountEventsRequest {
        account_id: args.account_id.clone(),
        from_sequence: args.from,
    };
    let mut events = bank
        .account_events(request)
        .await
        .map_err(|status| explain(&status))?
        .into_inner();
    let mut table = table();
    while let Some(message) = events.message().await.map_err(|status| explain(&status))? {
        let event = message.event.context("the bank sent an empty event")?;
        if args.json {
            println!("{}", event.data_json);
        } else {
            table.add_row([
                event.sequence.to_string(),
                when(&event),
                event.r#type.clone(),
                details(&event)?,
            ]);
        }
    }
    if !args.json {
        println!("{table}");
    }
    Ok(())
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["#", "recorded at", "event", "details"]);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    table
}

fn when(event: &RecordedEvent) -> String {
    let recorded_at = event.recorded_at.unwrap_or_default();
    let nanos = u32::try_from(recorded_at.nanos).unwrap_or_default();
    DateTime::from_timestamp(recorded_at.seconds, nanos).map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    })
}

/// The event's own fields, without those that have a column: `amount 49.90 BRL, merchant.name Livraria`.
fn details(event: &RecordedEvent) -> anyhow::Result<String> {
    let data: Value = serde_json::from_str(&event.data_json).context("the event is not JSON")?;
    let mut words = Vec::new();
    for (name, value) in data.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "type" | "occurred_at") {
            describe(name, value, &mut words);
        }
    }
    Ok(words.join(", "))
}

fn describe(name: &str, value: &Value, words: &mut Vec<String>) {
    if let Ok(money) = Money::deserialize(value) {
        words.push(format!("{name} {money}"));
        return;
    }
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                describe(&format!("{name}.{field}"), value, words);
            }
        }
        Value::String(text) => words.push(format!("{name} {text}")),
        other => words.push(format!("{name} {other}")),
    }
}

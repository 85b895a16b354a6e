//! The commands. Each role's settings come from the environment first; every one also has a flag.

use clap::{Parser, Subcommand};

use crate::client::{dashboards, history, pay, statement};
use crate::role::{command_api, embedded, migrate, projections, rebuild, relay, store, web};

/// A bank that issues credit cards. Without a command it runs whole, in this process, with its data in a folder.
#[derive(Debug, Parser)]
#[command(name = "codebank", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) embedded: embedded::Args,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::enum_variant_names, reason = "the role is called command-api")]
pub(crate) enum Command {
    /// Run the whole bank in this process, embedded, on SQLite (the default).
    Up(embedded::Args),
    /// Run the write side: gRPC in, events into PostgreSQL.
    CommandApi(command_api::Args),
    /// Hand committed events on to Kafka.
    Relay(relay::Args),
    /// Run the read side: events from Kafka into read models, served by GraphQL.
    Projections(projections::Args),
    /// Run the pages of cardholders and operators, beside a bank whose roles run elsewhere.
    Web(web::Args),
    /// Run a shop, a customer of the bank: pages and a REST API, charging cards over gRPC.
    Store(store::Args),
    /// Bring the PostgreSQL databases to this version's tables.
    Migrate(migrate::Args),
    /// Build a read model anew from the log while the old one serves, then swap.
    Rebuild(rebuild::Args),
    /// Pay with a card, as a checkout would, and print the decision.
    Pay(pay::Args),
    /// Print an account's statement.
    Statement(statement::Args),
    /// Print an account's event history.
    History(history::Args),
    /// Give Kibana the dashboards of this version.
    Dashboards(dashboards::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}

//! How the relay is doing, for readiness probes, operators and metrics.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::{counter, gauge};
use tokio::sync::watch;

/// What a relay is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It has not reached its neighbours yet, or has lost them.
    Starting,
    /// Another relay works; this one takes over when that one is gone.
    Standby,
    /// It publishes.
    Active,
    Stopped,
}

/// How a relay is doing.
#[derive(Debug, Clone)]
pub struct Status {
    pub role: Role,
    /// Since when an event may be waiting that Kafka has not acknowledged; none when everything read is published.
    pub behind_since: Option<DateTime<Utc>>,
    /// Accounts whose events are held back because one of them cannot be published.
    pub held_accounts: usize,
    /// What keeps the relay from its work; none while it does it or stands by.
    pub last_error: Option<String>,
}

impl Status {
    /// Whether it has reached the database and Kafka and does its part.
    pub fn is_ready(&self) -> bool {
        matches!(self.role, Role::Active | Role::Standby) && self.last_error.is_none()
    }

    /// How old the oldest event is that may be waiting.
    pub fn lag(&self) -> TimeDelta {
        self.behind_since.map_or(TimeDelta::zero(), |since| {
            (Utc::now() - since).max(TimeDelta::zero())
        })
    }
}

/// Where the relay writes its status.
#[derive(Debug)]
pub(super) struct StatusBoard(watch::Sender<Status>);

impl StatusBoard {
    pub(super) fn new() -> Self {
        let status = Status {
            role: Role::Starting,
            behind_since: None,
            held_accounts: 0,
            last_error: None,
        };
        Self(watch::Sender::new(status))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }

    /// True when there is something new about it.
    pub(super) fn enter(&self, role: Role) -> bool {
        gauge!("codebank_relay_active").set(if role == Role::Active { 1.0 } else { 0.0 });
        self.0.send_if_modified(|status| {
            let changed = status.role != role;
            status.role = role;
            if role == Role::Standby {
                // What waits is the working relay's to tell.
                status.behind_since = None;
            }
            status.last_error.take().is_some() || changed
        })
    }

    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        counter!("codebank_relay_interruptions_total").increment(1);
        gauge!("codebank_relay_active").set(0.0);
        self.0.send_modify(|status| {
            status.role = Role::Starting;
            // What commits from now on waits.
            status.behind_since.get_or_insert_with(Utc::now);
            status.last_error = Some(with_causes(error));
        });
        self.refresh_gauges();
    }

    /// Kafka is silent. The relay waits and goes on by itself; who looks at it should know.
    pub(super) fn stalled(&self, trouble: &str) {
        self.0.send_if_modified(|status| {
            let news = status.last_error.as_deref() != Some(trouble);
            status.last_error = Some(trouble.to_owned());
            news
        });
    }

    pub(super) fn flowing(&self) {
        self.0
            .send_if_modified(|status| status.last_error.take().is_some());
    }

    pub(super) fn behind_since(&self, since: Option<DateTime<Utc>>) {
        self.0
            .send_if_modified(|status| std::mem::replace(&mut status.behind_since, since) != since);
    }

    pub(super) fn holding(&self, accounts: usize) {
        self.0
            .send_if_modified(|status| std::mem::replace(&mut status.held_accounts, accounts) != accounts);
    }

    /// Writes the gauges that change by themselves as time passes.
    pub(super) fn refresh_gauges(&self) {
        let status = self.0.borrow();
        gauge!("codebank_relay_lag_seconds").set(status.lag().as_seconds_f64());
        gauge!("codebank_relay_held_accounts").set(u32::try_from(status.held_accounts).unwrap_or(u32::MAX));
    }
}

/// An error's own words followed by those of what caused it, on one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

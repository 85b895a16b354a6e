//! The truth: every event of the bank as an auditor reads it, held to the rules that need no other witness.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::DeclineReason;
use proto::codebank::v1::RecordedEvent;
use serde_json::Value;
use tests::teller::Teller;

use crate::findings::Findings;

/// Everything that is recorded.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Purchases attempted with numbers that are not the bank's.
    pub(crate) attempts: Vec<Event>,
    /// Where each request's event is.
    by_request: BTreeMap<String, (String, usize)>,
}

/// An account's events, in order.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) events: Vec<Event>,
}

/// An event with its data.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) recorded: RecordedEvent,
    pub(crate) data: Value,
}

impl Event {
    pub(crate) fn kind(&self) -> &str {
        &self.recorded.r#type
    }

    pub(crate) fn is_decision(&self) -> bool {
        matches!(self.kind(), "purchase_approved" | "purchase_declined")
    }

    pub(crate) fn is_approval(&self) -> bool {
        self.kind() == "purchase_approved"
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.data["reason"].as_str()
    }

    /// In cents, of a purchase.
    pub(crate) fn amount(&self) -> i64 {
        self.data["amount"]["minor_units"].as_i64().unwrap_or_default()
    }
}

/// Reads the log, as a whole and account by account, which must be the same.
pub(crate) async fn read(teller: &Teller) -> Log {
    let all = teller.all_events().await.expect("the log is read");
    let mut streams: BTreeMap<(String, String), Vec<Event>> = BTreeMap::new();
    for recorded in all {
        let data = serde_json::from_str(&recorded.data_json);
        let data = data.unwrap_or_else(|error| panic!("{}: {error}", recorded.event_id));
        let stream = (recorded.stream_type.clone(), recorded.stream_id.clone());
        streams.entry(stream).or_default().push(Event { recorded, data });
    }
    let mut log = Log {
        accounts: BTreeMap::new(),
        attempts: Vec::new(),
        by_request: BTreeMap::new(),
    };
    for ((kind, id), events) in streams {
        if kind == "card_attempt" {
            log.attempts.extend(events);
            continue;
        }
        let alone = teller
            .account_events(&id)
            .await
            .expect("an account's history is read");
        let together: Vec<&RecordedEvent> = events.iter().map(|event| &event.recorded).collect();
        assert_eq!(
            alone.iter().collect::<Vec<_>>(),
            together,
            "account {id} alone and among all"
        );
        for (index, event) in events.iter().enumerate() {
            let request = event.recorded.request_id.clone();
            let taken = log.by_request.insert(request, (id.clone(), index));
            assert_eq!(
                taken, None,
                "{}: its request has two events",
                event.recorded.event_id
            );
        }
        log.accounts.insert(id.clone(), Account { id, events });
    }
    log
}

impl Log {
    /// The account's event that answers a request.
    pub(crate) fn of_request(&self, request_id: &str) -> Option<&Event> {
        let (account, index) = self.by_request.get(request_id)?;
        self.accounts.get(account)?.events.get(*index)
    }

    pub(crate) fn account_events(&self) -> usize {
        self.accounts.values().map(|account| account.events.len()).sum()
    }

    pub(crate) fn decisions(&self) -> usize {
        let events = self.accounts.values().flat_map(|account| &account.events);
        events.filter(|event| event.is_decision()).count()
    }

    /// The run was worth something: every reason there is, and approvals.
    pub(crate) fn check_reasons(&self, findings: &mut Findings) {
        let events = || self.accounts.values().flat_map(|account| &account.events);
        let seen: BTreeSet<&str> = events().filter_map(Event::reason).collect();
        for reason in DeclineReason::LADDER {
            // Only an issuing that was cut short leaves a card that no account knows.
            let wanted = reason != DeclineReason::CardNotFound;
            findings.holds(!wanted || seen.contains(reason.code()), || {
                format!("nothing was declined as {reason}")
            });
        }
        findings.holds(events().any(Event::is_approval), || {
            "nothing was approved".to_owned()
        });
        findings.holds(!self.attempts.is_empty(), || {
            "no unknown number was tried".to_owned()
        });
        for attempt in &self.attempts {
            let place = (attempt.recorded.sequence, attempt.kind());
            let what = format!("attempt {}", attempt.recorded.event_id);
            findings.equal(&what, &place, &(1, "card_not_recognized"));
        }
    }
}

impl Account {
    /// In cents.
    pub(crate) fn charged(&self) -> i64 {
        let approved = self.events.iter().filter(|event| event.is_approval());
        approved.map(Event::amount).sum()
    }

    /// In cents, as it was opened with; nobody changes it here.
    pub(crate) fn credit_limit(&self) -> i64 {
        let opened = self.events.first();
        let limit = opened.and_then(|event| event.data["credit_limit"]["minor_units"].as_i64());
        limit.unwrap_or_else(|| panic!("account {} was not opened first", self.id))
    }

    /// Sequences without a gap; no approval above the limit, and no decline for the limit's sake below it.
    pub(crate) fn check(&self, findings: &mut Findings) {
        let limit = self.credit_limit();
        let mut charged = 0;
        for (sequence, event) in (1..).zip(&self.events) {
            let id = &event.recorded.event_id;
            findings.equal(
                &format!("account {}: sequence", self.id),
                &event.recorded.sequence,
                &sequence,
            );
            let after = charged + event.amount();
            if event.is_approval() {
                findings.holds(after <= limit, || {
                    format!(
                        "{id} was approved: {charged} charged before, limit {limit}, {}",
                        event.data
                    )
                });
                charged = after;
            }
            if event.reason() == Some("over_limit") {
                findings.holds(after > limit, || {
                    format!(
                        "{id} was declined: {charged} charged before, limit {limit}, {}",
                        event.data
                    )
                });
            }
        }
    }
}

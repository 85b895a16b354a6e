//! Who heard every answer: holds each to the log, and the log to the rules.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use command_api::event_store::{ACCOUNT_STREAM, EventLog, Recorded, RequestKey};
use command_api::execute::{Answer, ExecuteError, Executor, Request};
use domain::account::{Event, Rejection, State, evolve};
use domain::{AccountId, RequestId};

/// What an answer claims of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    Recorded(&'static str),
    /// Another request has the id.
    Taken,
    Rejected(Rejection),
    /// This call recorded nothing, for want of time or room.
    Nothing,
    Unknown,
}

impl Claim {
    fn of(answer: &Result<Box<Answer>, ExecuteError>) -> Self {
        match answer {
            Ok(answer) => Self::Recorded(kind(&answer.event)),
            Err(ExecuteError::RequestIdReused { .. }) => Self::Taken,
            Err(ExecuteError::Rejected(rejection)) => Self::Rejected(*rejection),
            Err(ExecuteError::Overloaded | ExecuteError::DeadlineExceeded) => Self::Nothing,
            Err(ExecuteError::OutcomeUnknown) => Self::Unknown,
            Err(ExecuteError::Damaged { event_id }) => panic!("{event_id} is held to be damaged"),
        }
    }

    fn is_of_nothing(self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Nothing)
    }
}

pub(crate) fn kind(event: &Recorded) -> &'static str {
    event.account_event().expect("an account's event").name()
}

/// A request, and what its caller was answered.
type Heard = (Request, Result<Box<Answer>, ExecuteError>);

/// Everything that was asked and answered.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    heard: Mutex<Vec<Heard>>,
}

impl Witness {
    pub(crate) async fn ask(&self, bank: &Executor, request: &Request) -> Claim {
        let answer = bank.execute(request.clone()).await;
        let claim = Claim::of(&answer);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((request.clone(), answer));
        claim
    }

    pub(crate) fn count(&self, claim: Claim) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .iter()
            .filter(|(_, answer)| Claim::of(answer) == claim)
            .count()
    }

    /// The requests of which no answer says what became of them.
    pub(crate) fn unsettled(&self) -> Vec<Request> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unsettled: HashMap<(RequestId, [u8; 32]), &Request> = heard
            .iter()
            .filter(|(_, answer)| Claim::of(answer) == Claim::Unknown)
            .map(|(request, _)| (by(request.key), request))
            .collect();
        for (request, answer) in heard.iter() {
            if matches!(Claim::of(answer), Claim::Recorded(_) | Claim::Taken) {
                unsettled.remove(&by(request.key));
            }
        }
        unsettled.into_values().cloned().collect()
    }

    /// Every answer says what the log says; an id of which all answers say that nothing is recorded has no event.
    pub(crate) fn check(&self, log: &Log) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answers: HashMap<_, Vec<&Result<Box<Answer>, ExecuteError>>> = HashMap::new();
        for (request, answer) in heard.iter() {
            answers.entry(by(request.key)).or_default().push(answer);
            check_answer(request.key, answer, log.by_request.get(&request.key.id));
        }
        for (key, answers) in answers {
            let recorded = log.by_request.get(&key.0);
            let recorded = recorded.filter(|event| event.request.map(by) == Some(key));
            if answers.iter().all(|answer| Claim::of(answer).is_of_nothing()) {
                assert!(recorded.is_none(), "{answers:?}, but there is {recorded:?}");
            }
            let first =
                |answer: &&&Result<Box<Answer>, _>| answer.as_ref().is_ok_and(|answer| !answer.replayed);
            assert!(
                answers.iter().filter(first).count() <= 1,
                "recorded twice: {answers:?}"
            );
        }
    }
}

fn by(key: RequestKey) -> (RequestId, [u8; 32]) {
    (key.id, key.fingerprint)
}

fn check_answer(key: RequestKey, answer: &Result<Box<Answer>, ExecuteError>, recorded: Option<&Recorded>) {
    let place = |event: &Recorded| {
        (
            event.event_id(),
            event.payload.clone(),
            event.position,
            event.request,
        )
    };
    match answer {
        Ok(answer) => {
            let recorded = recorded.unwrap_or_else(|| panic!("not in the log: {answer:?}"));
            assert_eq!(place(&answer.event), place(recorded));
            assert_eq!(recorded.request, Some(key));
            assert_eq!(answer.fact, recorded.fact().expect("a fact"));
        }
        Err(ExecuteError::RequestIdReused { first }) => {
            assert_eq!(recorded.map(place), Some(place(first)));
            assert_ne!(first.request, Some(key));
        }
        Err(_) => {}
    }
}

/// All that is recorded of some accounts.
pub(crate) struct Log {
    by_request: HashMap<RequestId, Recorded>,
    accounts: HashMap<AccountId, Vec<Recorded>>,
}

impl Log {
    pub(crate) async fn read(log: &dyn EventLog, accounts: impl Iterator<Item = AccountId>) -> Self {
        let (mut by_request, mut histories) = (HashMap::new(), HashMap::new());
        for account_id in accounts {
            let events = log.load(ACCOUNT_STREAM, &[(account_id.as_uuid(), 0)]).await;
            let events = events.expect("the log is there");
            for event in &events {
                let request = event.request.expect("every event answers a request");
                let twice = by_request.insert(request.id, event.clone());
                assert!(twice.is_none(), "one request, two events: {twice:?}");
            }
            histories.insert(account_id, events);
        }
        Self {
            by_request,
            accounts: histories,
        }
    }

    /// The account's state after all its events, which follow one another and never pass the limit.
    pub(crate) fn state(&self, account_id: AccountId) -> State {
        let (mut state, mut approved) = (State::default(), 0);
        for (sequence, recorded) in (1..).zip(&self.accounts[&account_id]) {
            assert_eq!(recorded.sequence, sequence, "{account_id} has a gap");
            let event = recorded.account_event().expect("an account's event");
            state = evolve(state, &event).unwrap_or_else(|error| panic!("{recorded:?}: {error}"));
            let account = state.account().expect("it is open");
            if let Event::PurchaseApproved(purchase) = &event {
                approved += purchase.amount.minor_units();
                assert!(
                    approved <= account.credit_limit.minor_units(),
                    "{account_id}: {approved}"
                );
            }
            assert_eq!(account.outstanding.minor_units(), approved);
        }
        state
    }
}

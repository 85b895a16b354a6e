//! Those who ask, all at once, each one thing after the other: an errand that fails is taken to the next process under the same
//! request id, until there is an answer.

use std::error::Error;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use proto::codebank::v1::{
    ActivateCardRequest, Authorization, BlockCardRequest, CancelCardRequest, ChangeCreditLimitRequest,
    CloseAccountRequest, IssueCardRequest, UnblockCardRequest,
};
use proto::payment::{CreditCard, PaymentRequest};
use tests::teller::{Card, Teller, brl, decision, purchase};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::plan::{Account, ERRANDS, Errand, Manner, What};

pub(crate) const CLIENTS: usize = 8;
const DEADLINE: Duration = Duration::from_secs(10);
/// How long one errand is tried.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);

/// An answer that stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Decided(Authorization),
    /// By the old contract.
    Paid,
    /// By the old contract, which calls a decline a failure.
    NotPaid,
    Changed {
        version: u64,
        whole: String,
    },
    /// Nothing is recorded, and this is the reason.
    Refused(String),
    /// What cannot be repeated was not answered.
    Unknown,
}

/// What one client heard, and when: moments are counted over all clients.
#[derive(Debug)]
pub(crate) struct Heard {
    /// By its place in the plan.
    pub(crate) errand: usize,
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) told: Told,
}

/// All clients, and what they share.
pub(crate) struct Branch<'a> {
    tellers: &'a [Teller],
    accounts: &'a [Account],
    errands: &'a [Errand],
    moment: AtomicU64,
    pub(crate) done: AtomicUsize,
}

impl<'a> Branch<'a> {
    pub(crate) fn new(tellers: &'a [Teller], accounts: &'a [Account], errands: &'a [Errand]) -> Self {
        Self {
            tellers,
            accounts,
            errands,
            moment: AtomicU64::new(0),
            done: AtomicUsize::new(0),
        }
    }

    /// A part of every client's errands.
    pub(crate) async fn run(&self, part: Range<usize>) -> Vec<Heard> {
        let clients = (0..CLIENTS).map(|client| {
            let part = part.clone();
            async move {
                let mut heard = Vec::new();
                for place in part {
                    heard.push(self.do_errand(client * ERRANDS + place).await);
                    self.done.fetch_add(1, Ordering::Relaxed);
                }
                heard
            }
        });
        join_all(clients).await.into_iter().flatten().collect()
    }

    async fn do_errand(&self, index: usize) -> Heard {
        let errand = &self.errands[index];
        let sent = self.moment.fetch_add(1, Ordering::SeqCst);
        let told = match errand.manner {
            _ if matches!(errand.what, What::Payment { .. }) => self.paid(errand).await,
            Manner::Once => self.settled(errand, errand.office).await.0,
            Manner::Again => self.again(errand).await,
            Manner::AtOnce => self.at_once(errand).await,
        };
        let answered = match told {
            // It may happen at any time from now on.
            Told::Unknown => u64::MAX,
            _ => self.moment.fetch_add(1, Ordering::SeqCst),
        };
        Heard {
            errand: index,
            sent,
            answered,
            told,
        }
    }

    async fn again(&self, errand: &Errand) -> Told {
        let (first, _) = self.settled(errand, errand.office).await;
        // What was refused may be granted the next time.
        if !matches!(first, Told::Refused(_)) {
            let again = self.settled(errand, errand.office + 1).await;
            assert_eq!(again, (first.clone(), true), "the repeat of {errand:?}");
        }
        first
    }

    async fn at_once(&self, errand: &Errand) -> Told {
        let ((one, one_again), (other, other_again)) = tokio::join!(
            self.settled(errand, errand.office),
            self.settled(errand, errand.office + 1)
        );
        match (&one, &other) {
            (Told::Refused(_), _) => other,
            // Refused first, granted in the end.
            (_, Told::Refused(_)) => one,
            _ => {
                assert_eq!(one, other, "{errand:?}");
                assert!(one_again || other_again, "recorded twice: {errand:?}");
                one
            }
        }
    }

    /// Asks one process after the other until there is an answer that stands; and whether it is called a repeat.
    async fn settled(&self, errand: &Errand, office: usize) -> (Told, bool) {
        let give_up = Instant::now() + PATIENCE;
        for try_number in 0.. {
            let teller = &self.tellers[(office + try_number) % self.tellers.len()];
            match self.ask(teller, errand).await {
                Ok(answer) => return answer,
                Err(status) if may_be_repeated(&status) => {
                    assert!(Instant::now() < give_up, "{errand:?}: {status:?}");
                }
                Err(status) => return (Told::Refused(reason(&status)), false),
            }
            tokio::time::sleep(PAUSE).await;
        }
        unreachable!("it gives up before that")
    }

    async fn ask(&self, teller: &Teller, errand: &Errand) -> Result<(Told, bool), Status> {
        let account = &self.accounts[errand.account];
        let card = &account.cards[errand.card];
        let mut accounts = teller.accounts.clone();
        let (request_id, account_id) = (errand.request_id.clone(), account.id.clone());
        let card_id = card.card_id.clone();
        macro_rules! changed {
            ($method:ident, $message:ident $(, $field:ident)*) => {{
                let message = $message { request_id, account_id, $($field),* };
                let mut request = tonic::Request::new(message);
                request.set_timeout(DEADLINE);
                let answer = accounts.$method(request).await?;
                let again = is_repeat(&answer);
                let message = answer.into_inner();
                let version = message.account_version;
                let whole = format!("{message:?}");
                Ok((Told::Changed { version, whole }, again))
            }};
        }
        match errand.what {
            What::Purchase { amount, typed_in } => {
                let presented = if typed_in { card.typed_in() } else { card.on_file() };
                let mut request = purchase(presented, amount, &errand.description);
                request.request_id = request_id;
                let answer = teller.authorize(&request, DEADLINE).await?;
                let again = is_repeat(&answer);
                Ok((Told::Decided(decision(answer)), again))
            }
            What::Payment { .. } => unreachable!("it is not repeated"),
            What::ChangeLimit { limit } => {
                let credit_limit = Some(brl(limit));
                changed!(change_credit_limit, ChangeCreditLimitRequest, credit_limit)
            }
            What::IssueCard => {
                let (expiry_month, expiry_year) = (12, 2035);
                let card_number = String::new();
                changed!(
                    issue_card,
                    IssueCardRequest,
                    expiry_month,
                    expiry_year,
                    card_number
                )
            }
            What::Activate => changed!(activate_card, ActivateCardRequest, card_id),
            What::Block => changed!(block_card, BlockCardRequest, card_id),
            What::Unblock => changed!(unblock_card, UnblockCardRequest, card_id),
            What::Cancel => changed!(cancel_card, CancelCardRequest, card_id),
            What::Close => changed!(close_account, CloseAccountRequest),
        }
    }

    /// One call.
    async fn paid(&self, errand: &Errand) -> Told {
        let What::Payment { amount } = errand.what else {
            unreachable!("a payment was asked for")
        };
        let card = &self.accounts[errand.account].cards[errand.card];
        let mut request = tonic::Request::new(payment(card, amount, &errand.description));
        request.set_timeout(DEADLINE);
        let teller = &self.tellers[errand.office % self.tellers.len()];
        match teller.payments.clone().payment(request).await {
            Ok(_) => Told::Paid,
            Err(status) if status.code() == Code::FailedPrecondition => Told::NotPaid,
            Err(status) if may_be_repeated(&status) => Told::Unknown,
            Err(status) => panic!("{errand:?}: {status:?}"),
        }
    }
}

fn payment(card: &Card, amount: i64, description: &str) -> PaymentRequest {
    PaymentRequest {
        credit_card: Some(CreditCard {
            name: "M DE ASSIS".to_owned(),
            number: card.number.clone(),
            expiration_month: card.expiry_month.cast_signed(),
            expiration_year: card.expiry_year.cast_signed(),
            cvv: card.security_code.parse().expect("digits"),
        }),
        amount: format!("{}.{:02}", amount / 100, amount % 100)
            .parse()
            .expect("a number"),
        store: "Livraria".to_owned(),
        description: description.to_owned(),
    }
}

fn is_repeat<T>(answer: &Response<T>) -> bool {
    let header = answer.metadata().get(proto::REPLAYED_HEADER);
    header.is_some_and(|value| value == "true")
}

/// Nobody knows, or nothing was done; or the connection broke under the call, without a word from the bank.
fn may_be_repeated(status: &Status) -> bool {
    let told = matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled
    );
    told || status.source().is_some()
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.unwrap_or_else(|| panic!("no reason is given: {status:?}"))
        .reason
}

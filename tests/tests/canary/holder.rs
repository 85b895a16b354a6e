//! A cardholder who is careless in every way there is: the number is typed into every field that takes a text.

use std::time::Duration;

use proto::codebank::v1::authorize_request::Card as Presented;
use proto::codebank::v1::{
    AccountEventsRequest, ActivateCardRequest, AllEventsRequest, AuthorizeRequest, IssueCardRequest,
};
use proto::payment::{CreditCard, PaymentRequest};
use tests::scan::SecurityCodes;
use tests::teller::{Card, Teller, purchase, request_id};
use tonic::Status;

const CALM: Duration = Duration::from_secs(20);
/// More tries than chance will ever need: four codes in ten can be told.
const TRIES_MAX: usize = 60;

/// Documented test numbers, each of another scheme.
pub(crate) const DOCUMENTED: [&str; 3] = ["4242424242424242", "5555555555554444", "378282246310005"];

/// The cards of this test.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) documented: Vec<Card>,
    /// By numbers that exist nowhere else.
    pub(crate) made: Vec<Card>,
    /// A number that the bank never issued, tried all the same.
    pub(crate) unknown: String,
}

impl Holder {
    /// Cards by numbers of all kinds: documented, made here, made by the bank.
    pub(crate) async fn with_cards(teller: &Teller, documented: &[&str]) -> Self {
        let account = teller.open_account(10_000_000, 10).await;
        let random = &mut rand::rng();
        let mut holder = Self {
            documented: Vec::new(),
            made: Vec::new(),
            unknown: tests::luhn::random_number("6011", random),
        };
        for number in documented {
            let card = teller.issue_card(&account, (12, 2035), number).await;
            teller.activate(&card).await;
            holder.documented.push(card);
        }
        for _ in 0..2 {
            let number = tests::luhn::random_number("51", &mut rand::rng());
            let card = teller.issue_card(&account, (12, 2035), &number).await;
            teller.activate(&card).await;
            holder.made.push(card);
        }
        let can_be_told = |card: &Card| SecurityCodes::can_be_told(&card.security_code);
        for _ in 0..TRIES_MAX {
            let card = teller.active_card(&account).await;
            let last = can_be_told(&card);
            holder.made.push(card);
            if last {
                return holder;
            }
        }
        panic!("{TRIES_MAX} security codes, and all of them small");
    }

    pub(crate) fn cards(&self) -> impl Iterator<Item = &Card> {
        self.documented.iter().chain(&self.made)
    }

    pub(crate) fn account(&self) -> &str {
        &self.made[0].account_id
    }

    /// Every number, the unknown one too.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let issued = self.cards().map(|card| card.number.clone());
        issued.chain([self.unknown.clone()]).collect()
    }

    /// The numbers that nobody but this test can have written.
    pub(crate) fn own_numbers(&self) -> Vec<String> {
        let made = self.made.iter().map(|card| card.number.clone());
        made.chain([self.unknown.clone()]).collect()
    }

    /// The codes that can be told from other small numbers.
    pub(crate) fn security_codes(&self) -> Vec<String> {
        let codes = self.cards().map(|card| card.security_code.clone());
        codes.filter(|code| SecurityCodes::can_be_told(code)).collect()
    }

    /// Buys with every card, right and wrong, over both contracts. What the bank answers, as text.
    pub(crate) async fn buy(&self, teller: &Teller) -> Vec<String> {
        let mut answers = Vec::new();
        for card in self.cards() {
            for request in careless(card) {
                let answer = teller.authorize(&request, CALM).await;
                answers.push(format!("{answer:?}"));
                let outcome = teller.outcome(&request.request_id, CALM).await;
                answers.push(format!("{outcome:?}"));
            }
            answers.extend(self.over_the_old_contract(teller, card).await);
            answers.extend(in_wrong_fields(teller, &card.number).await);
        }
        let mut unknown = self.made[0].credentials();
        unknown.number.clone_from(&self.unknown);
        let request = purchase(Presented::Credentials(unknown), 1_000, "unbekannt");
        answers.push(format!("{:?}", teller.authorize(&request, CALM).await));
        answers
    }

    async fn over_the_old_contract(&self, teller: &Teller, card: &Card) -> Vec<String> {
        let mut answers = Vec::new();
        let code: i32 = card.security_code.parse().expect("digits");
        for (number, cvv) in [
            (card.number.clone(), code),
            (card.number.clone(), (code + 1) % 1_000),
            (grouped(&card.number, " "), code),
            (self.unknown.clone(), code),
            (format!("{}0", &card.number[1..]), code),
        ] {
            let request = PaymentRequest {
                credit_card: Some(CreditCard {
                    name: format!("HOLDER OF {}", card.number),
                    number,
                    expiration_month: i32::try_from(card.expiry_month).expect("a month"),
                    expiration_year: i32::try_from(card.expiry_year).expect("a year"),
                    cvv,
                }),
                amount: 49.90,
                store: format!("Loja {}", grouped(&card.number, "-")),
                description: format!("cartão {}", card.number),
            };
            answers.push(format!("{:?}", teller.payments.clone().payment(request).await));
        }
        answers
    }
}

/// A good purchase, two with a mistake, and some with the number where it does not belong.
fn careless(card: &Card) -> Vec<AuthorizeRequest> {
    let mut wrong_code = card.credentials();
    let code: u32 = card.security_code.parse().expect("digits");
    wrong_code.security_code = format!("{:03}", (code + 1) % 1_000);
    let mut wrong_expiry = card.credentials();
    wrong_expiry.expiry_month = 1;
    let mut spaced = card.credentials();
    spaced.number = grouped(&card.number, " ");
    let number = &card.number;
    let mut requests = vec![
        purchase(card.typed_in(), 1_000, "Dom Casmurro"),
        purchase(card.on_file(), 1_000, "por arquivo"),
        purchase(card.typed_in(), 900_000_000, "um carro"),
        purchase(Presented::Credentials(wrong_code), 1_000, "outro código"),
        purchase(Presented::Credentials(wrong_expiry), 1_000, "outra validade"),
        purchase(Presented::Credentials(spaced), 1_000, "com espaços"),
        purchase(card.typed_in(), 1_000, &format!("pago com {number}")),
        purchase(
            card.typed_in(),
            1_000,
            &format!("nr. {}, obrigado", grouped(number, " ")),
        ),
        purchase(card.typed_in(), 1_000, &grouped(number, "-")),
        purchase(card.typed_in(), 1_000, &format!("{number},{number}")),
    ];
    let mut in_the_merchant = purchase(card.typed_in(), 1_000, "na loja");
    if let Some(merchant) = &mut in_the_merchant.merchant {
        // Not in the id: that is the acquirer's, typed in by nobody, and kept as it was given.
        merchant.name = format!("Loja {number}");
    }
    requests.push(in_the_merchant);
    requests
}

/// Where the bank expects something else; each must be refused, and the refusal must not repeat what it refuses.
async fn in_wrong_fields(teller: &Teller, number: &str) -> Vec<String> {
    let number = number.to_owned();
    let mut request = purchase(Presented::CardToken(number.clone()), 1_000, "ficha");
    request.request_id.clone_from(&number);
    if let Some(merchant) = &mut request.merchant {
        merchant.mcc.clone_from(&number);
    }
    if let Some(amount) = &mut request.amount {
        amount.currency_code.clone_from(&number);
    }
    let activate = ActivateCardRequest {
        request_id: request_id(),
        account_id: number.clone(),
        card_id: number.clone(),
    };
    let issue = IssueCardRequest {
        request_id: number.clone(),
        account_id: number.clone(),
        expiry_month: 12,
        expiry_year: 2035,
        card_number: format!("{number}1"),
    };
    let events = AccountEventsRequest {
        account_id: number.clone(),
        from_sequence: 0,
    };
    let all = AllEventsRequest {
        after_position: number.clone(),
    };
    let mut accounts = teller.accounts.clone();
    let mut history = teller.history.clone();
    vec![
        refused(teller.authorize(&request, CALM).await.err()),
        refused(teller.outcome(&number, CALM).await.err()),
        refused(accounts.activate_card(activate).await.err()),
        refused(accounts.issue_card(issue).await.err()),
        refused(history.account_events(events).await.err()),
        refused(history.all_events(all).await.err()),
    ]
}

fn refused(status: Option<Status>) -> String {
    let status = status.expect("a card number is none of these");
    // The details hold what was wrong with each field.
    format!("{status:?} {}", String::from_utf8_lossy(status.details()))
}

fn grouped(number: &str, separator: &str) -> String {
    let groups: Vec<&str> = (0..number.len())
        .step_by(4)
        .map(|at| &number[at..(at + 4).min(number.len())])
        .collect();
    groups.join(separator)
}

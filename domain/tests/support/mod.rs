//! Random histories of one account: commands in the order they come, nonsense among them, time moving forward.

use chrono::{DateTime, Duration, Utc};
use domain::account::{
    ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command,
    IssueCard, Merchant, OpenAccount, Presented, SecurityCodeCheck, UnblockCard,
};
use domain::calendar::ClosingDay;
use domain::card::{Expiry, LastFour};
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, CardId, Currency, Money};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

/// What is asked, before it is known when.
#[derive(Debug, Clone, Copy)]
enum Request {
    Open(Money, u32),
    ChangeLimit(Money),
    Issue(usize),
    Activate(usize),
    Block(usize),
    Unblock(usize),
    Cancel(usize),
    Close,
    Buy(usize, Money, How),
}

#[derive(Debug, Clone, Copy)]
enum How {
    Token,
    /// With the expiry of this card, which may be another one than is paid with.
    TypedIn(usize, SecurityCodeCheck),
}

/// The cards of a history; the last one is never issued. They expire early, in the middle, and after the history's end.
const CARDS: [(u128, &str, (u32, i32)); 4] = [
    (0x1, "1111", (12, 2026)),
    (0x2, "4444", (6, 2027)),
    (0x3, "0005", (12, 2099)),
    (0x404, "0404", (1, 2030)),
];
const ISSUABLE_CARDS: usize = 3;
const HOURS_BETWEEN_MAX: i64 = 12 * 24;

/// Histories of up to 50 commands. Most begin with an open account and a card that works, or little else would happen.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Command>> {
    let beginning = prop_oneof![
        1 => Just(Vec::new()),
        9 => (0..5_000_i64, 1..=28_u32, 0..ISSUABLE_CARDS).prop_map(|(limit, closing_day, card)| {
            let limit = Money::new(limit, Currency::Brl);
            vec![Request::Open(limit, closing_day), Request::Issue(card), Request::Activate(card)]
        }),
    ];
    // By the hour, so that purchases fall around midnight in Brasília too.
    let step = (0..=HOURS_BETWEEN_MAX, request());
    (beginning, vec(step, 0..47)).prop_map(|(beginning, steps)| {
        let beginning = beginning.into_iter().map(|request| (1, request));
        let mut at: DateTime<Utc> = "2026-11-22T15:00:00Z".parse().expect("a time");
        beginning
            .chain(steps)
            .zip(1_u128..)
            .map(|((hours_later, request), number)| {
                at += Duration::hours(hours_later);
                command(request, at, number)
            })
            .collect()
    })
}

fn request() -> impl Strategy<Value = Request> {
    let any_card = || 0..CARDS.len();
    let how = prop_oneof![
        3 => Just(How::Token),
        1 => (any_card(), prop_oneof![Just(SecurityCodeCheck::Match), Just(SecurityCodeCheck::Mismatch)])
            .prop_map(|(card, code)| How::TypedIn(card, code)),
    ];
    prop_oneof![
        1 => (money(), 1..=28_u32).prop_map(|(limit, closing_day)| Request::Open(limit, closing_day)),
        4 => money().prop_map(Request::ChangeLimit),
        6 => (0..ISSUABLE_CARDS).prop_map(Request::Issue),
        8 => any_card().prop_map(Request::Activate),
        3 => any_card().prop_map(Request::Block),
        5 => any_card().prop_map(Request::Unblock),
        1 => any_card().prop_map(Request::Cancel),
        1 => Just(Request::Close),
        80 => (any_card(), money(), how).prop_map(|(card, amount, how)| Request::Buy(card, amount, how)),
    ]
}

/// Mostly what a shop or a bank would ask for; sometimes what it should not.
fn money() -> impl Strategy<Value = Money> {
    let minor_units = prop_oneof![
        12 => 1..400_i64,
        3 => 400..3_000_i64,
        1 => Just(0),
        1 => -500..0_i64,
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>()],
    ];
    let currency = prop_oneof![29 => Just(Currency::Brl), 1 => Just(Currency::Usd)];
    (minor_units, currency).prop_map(|(minor_units, currency)| Money::new(minor_units, currency))
}

fn command(request: Request, at: DateTime<Utc>, number: u128) -> Command {
    match request {
        Request::Open(credit_limit, closing_day) => Command::OpenAccount(OpenAccount {
            at,
            credit_limit,
            closing_day: ClosingDay::try_new(closing_day).expect("1 to 28"),
        }),
        Request::ChangeLimit(credit_limit) => {
            Command::ChangeCreditLimit(ChangeCreditLimit { at, credit_limit })
        }
        Request::Issue(card) => Command::IssueCard(IssueCard {
            at,
            card_id: card_id(card),
            last_four: last_four(card),
            expiry: expiry(card),
        }),
        Request::Activate(card) => Command::ActivateCard(ActivateCard {
            at,
            card_id: card_id(card),
        }),
        Request::Block(card) => Command::BlockCard(BlockCard {
            at,
            card_id: card_id(card),
        }),
        Request::Unblock(card) => Command::UnblockCard(UnblockCard {
            at,
            card_id: card_id(card),
        }),
        Request::Cancel(card) => Command::CancelCard(CancelCard {
            at,
            card_id: card_id(card),
        }),
        Request::Close => Command::CloseAccount(CloseAccount { at }),
        Request::Buy(card, amount, how) => Command::AuthorizePurchase(AuthorizePurchase {
            at,
            authorization_id: AuthorizationId::new(Uuid::from_u128(number)),
            card_id: card_id(card),
            card_last_four: last_four(card),
            presented: presented(how),
            amount,
            merchant: Merchant {
                id: MerchantId::parse("LIVRARIA-1").expect("valid"),
                name: MerchantName::parse("Livraria").expect("valid"),
                mcc: MerchantCategoryCode::parse("5942").expect("valid"),
            },
            description: Description::parse(&format!("Livro nº {number}")).expect("valid"),
        }),
    }
}

fn presented(how: How) -> Presented {
    match how {
        How::Token => Presented::Token,
        How::TypedIn(card, security_code) => Presented::Credentials {
            expiry: expiry(card),
            security_code,
        },
    }
}

fn card_id(card: usize) -> CardId {
    CardId::new(Uuid::from_u128(CARDS[card].0))
}

fn last_four(card: usize) -> LastFour {
    LastFour::parse(CARDS[card].1).expect("four digits")
}

fn expiry(card: usize) -> Expiry {
    let (month, year) = CARDS[card].2;
    Expiry::try_new(month, year).expect("a valid expiry")
}

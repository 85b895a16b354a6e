//! From a message to what the bank asks of it: values that were checked, or every fault of the message at once.
//!
//! What is secret is taken out of a message as it is parsed, so that what is left may be fingerprinted.

mod cents;
mod payment;
mod violations;

use domain::account::Merchant;
use domain::calendar::ClosingDay;
use domain::card::Expiry;
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AccountId, CardId, Currency, Money, RequestId};
use proto::codebank::v1;
use tonic::Status;
use zeroize::Zeroizing;

use crate::vault::{CardNumber, CardToken, SecurityCode};

use super::purchase::{PresentedCard, Purchase};

pub(super) use payment::payment;
use violations::Violations;

pub(super) const AMOUNT: &str = "amount";
pub(super) const CREDIT_LIMIT: &str = "credit_limit";

#[derive(Debug)]
pub(super) struct OpenAccount {
    pub(super) request_id: RequestId,
    pub(super) credit_limit: Money,
    pub(super) closing_day: ClosingDay,
}

#[derive(Debug)]
pub(super) struct ChangeCreditLimit {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    pub(super) credit_limit: Money,
}

#[derive(Debug)]
pub(super) struct IssueCard {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    pub(super) expiry: Expiry,
    pub(super) number: Option<CardNumber>,
}

/// What the four changes of a card's status ask.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the names that the message has")]
pub(super) struct ChangeCard {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    pub(super) card_id: CardId,
}

#[derive(Debug)]
pub(super) struct CloseAccount {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
}

/// Reads a purchase. The card number and the security code are no longer in the message afterwards.
pub(super) fn authorize(message: &mut v1::AuthorizeRequest) -> Result<(RequestId, Purchase), Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", message.request_id.parse());
    let card = presented_card(&mut faults, message);
    let amount = money(
        &mut faults,
        AMOUNT,
        message.amount.as_ref(),
        1,
        "must be more than zero",
    );
    let merchant = merchant(&mut faults, message.merchant.as_ref());
    let description = faults.take("description", Description::parse(&message.description));
    match (request_id, card, amount, merchant, description) {
        (Some(request_id), Some(card), Some(amount), Some(merchant), Some(description)) => Ok((
            request_id,
            Purchase {
                card,
                amount,
                merchant,
                description,
            },
        )),
        _ => Err(faults.into_status()),
    }
}

pub(super) fn open_account(message: &v1::OpenAccountRequest) -> Result<OpenAccount, Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", message.request_id.parse());
    let credit_limit = credit_limit(&mut faults, message.credit_limit.as_ref());
    let closing_day = faults.take("closing_day", ClosingDay::try_new(message.closing_day));
    match (request_id, credit_limit, closing_day) {
        (Some(request_id), Some(credit_limit), Some(closing_day)) => Ok(OpenAccount {
            request_id,
            credit_limit,
            closing_day,
        }),
        _ => Err(faults.into_status()),
    }
}

pub(super) fn change_credit_limit(
    message: &v1::ChangeCreditLimitRequest,
) -> Result<ChangeCreditLimit, Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", message.request_id.parse());
    let account_id = faults.take("account_id", message.account_id.parse());
    let credit_limit = credit_limit(&mut faults, message.credit_limit.as_ref());
    match (request_id, account_id, credit_limit) {
        (Some(request_id), Some(account_id), Some(credit_limit)) => Ok(ChangeCreditLimit {
            request_id,
            account_id,
            credit_limit,
        }),
        _ => Err(faults.into_status()),
    }
}

/// Reads a card to be issued. The card number is no longer in the message afterwards.
pub(super) fn issue_card(message: &mut v1::IssueCardRequest) -> Result<IssueCard, Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", message.request_id.parse());
    let account_id = faults.take("account_id", message.account_id.parse());
    let expiry = expiry(&mut faults, "", message.expiry_month, message.expiry_year);
    let given = Zeroizing::new(std::mem::take(&mut message.card_number));
    let number = if given.is_empty() {
        Some(None)
    } else {
        faults.take("card_number", CardNumber::parse(&given)).map(Some)
    };
    match (request_id, account_id, expiry, number) {
        (Some(request_id), Some(account_id), Some(expiry), Some(number)) => Ok(IssueCard {
            request_id,
            account_id,
            expiry,
            number,
        }),
        _ => Err(faults.into_status()),
    }
}

/// Reads a number to be looked for, which is no longer in the message afterwards.
pub(super) fn find_card(message: &mut v1::FindCardRequest) -> Result<CardNumber, Status> {
    let mut faults = Violations::default();
    let given = Zeroizing::new(std::mem::take(&mut message.card_number));
    faults
        .take("card_number", CardNumber::parse(&given))
        .ok_or_else(|| faults.into_status())
}

pub(super) fn change_card(request_id: &str, account_id: &str, card_id: &str) -> Result<ChangeCard, Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", request_id.parse());
    let account_id = faults.take("account_id", account_id.parse());
    let card_id = faults.take("card_id", card_id.parse());
    match (request_id, account_id, card_id) {
        (Some(request_id), Some(account_id), Some(card_id)) => Ok(ChangeCard {
            request_id,
            account_id,
            card_id,
        }),
        _ => Err(faults.into_status()),
    }
}

pub(super) fn close_account(message: &v1::CloseAccountRequest) -> Result<CloseAccount, Status> {
    let mut faults = Violations::default();
    let request_id = faults.take("request_id", message.request_id.parse());
    let account_id = faults.take("account_id", message.account_id.parse());
    match (request_id, account_id) {
        (Some(request_id), Some(account_id)) => Ok(CloseAccount {
            request_id,
            account_id,
        }),
        _ => Err(faults.into_status()),
    }
}

/// Reads the only field of a message, or one that is looked at by itself.
pub(super) fn only<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, Status> {
    let mut faults = Violations::default();
    faults
        .take(field, text.parse())
        .ok_or_else(|| faults.into_status())
}

/// Refuses an empty list and one that is too long.
pub(super) fn how_many(field: &str, count: usize, at_most: usize) -> Result<(), Status> {
    if (1..=at_most).contains(&count) {
        return Ok(());
    }
    let mut faults = Violations::default();
    faults.add::<()>(field, &format!("must have 1 to {at_most} items"));
    Err(faults.into_status())
}

fn presented_card(faults: &mut Violations, message: &mut v1::AuthorizeRequest) -> Option<PresentedCard> {
    match &mut message.card {
        Some(v1::authorize_request::Card::Credentials(credentials)) => {
            let number = Zeroizing::new(std::mem::take(&mut credentials.number));
            let security_code = Zeroizing::new(std::mem::take(&mut credentials.security_code));
            let number = faults.take("credentials.number", CardNumber::parse(&number));
            let expiry = expiry(
                faults,
                "credentials.",
                credentials.expiry_month,
                credentials.expiry_year,
            );
            let security_code = faults.take("credentials.security_code", SecurityCode::parse(&security_code));
            Some(PresentedCard::Credentials {
                number: number?,
                expiry: expiry?,
                security_code: security_code?,
            })
        }
        Some(v1::authorize_request::Card::CardToken(token)) => faults
            .take("card_token", CardToken::parse(token))
            .map(PresentedCard::Token),
        None => faults.add("card", "must be given: credentials or card_token"),
    }
}

/// Both halves are looked at, so that both faults are told.
fn expiry(faults: &mut Violations, prefix: &str, month: u32, year: u32) -> Option<Expiry> {
    const SOME_YEAR: i32 = 2000;
    const SOME_MONTH: u32 = 1;
    let year = i32::try_from(year).unwrap_or(i32::MAX);
    let months = faults.take(
        format_args!("{prefix}expiry_month"),
        Expiry::try_new(month, SOME_YEAR),
    );
    let years = faults.take(
        format_args!("{prefix}expiry_year"),
        Expiry::try_new(SOME_MONTH, year),
    );
    Expiry::try_new(months?.month(), years?.year()).ok()
}

fn merchant(faults: &mut Violations, merchant: Option<&v1::Merchant>) -> Option<Merchant> {
    let Some(merchant) = merchant else {
        return faults.add("merchant", "must be given");
    };
    let id = faults.take("merchant.id", MerchantId::parse(&merchant.id));
    let name = faults.take("merchant.name", MerchantName::parse(&merchant.name));
    let mcc = faults.take("merchant.mcc", MerchantCategoryCode::parse(&merchant.mcc));
    Some(Merchant {
        id: id?,
        name: name?,
        mcc: mcc?,
    })
}

fn credit_limit(faults: &mut Violations, amount: Option<&v1::Money>) -> Option<Money> {
    money(faults, CREDIT_LIMIT, amount, 0, "must be zero or more")
}

/// An amount in a currency the bank knows. Which currency the account is kept in, the account says.
fn money(
    faults: &mut Violations,
    field: &str,
    amount: Option<&v1::Money>,
    at_least: i64,
    expected: &str,
) -> Option<Money> {
    let Some(amount) = amount else {
        return faults.add(field, "must be given");
    };
    let minor_units = if amount.minor_units >= at_least {
        Some(amount.minor_units)
    } else {
        faults.add(format_args!("{field}.minor_units"), expected)
    };
    let currency = match amount.currency_code.as_str() {
        "" => Some(Currency::default()),
        code => faults.take(format_args!("{field}.currency_code"), code.parse()),
    };
    Some(Money::new(minor_units?, currency?))
}

#[cfg(test)]
mod tests;

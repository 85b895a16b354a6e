//! The rules: from what is known and what is asked to what is recorded, or why not.

use crate::calendar::{BillingCycle, business_date};
use crate::ids::CardId;
use crate::money::Money;

use super::command::{
    ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command,
    IssueCard, OpenAccount, Presented, SecurityCodeCheck, UnblockCard,
};
use super::decline::DeclineReason;
use super::event::{
    AccountClosed, AccountOpened, CardActivated, CardBlocked, CardCancelled, CardIssued, CardUnblocked,
    CreditLimitChanged, Event, PurchaseApproved, PurchaseDeclined,
};
use super::rejection::Rejection;
use super::state::{Account, CardStatus, State};

/// Records facts, or says why not. Never both, and never neither: a command that finds its work already done is refused.
/// A credit limit set again to what it is, is recorded: that the bank confirmed it is a fact of its own.
pub fn decide(state: &State, command: Command) -> Result<Vec<Event>, Rejection> {
    let event = match command {
        Command::OpenAccount(command) => Event::AccountOpened(open_account(state, &command)?),
        Command::ChangeCreditLimit(command) => {
            Event::CreditLimitChanged(change_credit_limit(state, &command)?)
        }
        Command::IssueCard(command) => Event::CardIssued(issue_card(state, command)?),
        Command::ActivateCard(command) => Event::CardActivated(activate_card(state, &command)?),
        Command::BlockCard(command) => Event::CardBlocked(block_card(state, &command)?),
        Command::UnblockCard(command) => Event::CardUnblocked(unblock_card(state, &command)?),
        Command::CancelCard(command) => Event::CardCancelled(cancel_card(state, &command)?),
        Command::CloseAccount(command) => Event::AccountClosed(close_account(state, &command)?),
        Command::AuthorizePurchase(command) => authorize_purchase(state, command)?,
    };
    Ok(vec![event])
}

fn open_account(state: &State, command: &OpenAccount) -> Result<AccountOpened, Rejection> {
    match state {
        State::Unopened => {}
        State::Open(_) => return Err(Rejection::AccountAlreadyOpen),
        State::Closed(_) => return Err(Rejection::AccountClosed),
    }
    if command.credit_limit.is_negative() {
        return Err(Rejection::CreditLimitNegative);
    }
    Ok(AccountOpened {
        occurred_at: command.at,
        credit_limit: command.credit_limit,
        closing_day: command.closing_day,
    })
}

fn change_credit_limit(state: &State, command: &ChangeCreditLimit) -> Result<CreditLimitChanged, Rejection> {
    let account = open(state)?;
    same_currency(account, command.credit_limit)?;
    if command.credit_limit.is_negative() {
        return Err(Rejection::CreditLimitNegative);
    }
    Ok(CreditLimitChanged {
        occurred_at: command.at,
        credit_limit: command.credit_limit,
    })
}

fn issue_card(state: &State, command: IssueCard) -> Result<CardIssued, Rejection> {
    if open(state)?.cards.contains_key(&command.card_id) {
        return Err(Rejection::CardAlreadyIssued);
    }
    Ok(CardIssued {
        occurred_at: command.at,
        card_id: command.card_id,
        card_last_four: command.last_four,
        expiry: command.expiry,
    })
}

fn activate_card(state: &State, command: &ActivateCard) -> Result<CardActivated, Rejection> {
    match card_status(state, command.card_id)? {
        CardStatus::Issued => {}
        CardStatus::Active => return Err(Rejection::CardAlreadyActive),
        CardStatus::Blocked => return Err(Rejection::CardAlreadyBlocked),
        CardStatus::Cancelled => return Err(Rejection::CardCancelled),
    }
    Ok(CardActivated {
        occurred_at: command.at,
        card_id: command.card_id,
    })
}

fn block_card(state: &State, command: &BlockCard) -> Result<CardBlocked, Rejection> {
    match card_status(state, command.card_id)? {
        CardStatus::Active => {}
        CardStatus::Issued => return Err(Rejection::CardNotActivated),
        CardStatus::Blocked => return Err(Rejection::CardAlreadyBlocked),
        CardStatus::Cancelled => return Err(Rejection::CardCancelled),
    }
    Ok(CardBlocked {
        occurred_at: command.at,
        card_id: command.card_id,
    })
}

fn unblock_card(state: &State, command: &UnblockCard) -> Result<CardUnblocked, Rejection> {
    match card_status(state, command.card_id)? {
        CardStatus::Blocked => {}
        CardStatus::Issued | CardStatus::Active => return Err(Rejection::CardNotBlocked),
        CardStatus::Cancelled => return Err(Rejection::CardCancelled),
    }
    Ok(CardUnblocked {
        occurred_at: command.at,
        card_id: command.card_id,
    })
}

fn cancel_card(state: &State, command: &CancelCard) -> Result<CardCancelled, Rejection> {
    match card_status(state, command.card_id)? {
        CardStatus::Issued | CardStatus::Active | CardStatus::Blocked => {}
        CardStatus::Cancelled => return Err(Rejection::CardCancelled),
    }
    Ok(CardCancelled {
        occurred_at: command.at,
        card_id: command.card_id,
    })
}

/// What was bought is still owed: closing waits for no payment.
fn close_account(state: &State, command: &CloseAccount) -> Result<AccountClosed, Rejection> {
    open(state)?;
    Ok(AccountClosed {
        occurred_at: command.at,
    })
}

/// A decline is a fact about the cardholder's purchase, and is recorded; only a malformed request is rejected.
fn authorize_purchase(state: &State, command: AuthorizePurchase) -> Result<Event, Rejection> {
    let account = state.account().ok_or(Rejection::AccountNotFound)?;
    same_currency(account, command.amount)?;
    if !command.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }

    if let Err(reason) = may_be_charged(state, account, &command) {
        return Ok(Event::PurchaseDeclined(PurchaseDeclined {
            occurred_at: command.at,
            authorization_id: command.authorization_id,
            card_id: command.card_id,
            card_last_four: command.card_last_four,
            amount: command.amount,
            merchant: command.merchant,
            description: command.description,
            reason,
        }));
    }

    Ok(Event::PurchaseApproved(PurchaseApproved {
        occurred_at: command.at,
        authorization_id: command.authorization_id,
        card_id: command.card_id,
        card_last_four: command.card_last_four,
        amount: command.amount,
        merchant: command.merchant,
        description: command.description,
        billing_cycle: BillingCycle::containing(business_date(command.at), account.closing_day),
    }))
}

/// The ladder of `DeclineReason`, from the top.
fn may_be_charged(
    state: &State,
    account: &Account,
    command: &AuthorizePurchase,
) -> Result<(), DeclineReason> {
    let card = account
        .cards
        .get(&command.card_id)
        .ok_or(DeclineReason::CardNotFound)?;
    match command.presented {
        Presented::Credentials { expiry, .. } if expiry != card.expiry => {
            return Err(DeclineReason::ExpiryMismatch);
        }
        Presented::Credentials {
            security_code: SecurityCodeCheck::Mismatch,
            ..
        } => {
            return Err(DeclineReason::SecurityCodeMismatch);
        }
        Presented::Credentials {
            security_code: SecurityCodeCheck::Match,
            ..
        }
        | Presented::Token => {}
    }
    if matches!(state, State::Closed(_)) {
        return Err(DeclineReason::AccountClosed);
    }
    match card.status {
        CardStatus::Cancelled => return Err(DeclineReason::CardCancelled),
        CardStatus::Issued => return Err(DeclineReason::CardNotActivated),
        CardStatus::Blocked => return Err(DeclineReason::CardBlocked),
        CardStatus::Active => {}
    }
    if card.expiry.is_past(business_date(command.at)) {
        return Err(DeclineReason::CardExpired);
    }
    if command.amount.minor_units() > account.available().minor_units() {
        return Err(DeclineReason::OverLimit);
    }
    Ok(())
}

fn open(state: &State) -> Result<&Account, Rejection> {
    match state {
        State::Unopened => Err(Rejection::AccountNotFound),
        State::Open(account) => Ok(account),
        State::Closed(_) => Err(Rejection::AccountClosed),
    }
}

fn card_status(state: &State, card_id: CardId) -> Result<CardStatus, Rejection> {
    let card = open(state)?.cards.get(&card_id).ok_or(Rejection::CardNotFound)?;
    Ok(card.status)
}

fn same_currency(account: &Account, amount: Money) -> Result<(), Rejection> {
    let kept_in = account.credit_limit.currency();
    if amount.currency() == kept_in {
        Ok(())
    } else {
        Err(Rejection::CurrencyMismatch { account: kept_in })
    }
}

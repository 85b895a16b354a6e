//! Opening, the credit limit, and closing.

use super::scenario::*;
use crate::account::{AccountOpened, Command, CreditLimitChanged, Event, Rejection};
use crate::calendar::ClosingDay;
use crate::money::Money;

fn limit_changed(credit_limit: Money) -> Event {
    Event::CreditLimitChanged(CreditLimitChanged {
        occurred_at: now(),
        credit_limit,
    })
}

fn opened(credit_limit: i64) -> Event {
    Event::AccountOpened(AccountOpened {
        occurred_at: now(),
        credit_limit: brl(credit_limit),
        closing_day: ClosingDay::try_new(CLOSING_DAY).expect("valid"),
    })
}

/// Every command but opening; each would be refused for the card or the amount too, were the account open.
fn all_but_opening() -> [Command; 8] {
    [
        change_limit(usd(-1)),
        issue(CARD),
        activate(NO_CARD),
        block(NO_CARD),
        unblock(NO_CARD),
        cancel(NO_CARD),
        close(),
        buy_in(usd(0)),
    ]
}

#[test]
fn nothing_but_opening_is_possible_before_the_account_is_open() {
    for command in all_but_opening() {
        check(nothing(), command, Rejection::AccountNotFound);
    }
}

#[test]
fn an_account_is_opened_with_a_limit_of_zero_or_more() {
    check(nothing(), open_account(50_000), opened(50_000));
    check(nothing(), open_account(0), opened(0));
    check(nothing(), open_account(i64::MAX), opened(i64::MAX));
    check(nothing(), open_account(-1), Rejection::CreditLimitNegative);
    check(nothing(), open_account(i64::MIN), Rejection::CreditLimitNegative);
}

#[test]
fn an_account_is_opened_once() {
    check(account(500), open_account(500), Rejection::AccountAlreadyOpen);
    check(account(500), open_account(-1), Rejection::AccountAlreadyOpen);
    check(
        account(500).and(close()),
        open_account(500),
        Rejection::AccountClosed,
    );
    check(
        account(500).and(close()),
        open_account(-1),
        Rejection::AccountClosed,
    );
}

#[test]
fn a_limit_may_become_anything_but_negative() {
    check(account(500), change_limit(brl(700)), limit_changed(brl(700)));
    check(account(500), change_limit(brl(0)), limit_changed(brl(0)));
    check(account(500), change_limit(brl(500)), limit_changed(brl(500)));
    check(
        account(500),
        change_limit(brl(-1)),
        Rejection::CreditLimitNegative,
    );
}

#[test]
fn a_limit_may_fall_below_what_is_already_spent() {
    let spent = active_card(500).and(buy(CARD, 400));
    check(spent, change_limit(brl(100)), limit_changed(brl(100)));
}

#[test]
fn a_limit_keeps_the_currency_of_the_account() {
    let mismatch = Rejection::CurrencyMismatch {
        account: brl(0).currency(),
    };
    check(account(500), change_limit(usd(500)), mismatch);
    check(account(500), change_limit(usd(-1)), mismatch);
}

#[test]
fn an_account_is_closed_once_whatever_is_on_it() {
    check(account(500), close(), closed());
    check(active_card(500).and(buy(CARD, 400)), close(), closed());
    check(account(500).and(close()), close(), Rejection::AccountClosed);
}

#[test]
fn a_closed_account_refuses_every_command_but_a_purchase() {
    let closed = active_card(500).and(close());
    let commands = all_but_opening().into_iter();
    for command in commands.filter(|command| !matches!(command, Command::AuthorizePurchase(_))) {
        check(closed.clone(), command, Rejection::AccountClosed);
    }
}

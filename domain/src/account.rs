//! The card account: a credit line and the cards that draw on it, one aggregate, so that "may this card be used" and "is
//! there limit left" are one decision, in one place, with no race.
//!
//! Read in this order: what may be asked (`command`), what is recorded (`event`), what is known (`state`), the one place that
//! decides (`decide`) with its refusals (`rejection`, `decline`), and the thin adapter to cqrs-es (`aggregate`).

mod aggregate;
mod command;
mod decide;
mod decline;
mod event;
mod rejection;
mod state;

pub use aggregate::CardAccount;
pub use command::{
    ActivateCard, AuthorizePurchase, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command,
    IssueCard, OpenAccount, Presented, SecurityCodeCheck, UnblockCard,
};
pub use decide::decide;
pub use decline::DeclineReason;
pub use event::{
    AccountClosed, AccountOpened, CardActivated, CardBlocked, CardCancelled, CardIssued, CardUnblocked,
    CreditLimitChanged, EVENT_VERSION, Event, Merchant, PurchaseApproved, PurchaseDeclined,
};
pub use rejection::Rejection;
pub use state::{Account, Card, CardStatus, Inconsistent, STATE_FORMAT, State, evolve, replay};

#[cfg(test)]
mod tests;

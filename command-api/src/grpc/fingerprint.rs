//! What a request's body comes down to when a later one is compared with it.
//!
//! The canonical form is the message itself, in protobuf's encoding, with what is secret taken out: a card number is replaced by
//! its keyed index, a security code by nothing. Were it in, even as whether it matched, whoever tries one code after another
//! under one request id would be told the right one by the refusal, with a single attempt on record. So a repeat with another
//! code is the same request and gets the first answer. Nothing here depends on the time, on ids made by the bank, or on chance.

use prost::Message;
use proto::codebank::v1;

use crate::vault::Vault;

use super::parse::IssueCard;
use super::purchase::PresentedCard;

/// `message` is what parsing left of the request: the secrets are taken out.
pub(super) fn of_purchase(
    vault: &Vault,
    mut message: v1::AuthorizeRequest,
    presented: &PresentedCard,
) -> [u8; 32] {
    if let (Some(v1::authorize_request::Card::Credentials(left)), PresentedCard::Credentials { number, .. }) =
        (&mut message.card, presented)
    {
        left.number = vault.number_alias(number);
        left.security_code.clear();
    }
    of_message(vault, "codebank.v1.AuthorizationService/Authorize", &message)
}

/// `message` is what parsing left of the request: the card number is taken out.
pub(super) fn of_issue_card(
    vault: &Vault,
    mut message: v1::IssueCardRequest,
    parsed: &IssueCard,
) -> [u8; 32] {
    message.card_number = parsed
        .number
        .as_ref()
        .map(|number| vault.number_alias(number))
        .unwrap_or_default();
    of_message(vault, "codebank.v1.CardAccountService/IssueCard", &message)
}

/// The fingerprint of a message without secrets.
pub(super) fn of_message(vault: &Vault, method: &str, message: &impl Message) -> [u8; 32] {
    vault.fingerprint(method, &message.encode_to_vec())
}

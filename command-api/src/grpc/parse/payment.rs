//! The compatibility API's one message, read as a purchase.

use domain::account::Merchant;
use domain::card::Expiry;
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{Currency, Money};
use proto::payment::{CreditCard, PaymentRequest};
use tonic::Status;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::grpc::purchase::{PresentedCard, Purchase};
use crate::vault::{CardNumber, SecurityCode};

use super::cents::nearest_cent;
use super::violations::Violations;

/// The namespace of the merchant ids made from store names (RFC 9562, version 5). Never change it: the same store must keep
/// its id.
const STORES: Uuid = uuid::uuid!("11cf7227-dc0d-45fb-b4b9-88d1525b6c98");

/// "Miscellaneous and specialty retail" (ISO 18245): all that is known of a store of the old API.
const SOME_STORE: &str = "5999";

/// Reads a payment. The name on the card is ignored, as the old bank ignored it; expiry and code are not. The card number
/// and the security code are no longer in the message afterwards.
pub(in crate::grpc) fn payment(message: &mut PaymentRequest) -> Result<Purchase, Status> {
    let mut faults = Violations::default();
    let card = card(&mut faults, message.credit_card.as_mut());
    let cents = faults.take("amount", nearest_cent(message.amount));
    let merchant = merchant(&mut faults, &message.store);
    let description = faults.take("description", Description::parse(&message.description));
    match (card, cents, merchant, description) {
        (Some(card), Some(cents), Some(merchant), Some(description)) => {
            let amount = Money::new(cents, Currency::Brl);
            Ok(Purchase {
                card,
                amount,
                merchant,
                description,
            })
        }
        _ => Err(faults.into_status()),
    }
}

fn card(faults: &mut Violations, card: Option<&mut CreditCard>) -> Option<PresentedCard> {
    let Some(card) = card else {
        return faults.add("creditCard", "must be given");
    };
    let digits = Zeroizing::new(std::mem::take(&mut card.number));
    let code = Zeroizing::new(padded(std::mem::take(&mut card.cvv)));
    let number = if digits.is_empty() {
        faults.add("creditCard.number", "must be given")
    } else {
        Some(digits)
    };
    let expiry = expiry(faults, card);
    let security_code = faults.take("creditCard.cvv", SecurityCode::parse(&code));
    let (number, expiry, security_code) = (number?, expiry?, security_code?);
    // A mistyped number was an unknown card to the old bank, and its checkouts show that as a decline.
    Some(match CardNumber::parse(&number) {
        Ok(number) => PresentedCard::Credentials {
            number,
            expiry,
            security_code,
        },
        Err(_) => PresentedCard::NoSuchCard,
    })
}

/// As an integer, a code has lost its leading zeros; what is negative or too long stays no code.
fn padded(code: i32) -> String {
    format!("{code:03}")
}

fn expiry(faults: &mut Violations, card: &CreditCard) -> Option<Expiry> {
    let month = u32::try_from(card.expiration_month).unwrap_or_default();
    let months = faults.take("creditCard.expirationMonth", Expiry::try_new(month, 2000));
    let years = faults.take(
        "creditCard.expirationYear",
        Expiry::try_new(1, card.expiration_year),
    );
    Expiry::try_new(months?.month(), years?.year()).ok()
}

fn merchant(faults: &mut Violations, store: &str) -> Option<Merchant> {
    let name = faults.take("store", MerchantName::parse(store))?;
    let id = Uuid::new_v5(&STORES, name.as_str().as_bytes()).to_string();
    Some(Merchant {
        id: faults.take("store", MerchantId::parse(&id))?,
        name,
        mcc: faults.take("store", MerchantCategoryCode::parse(SOME_STORE))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn request() -> PaymentRequest {
        PaymentRequest {
            credit_card: Some(CreditCard {
                name: "Ana".to_owned(),
                number: "4111111111111111".to_owned(),
                expiration_month: 12,
                expiration_year: 2030,
                cvv: 7,
            }),
            amount: 49.9,
            store: "Livraria".to_owned(),
            description: "Dom Casmurro".to_owned(),
        }
    }

    fn faults(mut message: PaymentRequest) -> Vec<String> {
        let status = payment(&mut message).expect_err("refused");
        let details = status.get_details_bad_request().expect("the faults");
        details
            .field_violations
            .into_iter()
            .map(|violation| violation.field)
            .collect()
    }

    #[test]
    fn a_payment_is_a_purchase_with_credentials() {
        let mut message = request();
        let purchase = payment(&mut message).expect("a purchase");
        assert_eq!(purchase.amount, Money::new(4_990, Currency::Brl));
        assert_eq!(purchase.merchant.mcc.as_str(), "5999");
        let PresentedCard::Credentials {
            number,
            security_code,
            ..
        } = purchase.card
        else {
            panic!("a card");
        };
        assert_eq!(
            (number.expose(), security_code.expose()),
            ("4111111111111111", "007")
        );
        let left = message.credit_card.expect("the rest of it");
        assert_eq!(
            (left.number.as_str(), left.cvv),
            ("", 0),
            "the secrets are taken out"
        );

        let again = payment(&mut request()).expect("a purchase");
        assert_eq!(again.merchant.id, purchase.merchant.id, "a store keeps its id");
        let other = payment(&mut PaymentRequest {
            store: "Padaria".to_owned(),
            ..request()
        });
        assert_ne!(other.expect("a purchase").merchant.id, purchase.merchant.id);
    }

    #[test]
    fn a_code_of_four_digits_stays_as_it_is() {
        assert_eq!([0, 7, 123, 1234].map(padded), ["000", "007", "123", "1234"]);
        for cvv in [-1, -12, 12345, i32::MAX, i32::MIN] {
            let mut message = request();
            message.credit_card.as_mut().expect("a card").cvv = cvv;
            assert_eq!(faults(message), ["creditCard.cvv"], "{cvv}");
        }
    }

    #[test]
    fn a_mistyped_number_is_an_unknown_card() {
        for number in ["1234", "4111111111111112", "x"] {
            let mut message = request();
            number.clone_into(&mut message.credit_card.as_mut().expect("a card").number);
            let purchase = payment(&mut message).expect("a purchase");
            assert!(matches!(purchase.card, PresentedCard::NoSuchCard), "{number}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let empty = PaymentRequest::default();
        assert_eq!(faults(empty), ["creditCard", "amount", "store", "description"]);
        let card = CreditCard {
            expiration_month: -1,
            expiration_year: 1999,
            cvv: -5,
            ..CreditCard::default()
        };
        let message = PaymentRequest {
            credit_card: Some(card),
            amount: f64::NAN,
            ..request()
        };
        assert_eq!(
            faults(message),
            [
                "creditCard.number",
                "creditCard.expirationMonth",
                "creditCard.expirationYear",
                "creditCard.cvv",
                "amount"
            ]
        );
    }
}

//! What the shop says of faults and declines, in both languages. A decline is told with what the shopper can do, and with no more of
//! the bank's reason than the bank tells a merchant.

use look::Language;

use crate::card::Fault;
use crate::order::{Reason, State};

/// A fault of a field, as it stands beside it.
pub(super) fn number_fault(language: Language, fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => language.t("Enter the card number.", "Digite o número do cartão."),
        Fault::Malformed | Fault::Expired => language.t(
            "A card number has 13 to 19 digits. Check for missing or extra ones.",
            "O número do cartão tem de 13 a 19 dígitos. Veja se falta ou sobra algum.",
        ),
        Fault::Mistyped => language.t(
            "This is not a card number: a digit is wrong or two have changed places.",
            "Este não é um número de cartão: há um dígito errado ou dois trocados.",
        ),
    }
}

pub(super) fn expiry_fault(language: Language, fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => language.t(
            "Enter the month and year on the card.",
            "Digite o mês e o ano que estão no cartão.",
        ),
        Fault::Malformed | Fault::Mistyped => language.t(
            "Enter the month and the year as on the card, such as 08/29.",
            "Digite o mês e o ano como no cartão, por exemplo 08/29.",
        ),
        Fault::Expired => language.t(
            "This card has expired. Use another one.",
            "Este cartão está vencido. Use outro.",
        ),
    }
}

pub(super) fn code_fault(language: Language, fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => language.t(
            "Enter the security code (CVV).",
            "Digite o código de segurança (CVV).",
        ),
        Fault::Malformed | Fault::Mistyped | Fault::Expired => language.t(
            "The code has 3 digits on the back of the card, or 4 on the front.",
            "O código tem 3 dígitos no verso do cartão, ou 4 na frente.",
        ),
    }
}

pub(super) fn name_fault(language: Language) -> &'static str {
    language.t(
        "Enter the name on the card, up to 80 characters.",
        "Digite o nome que está no cartão, até 80 caracteres.",
    )
}

/// The state of an order in one or two words, and how it is coloured.
pub(super) fn state(language: Language, state: &State) -> (&'static str, &'static str) {
    match state {
        State::Pending => (language.t("Waiting for the bank", "Aguardando o banco"), "warn"),
        State::Approved(_) => (language.t("Paid", "Pago"), "ok"),
        State::Declined(_) => (language.t("Declined", "Recusado"), "danger"),
        State::NotCharged => (language.t("Not charged", "Não cobrado"), "danger"),
    }
}

/// What happened, and what the shopper can do.
pub(super) fn advice(language: Language, reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::CardNotRecognized => (
            language.t(
                "The bank did not recognize the card.",
                "O banco não reconheceu o cartão.",
            ),
            language.t(
                "Check the number, the expiry and the security code, or use another card.",
                "Confira o número, a validade e o código de segurança, ou use outro cartão.",
            ),
        ),
        Reason::AccountClosed | Reason::CardCancelled => (
            language.t(
                "This card is no longer in use.",
                "Este cartão não está mais em uso.",
            ),
            language.t(
                "Use another card, or call your bank.",
                "Use outro cartão ou ligue para o seu banco.",
            ),
        ),
        Reason::CardNotActivated => (
            language.t(
                "This card has not been activated yet.",
                "Este cartão ainda não foi ativado.",
            ),
            language.t(
                "Activate it at your bank, or use another card.",
                "Ative o cartão no seu banco ou use outro.",
            ),
        ),
        Reason::CardBlocked => (
            language.t("This card is blocked.", "Este cartão está bloqueado."),
            language.t(
                "Unblock it at your bank, or use another card.",
                "Desbloqueie o cartão no seu banco ou use outro.",
            ),
        ),
        Reason::CardExpired => (
            language.t("This card has expired.", "Este cartão está vencido."),
            language.t(
                "Use another card, or ask your bank for a new one.",
                "Use outro cartão ou peça um novo ao seu banco.",
            ),
        ),
        Reason::OverLimit => (
            language.t(
                "The amount is above what is left of the card’s limit.",
                "O valor está acima do que resta do limite do cartão.",
            ),
            language.t(
                "Take something out of the cart, use another card, or call your bank.",
                "Tire algo do carrinho, use outro cartão ou ligue para o seu banco.",
            ),
        ),
        Reason::Other => (
            language.t("The bank declined the card.", "O banco recusou o cartão."),
            language.t(
                "Use another card, or call your bank.",
                "Use outro cartão ou ligue para o seu banco.",
            ),
        ),
    }
}

//! What the bank's facts are called on the pages, in both languages.

use look::Language;

use crate::bank::facts::{ActivityKind, CardStatus, DeclineReason};

pub(crate) fn kind(language: Language, kind: ActivityKind) -> &'static str {
    let (en, pt) = match kind {
        ActivityKind::AccountOpened => ("Account opened", "Conta aberta"),
        ActivityKind::CreditLimitChanged => ("Credit limit changed", "Limite de crédito alterado"),
        ActivityKind::CardIssued => ("Card issued", "Cartão emitido"),
        ActivityKind::CardActivated => ("Card activated", "Cartão ativado"),
        ActivityKind::CardBlocked => ("Card blocked", "Cartão bloqueado"),
        ActivityKind::CardUnblocked => ("Card unblocked", "Cartão desbloqueado"),
        ActivityKind::CardCancelled => ("Card cancelled", "Cartão cancelado"),
        ActivityKind::AccountClosed => ("Account closed", "Conta encerrada"),
        ActivityKind::PurchaseApproved => ("Purchase approved", "Compra aprovada"),
        ActivityKind::PurchaseDeclined => ("Purchase declined", "Compra recusada"),
    };
    language.t(en, pt)
}

/// Why a purchase was declined, and what the cardholder can do.
pub(crate) fn reason(language: Language, reason: DeclineReason) -> (&'static str, &'static str) {
    let (en, pt, next_en, next_pt) = match reason {
        DeclineReason::CardNotFound => (
            "The card is not one of this account",
            "O cartão não é desta conta",
            "Check the number that the shop has on file.",
            "Confira o número que a loja tem guardado.",
        ),
        DeclineReason::ExpiryMismatch => (
            "The expiry date given was wrong",
            "A validade informada estava errada",
            "Type the date that is printed on the card. If this was not you, block the card.",
            "Digite a data impressa no cartão. Se não foi você, bloqueie o cartão.",
        ),
        DeclineReason::SecurityCodeMismatch => (
            "The security code given was wrong",
            "O código de segurança informado estava errado",
            "Type the three digits on the card. If this was not you, block the card.",
            "Digite os três dígitos do cartão. Se não foi você, bloqueie o cartão.",
        ),
        DeclineReason::AccountClosed => (
            "The account is closed",
            "A conta está encerrada",
            "No purchase can be made on it any more.",
            "Não é mais possível comprar com ela.",
        ),
        DeclineReason::CardCancelled => (
            "The card is cancelled",
            "O cartão está cancelado",
            "Use another card of the account.",
            "Use outro cartão da conta.",
        ),
        DeclineReason::CardNotActivated => (
            "The card is not activated yet",
            "O cartão ainda não foi ativado",
            "Activate it, then try again.",
            "Ative o cartão e tente de novo.",
        ),
        DeclineReason::CardBlocked => (
            "The card was blocked",
            "O cartão estava bloqueado",
            "Unblock it under Cards, then try again.",
            "Desbloqueie o cartão em Cartões e tente de novo.",
        ),
        DeclineReason::CardExpired => (
            "The card has expired",
            "O cartão venceu",
            "Use a card that is still good.",
            "Use um cartão dentro da validade.",
        ),
        DeclineReason::OverLimit => (
            "The amount was above the available limit",
            "O valor passava do limite disponível",
            "Try a smaller amount.",
            "Tente um valor menor.",
        ),
    };
    (language.t(en, pt), language.t(next_en, next_pt))
}

/// A card's state, and the kind of chip that shows it.
pub(crate) fn card_status(language: Language, status: CardStatus) -> (&'static str, &'static str) {
    match status {
        CardStatus::Issued => (language.t("Not activated", "Não ativado"), "warn"),
        CardStatus::Active => (language.t("Active", "Ativo"), "ok"),
        CardStatus::Blocked => (language.t("Blocked", "Bloqueado"), "danger"),
        CardStatus::Cancelled => (language.t("Cancelled", "Cancelado"), ""),
    }
}

/// A count with its thousands apart.
pub(crate) fn number(language: Language, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 {
        String::from("-")
    } else {
        String::new()
    };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push_str(language.t(",", "."));
        }
        text.push(digit);
    }
    text
}

/// So many purchases.
pub(crate) fn purchases(language: Language, count: i64) -> String {
    let word = if count == 1 {
        language.t("purchase", "compra")
    } else {
        language.t("purchases", "compras")
    };
    format!("{} {word}", number(language, count))
}

/// A part of a whole with one decimal: `98.4%`. Nothing where there is no whole.
pub(crate) fn percent(language: Language, some: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let tenths = (i128::from(some) * 2000 + i128::from(whole)) / (i128::from(whole) * 2);
    let point = language.t(".", ",");
    Some(format!("{}{point}{}%", tenths / 10, tenths % 10))
}

/// How long something took: to the millisecond while it is less than a minute, to the second from there on.
pub(crate) fn seconds(language: Language, millis: i64) -> String {
    let whole = number(language, millis / 1_000);
    if millis < 60_000 {
        let point = language.t(".", ",");
        format!("{whole}{point}{:03} s", millis.max(0) % 1_000)
    } else {
        format!("{whole} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_told_precisely() {
        assert_eq!(seconds(Language::En, 42), "0.042 s");
        assert_eq!(seconds(Language::Pt, 1_500), "1,500 s");
        assert_eq!(seconds(Language::En, 59_999), "59.999 s");
        assert_eq!(seconds(Language::En, 3_600_900), "3,600 s");
    }

    #[test]
    fn counts_and_parts_are_written_as_their_reader_does() {
        assert_eq!(number(Language::En, 1_234_567), "1,234,567");
        assert_eq!(number(Language::Pt, 1_234), "1.234");
        assert_eq!(number(Language::Pt, 999), "999");
        assert_eq!(purchases(Language::Pt, 1), "1 compra");
        assert_eq!(purchases(Language::En, 1_000), "1,000 purchases");
        assert_eq!(percent(Language::En, 1, 3).as_deref(), Some("33.3%"));
        assert_eq!(percent(Language::Pt, 2, 3).as_deref(), Some("66,7%"));
        assert_eq!(percent(Language::En, 5, 5).as_deref(), Some("100.0%"));
        assert_eq!(percent(Language::En, 0, 0), None);
    }
}

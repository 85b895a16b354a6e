//! A statement as a bank sends it: A4, as many sheets as its lines need, the sums on the first. It is laid out here, in tenths
//! of a point and whole minor units; `pen` alone knows the PDF crate and its floats.

mod pen;

use chrono::Duration;
use look::{Language, amount, date, local, month};

use super::file::Whole;
use crate::bank::facts::{Line, Money, StatementStatus};
use pen::{Ink, Pen, Weight};

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("a font of this program cannot be read")]
    Font,
    #[error("the document cannot be written: {0}")]
    Document(String),
}

// A4, in tenths of a point.
const WIDTH: i32 = 5953;
const HEIGHT: i32 = 8419;
const LEFT: i32 = 510;
const RIGHT: i32 = WIDTH - 510;
const TOP: i32 = 560;
const FOOT: i32 = HEIGHT - 480;

const COLUMN_STORE: i32 = LEFT + 1000;
const COLUMN_CARD: i32 = RIGHT - 1500;
/// The text of a line may be so wide before it is cut.
const STORE_WIDTH: i32 = COLUMN_CARD - COLUMN_STORE - 120;

const ROW: i32 = 270;
const HEAD_FIRST: i32 = 2600;
const HEAD_NEXT: i32 = 700;
/// Under the last line, for the total.
const TOTAL_ROW: i32 = 420;

/// The whole document.
pub(super) fn write(
    language: Language,
    label: &str,
    account: &str,
    whole: &Whole,
) -> Result<Vec<u8>, Failure> {
    let statement = &whole.statement;
    let month = month(language, statement.closes_on);
    let title = match language {
        Language::En => format!("Statement of {month}"),
        Language::Pt => format!("Fatura de {month}"),
    };
    let setting = Setting {
        language,
        label,
        account,
        whole,
        title: &title,
    };
    let sheets = sheets(&whole.lines);
    let mut pen = Pen::new(&title, language.tag())?;
    for (place, lines) in sheets.iter().enumerate() {
        pen.turn_page(WIDTH, HEIGHT);
        let top = if place == 0 {
            setting.first_head(&mut pen);
            TOP + HEAD_FIRST
        } else {
            setting.next_head(&mut pen);
            TOP + HEAD_NEXT
        };
        let end = setting.lines(&mut pen, top, lines);
        if place + 1 == sheets.len() {
            setting.total(&mut pen, end);
        }
        setting.foot(&mut pen, place + 1, sheets.len());
    }
    pen.finish()
}

/// The lines of each sheet; there is always a first one.
fn sheets(lines: &[Line]) -> Vec<&[Line]> {
    let fit = |head: i32| {
        usize::try_from((FOOT - TOP - head - TOTAL_ROW) / ROW)
            .unwrap_or(1)
            .max(1)
    };
    let (first, rest) = lines.split_at(lines.len().min(fit(HEAD_FIRST)));
    let mut sheets = vec![first];
    sheets.extend(rest.chunks(fit(HEAD_NEXT)));
    sheets
}

/// What is set on every sheet.
struct Setting<'s> {
    language: Language,
    label: &'s str,
    account: &'s str,
    whole: &'s Whole,
    title: &'s str,
}

impl Setting<'_> {
    fn t(&self, en: &'static str, pt: &'static str) -> &'static str {
        self.language.t(en, pt)
    }

    fn money(&self, money: &Money) -> String {
        amount(self.language, money.minor_units, &money.currency)
    }

    fn brand(pen: &mut Pen) {
        pen.fill(LEFT, TOP - 130, 240, 240, Ink::Brand);
        for (row, length) in [(0, 140), (1, 140), (2, 84)] {
            pen.fill(LEFT + 50, TOP - 68 + row * 50, length, 14, Ink::White);
        }
        pen.text(LEFT + 330, TOP + 45, 150, Weight::Strong, Ink::Black, "codebank");
    }

    fn first_head(&self, pen: &mut Pen) {
        let statement = &self.whole.statement;
        Self::brand(pen);
        pen.text_end(
            RIGHT,
            TOP + 40,
            90,
            Weight::Plain,
            Ink::Soft,
            self.t("Credit card statement", "Fatura do cartão de crédito"),
        );

        pen.text(LEFT, TOP + 560, 220, Weight::Strong, Ink::Black, self.title);
        pen.text(LEFT, TOP + 760, 95, Weight::Plain, Ink::Black, self.label);
        let account = format!("{} {}", self.t("Account", "Conta"), self.account);
        pen.text(LEFT, TOP + 900, 80, Weight::Plain, Ink::Soft, &account);

        let top = TOP + 1100;
        let is_open = statement.status == StatementStatus::Open;
        pen.fill(LEFT, top, RIGHT - LEFT, 980, Ink::Tint);
        pen.fill(LEFT, top, 30, 980, Ink::Brand);
        let total_words = if is_open {
            self.t("Total so far", "Total até agora")
        } else {
            self.t("Total to pay", "Total a pagar")
        };
        pen.text(LEFT + 240, top + 300, 85, Weight::Plain, Ink::Soft, total_words);
        pen.text(
            LEFT + 240,
            top + 640,
            260,
            Weight::Strong,
            Ink::Black,
            &self.money(&statement.total),
        );
        let closing = if is_open {
            self.t("Closes on", "Fecha em")
        } else {
            self.t("Closed on", "Fechou em")
        };
        let dates = [
            (self.t("Due on", "Vence em"), statement.due_on),
            (closing, statement.closes_on),
        ];
        for (column, (name, day)) in (0..).zip(dates) {
            let left = LEFT + 2500 + column * 1250;
            pen.text(left, top + 300, 85, Weight::Plain, Ink::Soft, name);
            pen.text(
                left,
                top + 540,
                120,
                Weight::Strong,
                Ink::Black,
                &date(self.language, day),
            );
        }
        let period = format!(
            "{} {} – {}",
            self.t("Period", "Período"),
            date(self.language, statement.opens_on),
            date(self.language, statement.closes_on - Duration::days(1))
        );
        pen.text(LEFT + 2500, top + 790, 80, Weight::Plain, Ink::Soft, &period);
        self.columns(pen, TOP + HEAD_FIRST - 120);
    }

    fn next_head(&self, pen: &mut Pen) {
        Self::brand(pen);
        pen.text_end(RIGHT, TOP + 40, 90, Weight::Plain, Ink::Soft, self.title);
        self.columns(pen, TOP + HEAD_NEXT - 120);
    }

    fn columns(&self, pen: &mut Pen, base: i32) {
        pen.text(LEFT, base, 75, Weight::Strong, Ink::Soft, self.t("Date", "Data"));
        pen.text(
            COLUMN_STORE,
            base,
            75,
            Weight::Strong,
            Ink::Soft,
            self.t("Store and purchase", "Loja e compra"),
        );
        pen.text(
            COLUMN_CARD,
            base,
            75,
            Weight::Strong,
            Ink::Soft,
            self.t("Card", "Cartão"),
        );
        pen.text_end(
            RIGHT,
            base,
            75,
            Weight::Strong,
            Ink::Soft,
            self.t("Amount", "Valor"),
        );
        pen.fill(LEFT, base + 80, RIGHT - LEFT, 10, Ink::Black);
    }

    /// Sets the lines and says where they end.
    fn lines(&self, pen: &mut Pen, top: i32, lines: &[Line]) -> i32 {
        let mut base = top;
        if self.whole.lines.is_empty() {
            let words = self.t(
                "Nothing was charged in this period.",
                "Nada foi cobrado neste período.",
            );
            pen.text(LEFT, base + 120, 90, Weight::Plain, Ink::Soft, words);
            return base + ROW;
        }
        for line in lines {
            let day = local(line.occurred_at).date_naive();
            pen.text(
                LEFT,
                base + 110,
                85,
                Weight::Plain,
                Ink::Black,
                &date(self.language, day),
            );
            pen.text_cut(
                COLUMN_STORE,
                base + 80,
                88,
                Weight::Strong,
                Ink::Black,
                &line.merchant.name,
                STORE_WIDTH,
            );
            pen.text_cut(
                COLUMN_STORE,
                base + 185,
                75,
                Weight::Plain,
                Ink::Soft,
                &line.description,
                STORE_WIDTH,
            );
            let card = format!("•••• {}", line.card_last_four);
            pen.text(COLUMN_CARD, base + 110, 85, Weight::Plain, Ink::Black, &card);
            pen.text_end(
                RIGHT,
                base + 110,
                90,
                Weight::Plain,
                Ink::Black,
                &self.money(&line.amount),
            );
            base += ROW;
            pen.fill(LEFT, base - 35, RIGHT - LEFT, 5, Ink::Rule);
        }
        base
    }

    fn total(&self, pen: &mut Pen, end: i32) {
        let statement = &self.whole.statement;
        pen.fill(LEFT, end + 20, RIGHT - LEFT, 10, Ink::Black);
        let words = match (self.language, statement.line_count) {
            (Language::En, 1) => "Total of 1 purchase".to_owned(),
            (Language::En, count) => format!("Total of {count} purchases"),
            (Language::Pt, 1) => "Total de 1 compra".to_owned(),
            (Language::Pt, count) => format!("Total de {count} compras"),
        };
        pen.text(LEFT, end + 200, 100, Weight::Strong, Ink::Black, &words);
        pen.text_end(
            RIGHT,
            end + 200,
            110,
            Weight::Strong,
            Ink::Black,
            &self.money(&statement.total),
        );
    }

    fn foot(&self, pen: &mut Pen, sheet: usize, sheets: usize) {
        let version = self.whole.statement.account_version;
        let note = match self.language {
            Language::En => {
                format!("Account version {version}. Declined purchases are never on a statement.")
            }
            Language::Pt => format!("Versão {version} da conta. Compras recusadas nunca estão numa fatura."),
        };
        pen.text(LEFT, FOOT + 150, 70, Weight::Plain, Ink::Soft, &note);
        let place = format!("{sheet} / {sheets}");
        pen.text_end(RIGHT, FOOT + 150, 70, Weight::Plain, Ink::Soft, &place);
    }
}

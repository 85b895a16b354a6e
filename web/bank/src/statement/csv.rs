//! A statement's lines as CSV (RFC 4180), for spreadsheets and programs: days and amounts are written for machines, whatever
//! the reader's language.

use std::fmt::Write as _;

use look::{Language, local};

use crate::bank::facts::Line;

const LINE_END: &str = "\r\n";

pub(super) fn write(language: Language, lines: &[Line]) -> String {
    // Without the mark spreadsheets take UTF-8 for something else.
    let mut text = String::from('\u{feff}');
    text.push_str(language.t(
        "date,time,store,description,card,amount,currency",
        "data,hora,loja,descrição,cartão,valor,moeda",
    ));
    text.push_str(LINE_END);
    for line in lines {
        let at = local(line.occurred_at);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{}{LINE_END}",
            at.format("%Y-%m-%d"),
            at.format("%H:%M:%S"),
            cell(&line.merchant.name),
            cell(&line.description),
            cell(&line.card_last_four),
            line.amount.decimal(),
            cell(&line.amount.currency),
        );
    }
    text
}

/// Merchants choose these words. A spreadsheet would run what begins like a formula: an apostrophe makes it text.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains([',', '"', '\r', '\n', ';']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (text, expected) in [
            ("Livraria", "Livraria"),
            ("Pão, queijo", "\"Pão, queijo\""),
            ("Bar \"Azul\"", "\"Bar \"\"Azul\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            (
                "=HYPERLINK(\"http://evil.example\")",
                "\"'=HYPERLINK(\"\"http://evil.example\"\")\"",
            ),
            ("+55", "\"'+55\""),
            ("-1", "\"'-1\""),
            ("@sum", "\"'@sum\""),
            ("\t=1", "\"'\t=1\""),
            ("a;b", "\"a;b\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }
}

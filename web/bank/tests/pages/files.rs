//! The statement as files: read back, as a spreadsheet and a PDF reader do.

use axum::http::{StatusCode, header};
use lopdf::Document;

use crate::browser::cardholder;

#[tokio::test]
async fn the_csv_has_every_line_and_no_formula() {
    let mut browser = cardholder().await;
    let page = browser.get("/statements/2026-12.csv").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(
        page.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"statement-2026-12.csv\""
    );
    let text = page.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "\u{feff}date,time,store,description,card,amount,currency"
    );
    assert!(
        lines[1].starts_with("2026-11-25,22:30:00,Livraria de "),
        "{}",
        lines[1]
    );
    assert!(
        lines[1].ends_with(",Dom Casmurro <b>,1111,49.90,BRL"),
        "{}",
        lines[1]
    );
    assert!(lines[2].ends_with(",\"'=1+1\",1111,78.50,BRL"), "{}", lines[2]);
}

#[tokio::test]
async fn the_pdf_can_be_read_back() {
    for (language, title, total) in [
        ("en", "Statement of December 2026", "R$128.40"),
        ("pt", "Fatura de dezembro de 2026", "R$ 128,40"),
    ] {
        let mut browser = cardholder().await.reading(language);
        let page = browser.get("/statements/2026-12.pdf").await;
        assert_eq!(page.headers[header::CONTENT_TYPE], "application/pdf");
        assert!(page.bytes.len() < 60_000, "only the letters used are in it");
        let document = Document::load_mem(&page.bytes).unwrap();
        let text = document.extract_text(&[1]).unwrap().replace('\u{a0}', " ");
        for words in [title, total, "Dom Casmurro <b>", "codebank", "1 / 1"] {
            assert!(text.contains(words), "{words} is missing:\n{text}");
        }
    }
}

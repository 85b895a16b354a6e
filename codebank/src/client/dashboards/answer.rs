//! What Kibana answered to an import, in words.

use anyhow::{Context, bail, ensure};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    success: bool,
    success_count: usize,
    #[serde(default)]
    errors: Vec<Failed>,
}

/// An object that Kibana did not take.
#[derive(Debug, Deserialize)]
struct Failed {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    error: Value,
}

/// Kibana's error of a whole request.
#[derive(Debug, Deserialize)]
struct Refused {
    message: String,
}

/// What to tell of an import of so many objects.
pub(super) fn read(status: StatusCode, body: &str, objects: usize) -> anyhow::Result<String> {
    match status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
            "Kibana refused the credentials ({status}): {}; set CODEBANK_KIBANA_API_KEY, or CODEBANK_KIBANA_USER and \
             CODEBANK_KIBANA_PASSWORD, of someone who may manage saved objects",
            message(body)
        ),
        StatusCode::NOT_FOUND => bail!(
            "this is not Kibana's address, or there is no such space ({status}): {}",
            message(body)
        ),
        status => bail!("Kibana answered {status}: {}", message(body)),
    }
    let imported: Imported = serde_json::from_str(body)
        .with_context(|| format!("this is no answer of Kibana's: {}", message(body)))?;
    if !imported.success || !imported.errors.is_empty() {
        let mut lines = vec![format!(
            "Kibana took {} of {objects} objects; not these:",
            imported.success_count
        )];
        lines.extend(
            imported
                .errors
                .iter()
                .map(|failed| format!("  - {} {}: {}", failed.kind, failed.id, reason(&failed.error))),
        );
        bail!("{}", lines.join("\n"));
    }
    ensure!(
        imported.success_count == objects,
        "Kibana says it took {} objects; {objects} were sent",
        imported.success_count
    );
    Ok(format!(
        "{objects} objects imported; the dashboards are \"codebank: Transactions\" and \"codebank: Health\""
    ))
}

/// Kibana names the kind of error, and what is particular to it: a message, or the references that are missing.
fn reason(error: &Value) -> String {
    let kind = error["type"].as_str().unwrap_or("unknown");
    let references: Vec<String> = error["references"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|reference| {
            let text = |name: &str| reference[name].as_str().unwrap_or("?").to_owned();
            format!("{} {}", text("type"), text("id"))
        })
        .collect();
    match (error["message"].as_str(), references.as_slice()) {
        (Some(message), _) => format!("{kind}: {message}"),
        (None, []) => kind.to_owned(),
        (None, missing) => format!("{kind}: {}", missing.join(", ")),
    }
}

/// The message in an error, or the beginning of whatever it is.
fn message(body: &str) -> String {
    match serde_json::from_str::<Refused>(body) {
        Ok(refused) => refused.message,
        Err(_) => body.trim().chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: StatusCode, body: &str) -> String {
        format!("{:#}", read(status, body, 2).expect_err("a failure"))
    }

    #[test]
    fn a_success_is_one_of_all_objects() {
        let all = r#"{"success":true,"successCount":2,"warnings":[],"successResults":[]}"#;
        assert!(
            read(StatusCode::OK, all, 2)
                .expect("a success")
                .starts_with("2 objects")
        );
        let one = r#"{"success":true,"successCount":1}"#;
        assert!(told(StatusCode::OK, one).contains("2 were sent"));
    }

    #[test]
    fn every_failure_is_told_with_what_it_needs() {
        let failed = r#"{"success":false,"successCount":0,"errors":[
            {"id":"codebank-health","type":"dashboard","error":{"type":"missing_references",
             "references":[{"type":"search","id":"codebank-events"}]}},
            {"id":"codebank-totals","type":"visualization","error":{"type":"unknown","message":"too new","statusCode":422}}]}"#;
        let told_failed = told(StatusCode::OK, failed);
        assert!(told_failed.contains("took 0 of 2"), "{told_failed}");
        assert!(
            told_failed.contains("dashboard codebank-health: missing_references: search codebank-events"),
            "{told_failed}"
        );
        assert!(
            told_failed.contains("visualization codebank-totals: unknown: too new"),
            "{told_failed}"
        );
        for (status, body, expected) in [
            (
                StatusCode::UNAUTHORIZED,
                r#"{"message":"no such user"}"#,
                "no such user; set CODEBANK_KIBANA_API_KEY",
            ),
            (
                StatusCode::NOT_FOUND,
                r#"{"message":"Not Found"}"#,
                "not Kibana's address",
            ),
            (StatusCode::FOUND, "", "302"),
            (
                StatusCode::BAD_REQUEST,
                r#"{"message":"Request must contain a kbn-xsrf header."}"#,
                "kbn-xsrf",
            ),
            (
                StatusCode::OK,
                "<html>proxy</html>",
                "no answer of Kibana's: <html>",
            ),
        ] {
            let told = told(status, body);
            assert!(told.contains(expected), "{told}");
        }
    }
}

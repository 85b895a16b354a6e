//! Days and moments as a reader writes them, on the bank's calendar: Brasília time, which has kept no summer time since 2019.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};

use crate::Language;

const BRASILIA_SECONDS_WEST: i32 = 3 * 60 * 60;

const MONTHS_PT: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

/// `25/12/2026` in Portuguese, `Dec 25, 2026` in English.
pub fn date(language: Language, day: NaiveDate) -> String {
    let pattern = match language {
        Language::Pt => "%d/%m/%Y",
        Language::En => "%b %-d, %Y",
    };
    day.format(pattern).to_string()
}

/// The day and the time of the day at the bank: `25/12/2026 14:03`, `Dec 25, 2026, 14:03`.
pub fn moment(language: Language, moment: DateTime<Utc>) -> String {
    let pattern = match language {
        Language::Pt => "%d/%m/%Y %H:%M",
        Language::En => "%b %-d, %Y, %H:%M",
    };
    local(moment).format(pattern).to_string()
}

/// `dezembro de 2026`, `December 2026`.
pub fn month(language: Language, day: NaiveDate) -> String {
    match language {
        Language::Pt => {
            // A month is 1 to 12 and the table has twelve.
            let name = MONTHS_PT.get(day.month0() as usize).copied().unwrap_or_default();
            format!("{name} de {}", day.year())
        }
        Language::En => day.format("%B %Y").to_string(),
    }
}

/// A moment on the bank's calendar.
pub fn local(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::west_opt(BRASILIA_SECONDS_WEST) {
        Some(brasilia) => moment.with_timezone(&brasilia),
        None => moment.fixed_offset(), // three hours are within a day: never taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_its_reader_does() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 5).unwrap();
        assert_eq!(date(Language::Pt, day), "05/12/2026");
        assert_eq!(date(Language::En, day), "Dec 5, 2026");
        assert_eq!(month(Language::Pt, day), "dezembro de 2026");
        assert_eq!(month(Language::En, day), "December 2026");
    }

    #[test]
    fn a_moment_is_on_the_banks_calendar() {
        let utc = DateTime::parse_from_rfc3339("2026-12-06T02:03:04.5Z")
            .unwrap()
            .to_utc();
        assert_eq!(moment(Language::Pt, utc), "05/12/2026 23:03");
        assert_eq!(moment(Language::En, utc), "Dec 5, 2026, 23:03");
    }
}

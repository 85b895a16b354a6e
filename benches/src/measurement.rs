//! What was measured: a histogram of latencies, a count of answers, and every error by its code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// Digits that the histogram keeps of each value, whatever its size.
const SIGNIFICANT_DIGITS: u8 = 3;

/// The time that counts, after the warm-up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

impl Window {
    pub(crate) fn starting_now(warm_up: Duration, measured: Duration) -> Self {
        let from = Instant::now() + warm_up;
        Self {
            from,
            until: from + measured,
        }
    }

    fn holds(&self, moment: Instant) -> bool {
        (self.from..self.until).contains(&moment)
    }
}

/// A call that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The latency is that of the whole call, from when it was meant to start.
    Done,
    /// The latency is what the call itself measured.
    Took(Duration),
    /// It was an answer to so many requests at once, with the latency of the whole call.
    Many(u64),
    /// It counts, but its latency was not looked at: another call was the sample.
    NotSampled,
}

/// A call that did not. Calls with the same code are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

/// Failures of one code, with the first one's message for whoever looks for the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    pub(crate) first: String,
}

#[derive(Debug)]
pub(crate) struct Measurement {
    window: Window,
    /// In microseconds, of calls meant to start in the window, however late they were answered.
    latencies: Histogram<u64>,
    /// Answers that came in the window.
    answered: u64,
    /// Answers whenever they came, those of the warm-up too: what a server's processor time was spent on.
    pub(crate) answered_at_all: u64,
    /// Of calls meant to start in the window.
    pub(crate) errors: BTreeMap<Cow<'static, str>, Failures>,
    pub(crate) warm_up_errors: u64,
}

impl Measurement {
    pub(crate) fn new(window: Window) -> Result<Self> {
        Ok(Self {
            window,
            latencies: Histogram::new(SIGNIFICANT_DIGITS).context("the histogram")?,
            answered: 0,
            answered_at_all: 0,
            errors: BTreeMap::new(),
            warm_up_errors: 0,
        })
    }

    /// Latencies are kept by when a call was meant to start, so that a slow one at the end is not lost; answers are counted by
    /// when they came, so that the rate is what the bank did in the window.
    pub(crate) fn record(
        &mut self,
        intended: Instant,
        ended: Instant,
        outcome: Result<Answer, Failure>,
    ) -> Result<()> {
        let is_measured = self.window.holds(intended);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(failure) => {
                if is_measured {
                    self.count(
                        failure.code,
                        Failures {
                            count: 1,
                            first: failure.message,
                        },
                    );
                } else {
                    self.warm_up_errors += 1;
                }
                return Ok(());
            }
        };
        let answers = if let Answer::Many(answers) = answer {
            answers
        } else {
            1
        };
        self.answered_at_all += answers;
        if self.window.holds(ended) {
            self.answered += answers;
        }
        let latency = match answer {
            Answer::Done | Answer::Many(_) => ended.saturating_duration_since(intended),
            Answer::Took(latency) => latency,
            Answer::NotSampled => return Ok(()),
        };
        if is_measured {
            let micros = u64::try_from(latency.as_micros()).context("a latency of ages")?;
            self.latencies.record(micros).context("a latency")?;
        }
        Ok(())
    }

    /// What another caller measured in the same window.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        self.latencies.add(other.latencies).context("two histograms")?;
        self.answered += other.answered;
        self.answered_at_all += other.answered_at_all;
        self.warm_up_errors += other.warm_up_errors;
        for (code, failures) in other.errors {
            self.count(code, failures);
        }
        Ok(())
    }

    fn count(&mut self, code: Cow<'static, str>, failures: Failures) {
        let counted = failures.count;
        let known = self
            .errors
            .entry(code)
            .or_insert(Failures { count: 0, ..failures });
        known.count += counted;
    }

    pub(crate) fn throughput_per_s(&self) -> f64 {
        self.answered as f64 / (self.window.until - self.window.from).as_secs_f64()
    }

    /// How many latencies there are.
    pub(crate) fn samples(&self) -> u64 {
        self.latencies.len()
    }

    /// Nothing where nothing was measured: a zero would look like a very fast bank.
    pub(crate) fn percentile_ms(&self, percentile: f64) -> Option<f64> {
        let micros = (self.samples() > 0).then(|| self.latencies.value_at_percentile(percentile))?;
        Some(micros as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of a second, and a moment so many milliseconds after the beginning of the half second of warm-up before it.
    fn window() -> (Window, impl Fn(u64) -> Instant) {
        let warm_up = Duration::from_millis(500);
        let begin = Instant::now();
        let from = begin + warm_up;
        let until = from + Duration::from_secs(1);
        (Window { from, until }, move |milliseconds| {
            begin + Duration::from_millis(milliseconds)
        })
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let (window, at) = window();
        let mut measurement = Measurement::new(window).unwrap();
        for latency in 1..=1000 {
            measurement
                .record(at(500), at(500 + latency), Ok(Answer::Done))
                .unwrap();
        }
        for (percentile, expected) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1000.0)] {
            let found = measurement.percentile_ms(percentile).unwrap();
            assert!(
                (found - expected).abs() < expected / 500.0,
                "p{percentile} is {found}"
            );
        }
        assert_eq!(measurement.samples(), 1000);
    }

    #[test]
    fn nothing_measured_is_not_zero() {
        let measurement = Measurement::new(window().0).unwrap();
        assert_eq!(
            (measurement.samples(), measurement.percentile_ms(50.0)),
            (0, None)
        );
    }

    #[test]
    fn the_window_decides_what_counts() {
        let (window, at) = window();
        // Meant to start, ended; counted in the rate, in the latencies.
        let cases = [
            (0, 100, 0, 0),
            (0, 600, 1, 0),
            (600, 700, 1, 1),
            // The call that hangs at the end is the one that must not be lost.
            (1_400, 60_000, 0, 1),
        ];
        for (intended, ended, answered, samples) in cases {
            let mut measurement = Measurement::new(window).unwrap();
            measurement
                .record(at(intended), at(ended), Ok(Answer::Done))
                .unwrap();
            assert_eq!(
                (measurement.answered, measurement.samples()),
                (answered, samples),
                "{intended}..{ended}"
            );
        }
    }

    #[test]
    fn a_call_may_measure_itself_or_not_be_the_sample() {
        let (window, at) = window();
        let mut measurement = Measurement::new(window).unwrap();
        let itself = Answer::Took(Duration::from_millis(7));
        measurement.record(at(500), at(1_000), Ok(itself)).unwrap();
        measurement
            .record(at(500), at(1_000), Ok(Answer::NotSampled))
            .unwrap();
        assert_eq!((measurement.answered, measurement.samples()), (2, 1));
        assert!((measurement.percentile_ms(50.0).unwrap() - 7.0).abs() < 0.1);
    }

    #[test]
    fn an_answer_to_many_has_one_latency() {
        let (window, at) = window();
        let mut measurement = Measurement::new(window).unwrap();
        for (intended, ended) in [(500, 600), (0, 100)] {
            measurement
                .record(at(intended), at(ended), Ok(Answer::Many(256)))
                .unwrap();
        }
        assert_eq!((measurement.answered, measurement.samples()), (256, 1));
        assert_eq!(measurement.answered_at_all, 512);
    }

    #[test]
    fn errors_are_counted_by_code_and_never_as_answers() {
        let (window, at) = window();
        let mut total = Measurement::new(window).unwrap();
        for message in ["one", "two"] {
            let mut measurement = Measurement::new(window).unwrap();
            for intended in [400, 600, 700] {
                let failure = Failure::new("UNAVAILABLE", message);
                measurement
                    .record(at(intended), at(intended + 1), Err(failure))
                    .unwrap();
            }
            total.merge(measurement).unwrap();
        }
        let expected = Failures {
            count: 4,
            first: "one".to_owned(),
        };
        assert_eq!(total.errors.get("UNAVAILABLE"), Some(&expected));
        assert_eq!((total.warm_up_errors, total.answered, total.samples()), (2, 0, 0));
    }
}

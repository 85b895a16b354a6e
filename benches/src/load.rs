//! The engine: many callers, each with one call in flight, in a closed or an open loop. It knows nothing of banks.
//!
//! In the closed loop a caller calls again as soon as it was answered: it finds what the bank can carry. In the open loop calls
//! are meant to start at fixed moments, whatever the bank does; a call that has to wait for a free caller is measured from the
//! moment it was meant to start, so that a stall shows in every call it held up, not in one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::measurement::{Answer, Failure, Measurement, Window};

/// Arrivals that wait for a caller beyond this many wait in their thread instead; none is dropped.
const ARRIVALS_WAITING_MAX: usize = 1024;

/// A call that could not be sent this long after its moment is an error.
const SENT_WITHIN: Duration = Duration::from_secs(10);

/// Makes one call after another.
pub(crate) trait Caller: Send + 'static {
    fn call(&mut self) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Calls per second in the open loop; none for the closed one.
    pub(crate) rate: Option<NonZeroU32>,
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// A call that could not be sent within this of its moment is an error: a bank that is far behind must not keep the run
    /// from ending.
    pub(crate) sent_within: Duration,
}

impl Load {
    /// Each caller calls again as soon as it was answered.
    pub(crate) const fn closed(warm_up: Duration, measured: Duration) -> Self {
        Self {
            rate: None,
            warm_up,
            measured,
            sent_within: SENT_WITHIN,
        }
    }
}

/// Runs the load with these callers until its time is over and every call is answered.
pub(crate) async fn run<C: Caller>(load: &Load, callers: Vec<C>) -> Result<Measurement> {
    eprintln!(
        "warming up for {:?}, then measuring for {:?}",
        load.warm_up, load.measured
    );
    let window = Window::starting_now(load.warm_up, load.measured);
    let moments = match load.rate {
        None => Moments::Closed { until: window.until },
        Some(rate) => Moments::Open(arrivals(rate, window.until)?),
    };
    let mut workers = JoinSet::new();
    for caller in callers {
        workers.spawn(work(
            caller,
            moments.clone(),
            load.sent_within,
            Measurement::new(window)?,
        ));
    }
    let mut total = Measurement::new(window)?;
    while let Some(worked) = workers.join_next().await {
        total.merge(worked.context("a caller")??)?;
    }
    Ok(total)
}

async fn work<C: Caller>(
    mut caller: C,
    moments: Moments,
    sent_within: Duration,
    mut measurement: Measurement,
) -> Result<Measurement> {
    while let Some(intended) = moments.next().await {
        let outcome = if intended.elapsed() > sent_within {
            Err(Failure::new(
                "NOT_SENT",
                format!("no caller was free within {sent_within:?}"),
            ))
        } else {
            caller.call().await
        };
        measurement.record(intended, Instant::now(), outcome)?;
    }
    Ok(measurement)
}

/// When calls are meant to start.
#[derive(Debug, Clone)]
enum Moments {
    Closed { until: Instant },
    Open(Arc<Mutex<mpsc::Receiver<Instant>>>),
}

impl Moments {
    /// The next call's moment, now or a little ago; nothing when the time is over.
    async fn next(&self) -> Option<Instant> {
        match self {
            Self::Closed { until } => Some(Instant::now()).filter(|now| now < until),
            Self::Open(arrivals) => arrivals.lock().await.recv().await,
        }
    }
}

/// Hands out fixed moments from now on, each when it has come. From a thread of its own: the runtime's timer counts whole
/// milliseconds, which would be measured as the bank's.
fn arrivals(rate: NonZeroU32, until: Instant) -> Result<Arc<Mutex<mpsc::Receiver<Instant>>>> {
    let (sender, receiver) = mpsc::channel(ARRIVALS_WAITING_MAX);
    let begin = Instant::now();
    let hand_out = move || {
        for moment in schedule(begin, rate).take_while(|moment| *moment < until) {
            wait_until(moment);
            // With nobody left to call, the run was given up.
            if sender.blocking_send(moment).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("arrivals".to_owned())
        .spawn(hand_out)
        .context("the arrivals' thread")?;
    Ok(Arc::new(Mutex::new(receiver)))
}

/// The moments of a fixed rate, each computed from the beginning, so that no error adds up.
fn schedule(begin: Instant, rate: NonZeroU32) -> impl Iterator<Item = Instant> {
    let rate = u64::from(rate.get());
    (0_u64..).map(move |number| {
        let (seconds, rest) = (number / rate, number % rate);
        begin + Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / rate)
    })
}

fn wait_until(moment: Instant) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        // It may wake early; then it goes on waiting.
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn load(rate: Option<u32>, warm_up_ms: u64, measured_ms: u64) -> Load {
        Load {
            rate: rate.and_then(NonZeroU32::new),
            warm_up: Duration::from_millis(warm_up_ms),
            measured: Duration::from_millis(measured_ms),
            sent_within: LONG,
        }
    }

    /// Takes its time, counts, and fails every `fails_every`th call of all.
    #[derive(Clone)]
    struct Fake {
        takes: Duration,
        fails_every: u64,
        calls: Arc<AtomicU64>,
    }

    impl Fake {
        fn new(takes_ms: u64, fails_every: u64) -> Self {
            Self {
                takes: Duration::from_millis(takes_ms),
                fails_every,
                calls: Arc::default(),
            }
        }
    }

    impl Caller for Fake {
        async fn call(&mut self) -> Result<Answer, Failure> {
            let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(self.takes).await;
            if number.is_multiple_of(self.fails_every) {
                return Err(Failure::new("BROKEN", "as told"));
            }
            Ok(Answer::Done)
        }
    }

    #[tokio::test]
    async fn the_closed_loop_counts_every_call_once() {
        let fake = Fake::new(2, 3);
        let measurement = run(&load(None, 0, 200), vec![fake.clone(); 4]).await.unwrap();
        let calls = fake.calls.load(Ordering::SeqCst);
        let errors = measurement.errors["BROKEN"].count;
        assert_eq!(errors, calls / 3);
        assert_eq!(measurement.samples() + errors, calls);
        assert!(measurement.percentile_ms(0.0).unwrap() >= 2.0);
    }

    #[tokio::test]
    async fn the_warm_up_is_not_measured() {
        let fake = Fake::new(1, u64::MAX);
        let measurement = run(&load(None, 100, 100), vec![fake.clone()]).await.unwrap();
        assert!(measurement.samples() > 0);
        assert!(measurement.samples() < fake.calls.load(Ordering::SeqCst));
    }

    /// One caller of 5 ms cannot keep up with 1,000 calls per second: the last one starts 400 ms late, and that is its latency.
    #[tokio::test]
    async fn the_open_loop_measures_from_the_intended_start() {
        let fake = Fake::new(5, u64::MAX);
        let measurement = run(&load(Some(1000), 0, 100), vec![fake.clone()]).await.unwrap();
        assert_eq!(fake.calls.load(Ordering::SeqCst), 100);
        assert_eq!(measurement.samples(), 100);
        assert!(measurement.percentile_ms(100.0).unwrap() >= 390.0);
        assert!(measurement.percentile_ms(50.0).unwrap() >= 150.0);
    }

    #[tokio::test]
    async fn a_call_that_cannot_be_sent_in_time_is_an_error() {
        let fake = Fake::new(50, u64::MAX);
        let load = Load {
            sent_within: Duration::from_millis(10),
            ..load(Some(1000), 0, 100)
        };
        let measurement = run(&load, vec![fake.clone()]).await.unwrap();
        let sent = fake.calls.load(Ordering::SeqCst);
        assert_eq!(measurement.samples(), sent);
        assert_eq!(measurement.errors["NOT_SENT"].count + sent, 100);
    }

    #[test]
    fn the_schedule_is_fixed_from_the_beginning() {
        let begin = Instant::now();
        let rate = NonZeroU32::new(3).unwrap();
        let offsets: Vec<u128> = schedule(begin, rate)
            .take(7)
            .map(|moment| (moment - begin).as_millis())
            .collect();
        assert_eq!(offsets, [0, 333, 666, 1000, 1333, 1666, 2000]);
    }
}

//! The contracts between processes: the generated gRPC code, the event envelope with its Kafka headers, and the `Feed` port
//! through which events reach their readers.
//!
//! It knows no rule of the bank: an event's `data` stays the raw JSON that was recorded.

pub mod codebank {
    //! Generated from `proto/codebank`.
    #[allow(
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        unused_qualifications,
        reason = "written by the generator"
    )]
    pub mod v1 {
        tonic::include_proto!("codebank.v1");
    }
}

#[allow(
    clippy::all,
    clippy::pedantic,
    unreachable_pub,
    unused_qualifications,
    reason = "written by the generator"
)]
pub mod payment {
    //! Generated from `proto/payment`.
    tonic::include_proto!("payment");
}

pub mod envelope;
pub mod feed;
pub mod partition;
pub mod trace;

/// The descriptors of every service, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The topic that carries every account's events.
pub const ACCOUNT_EVENTS_TOPIC: &str = "codebank.account.events.v1";

/// Response header (with the value `true`) on an answer that was already given to an earlier call.
pub const REPLAYED_HEADER: &str = "codebank-replayed";

//! `COPY … FROM STDIN` in PostgreSQL's binary format, of rows that are to be appended.

use anyhow::{Context, Result};
use command_api::event_store::Append;
use sqlx::PgConnection;

const COPY: &str = "copy events (
    aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, request_id, request_fingerprint
) from stdin (format binary)";
/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
const FIELDS: [u8; 2] = 9_i16.to_be_bytes();

/// Bytes to be sent, and how many rows they are.
pub(super) struct Copy {
    bytes: Vec<u8>,
    rows: u64,
}

impl Copy {
    pub(super) fn of(appends: &[Append]) -> Result<Self> {
        let mut copy = Self {
            bytes: HEADER.to_vec(),
            rows: 0,
        };
        for append in appends {
            copy.add(append)?;
        }
        copy.bytes.extend(END);
        Ok(copy)
    }

    /// Each append here has one event and a request.
    fn add(&mut self, append: &Append) -> Result<()> {
        let event = append.events.first().context("an append without an event")?;
        let request = append.request.context("an append without a request")?;
        self.rows += 1;
        self.bytes.extend(FIELDS);
        self.field(append.stream_type.as_bytes())?;
        self.field(append.stream_id.to_string().as_bytes())?;
        self.field(&append.first_sequence.to_be_bytes())?;
        self.field(event.name.as_bytes())?;
        self.field(event.version.as_bytes())?;
        self.field(event.payload.as_bytes())?;
        self.field(serde_json::to_string(&event.metadata)?.as_bytes())?;
        self.field(request.id.as_uuid().as_bytes())?;
        self.field(&request.fingerprint)
    }

    fn field(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend(i32::try_from(bytes.len())?.to_be_bytes());
        self.bytes.extend(bytes);
        Ok(())
    }

    /// In a transaction of its own.
    pub(super) async fn send(self, connection: &mut PgConnection) -> Result<()> {
        let mut copy = connection.copy_in_raw(COPY).await?;
        copy.send(self.bytes).await?;
        let copied = copy.finish().await?;
        anyhow::ensure!(copied == self.rows, "{copied} of {} rows were copied", self.rows);
        Ok(())
    }
}

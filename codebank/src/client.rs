//! Commands that talk to a running bank, as its customers do: over gRPC and GraphQL, knowing nothing of its insides.

pub(crate) mod dashboards;
pub(crate) mod history;
pub(crate) mod pay;
pub(crate) mod statement;

use anyhow::Context;
use tonic::transport::Channel;

/// Where the bank's gRPC services are.
#[derive(Debug, clap::Args)]
pub(crate) struct GrpcServer {
    /// Address of the bank's gRPC services.
    #[arg(
        long = "grpc",
        env = "CODEBANK_GRPC_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    url: String,
}

impl GrpcServer {
    async fn connect(&self) -> anyhow::Result<Channel> {
        let url = if self.url.contains("://") {
            self.url.clone()
        } else {
            format!("http://{}", self.url)
        };
        let endpoint =
            Channel::from_shared(url).with_context(|| format!("{} is not an address", self.url))?;
        let unreachable = || {
            format!(
                "no bank answers at {}; is it running? (`codebank up` starts one)",
                self.url
            )
        };
        endpoint.connect().await.with_context(unreachable)
    }
}

/// What a gRPC error means to a person: its message, and every field that was wrong.
fn explain(status: &tonic::Status) -> anyhow::Error {
    use tonic_types::StatusExt;
    let violations = status
        .get_error_details()
        .bad_request()
        .map(|bad| bad.field_violations.clone())
        .unwrap_or_default();
    let mut lines = vec![format!("{} ({:?})", status.message(), status.code())];
    lines.extend(
        violations
            .iter()
            .map(|fault| format!("  - {}: {}", fault.field, fault.description)),
    );
    anyhow::Error::msg(lines.join("\n"))
}

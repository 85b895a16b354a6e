//! Many purchases in one call: what each is answered with.

use futures::future::join_all;
use prost::Message as _;
use proto::codebank::v1;
use proto::codebank::v1::authorize_batch_result::Outcome;
use tonic::Status;

use crate::grpc::call::Call;
use crate::grpc::purchase::Verdict;

use super::{Authorizations, Authorized};

impl Authorizations {
    /// All at once: they share the commits of their accounts. They are waited for one after the other, but all are on their way.
    pub(super) async fn authorize_all(
        &self,
        requests: Vec<v1::AuthorizeRequest>,
        call: Call,
    ) -> Vec<v1::AuthorizeBatchResult> {
        let submitted = join_all(requests.into_iter().map(|request| self.submit(request, call))).await;
        let mut verdicts = Vec::with_capacity(submitted.len());
        for deciding in submitted {
            verdicts.push(match deciding {
                Ok(deciding) => deciding.verdict(&self.services).await,
                Err(status) => Verdict::Given(Err(Box::new(status))),
            });
        }
        let mut results = Vec::with_capacity(verdicts.len());
        for verdict in verdicts {
            let answer = verdict.answer().await;
            results.push(result(answer.and_then(|answer| self.authorized(&answer))));
        }
        results
    }
}

fn result(authorized: Result<Authorized, Status>) -> v1::AuthorizeBatchResult {
    let (outcome, replayed) = match authorized {
        Ok(authorized) => (
            Outcome::Authorization(authorized.authorization),
            authorized.replayed,
        ),
        Err(status) => (Outcome::Failure(failure(&status)), false),
    };
    v1::AuthorizeBatchResult {
        outcome: Some(outcome),
        replayed,
    }
}

/// The status as a message. Its details are a `google.rpc.Status` already, of which the code and the message are what they are.
fn failure(status: &Status) -> v1::Failure {
    let details = tonic_types::pb::Status::decode(status.details());
    v1::Failure {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: details.map(|status| status.details).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::grpc::status;

    #[test]
    fn a_failure_is_the_status_with_all_its_details() {
        let status = status::failed_precondition("CARD_BLOCKED", "card/1", "it is blocked");
        let failure = failure(&status);
        assert_eq!(failure.code, i32::from(Code::FailedPrecondition));
        assert_eq!(failure.message, "it is blocked");
        let types: Vec<&str> = failure
            .details
            .iter()
            .map(|detail| detail.type_url.as_str())
            .collect();
        assert_eq!(
            types,
            [
                "type.googleapis.com/google.rpc.ErrorInfo",
                "type.googleapis.com/google.rpc.PreconditionFailure"
            ]
        );
    }
}

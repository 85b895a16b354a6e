//! `payment.PaymentService`: the contract of the bank that this one replaces.
//!
//! It has no idempotency key, so each call is a request of its own: two identical calls are two payments. It knows one way to
//! be told of a decline, `FAILED_PRECONDITION`.

use domain::RequestId;
use proto::codebank::v1;
use proto::payment::PaymentRequest;
use proto::payment::payment_service_server::PaymentService;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use crate::event_store::RequestKey;

use super::call::Call;
use super::decisions::Decisions;
use super::reply::Decision;
use super::{Services, parse, purchase, status};

#[derive(Debug, Clone)]
pub(super) struct Payments {
    pub(super) services: Services,
    pub(super) decisions: Decisions,
}

#[async_trait]
impl PaymentService for Payments {
    async fn payment(&self, request: Request<PaymentRequest>) -> Result<Response<()>, Status> {
        let call = Call::of(&request);
        let purchase = parse::payment(&mut request.into_inner())?;
        let card = purchase::recognize(&self.services, &purchase.card).await?;
        let key = RequestKey {
            id: RequestId::new(Uuid::now_v7()),
            fingerprint: self
                .services
                .vault
                .fingerprint("payment.PaymentService/Payment", &[]),
        };
        let answer = purchase::submit(&self.services, purchase, card, key, call)
            .answer(&self.services)
            .await?;
        approved(&self.decisions.decided(&answer)?)
    }
}

fn approved(decision: &Decision) -> Result<Response<()>, Status> {
    let reason = match decision.authorization.decision() {
        v1::Decision::Approved => return Ok(Response::new(())),
        v1::Decision::Declined | v1::Decision::Unspecified => decision.authorization.decline_reason(),
    };
    let name = reason.as_str_name().trim_start_matches("DECLINE_REASON_");
    let subject = format!("authorization/{}", decision.authorization.authorization_id);
    Err(status::failed_precondition(
        name,
        &subject,
        &format!("declined: {name}"),
    ))
}

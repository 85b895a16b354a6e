//! `codebank.v1.AuthorizationService`: what a checkout asks.

mod batch;

use prost::Message as _;
use proto::codebank::v1::authorization_service_server::AuthorizationService;
use proto::codebank::v1::{
    Authorization, AuthorizeBatchRequest, AuthorizeBatchResponse, AuthorizeRequest, AuthorizeResponse,
    GetOutcomeRequest, GetOutcomeResponse,
};
use tonic::{Request, Response, Status, async_trait};

use domain::RequestId;

use crate::event_store::RequestKey;
use crate::execute::Answer;

use super::call::Call;
use super::decisions::Decisions;
use super::purchase::Deciding;
use super::{Services, fingerprint, parse, purchase, reply, status};

#[derive(Debug, Clone)]
pub(super) struct Authorizations {
    pub(super) services: Services,
    pub(super) decisions: Decisions,
    /// The largest purchase that is read. The service itself takes whole batches.
    pub(super) purchase_bytes_max: usize,
    pub(super) batch_requests_max: usize,
}

/// A purchase that was decided, now or by an earlier call.
struct Authorized {
    authorization: Authorization,
    replayed: bool,
}

impl Authorizations {
    /// Reads a purchase and hands it over to be decided.
    async fn submit(&self, mut message: AuthorizeRequest, call: Call) -> Result<Deciding, Status> {
        if message.encoded_len() > self.purchase_bytes_max {
            return Err(status::message_too_large(self.purchase_bytes_max));
        }
        let (request_id, purchase) = parse::authorize(&mut message)?;
        let card = purchase::recognize(&self.services, &purchase.card).await?;
        let key = RequestKey {
            id: request_id,
            fingerprint: fingerprint::of_purchase(&self.services.vault, message, &purchase.card),
        };
        Ok(purchase::submit(&self.services, purchase, card, key, call))
    }

    fn authorized(&self, answer: &Answer) -> Result<Authorized, Status> {
        Ok(Authorized {
            authorization: self.decisions.decided(answer)?.authorization,
            replayed: answer.replayed,
        })
    }
}

#[async_trait]
impl AuthorizationService for Authorizations {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let call = Call::of(&request);
        let deciding = self.submit(request.into_inner(), call).await?;
        let answer = deciding.answer(&self.services).await?;
        let authorized = self.authorized(&answer)?;
        let message = AuthorizeResponse {
            authorization: Some(authorized.authorization),
        };
        Ok(reply::respond(message, authorized.replayed))
    }

    async fn authorize_batch(
        &self,
        request: Request<AuthorizeBatchRequest>,
    ) -> Result<Response<AuthorizeBatchResponse>, Status> {
        let call = Call::of(&request);
        let requests = request.into_inner().requests;
        parse::how_many("requests", requests.len(), self.batch_requests_max)?;
        let results = self.authorize_all(requests, call).await;
        Ok(Response::new(AuthorizeBatchResponse { results }))
    }

    /// `NOT_FOUND` promises that Authorize may be called with the request id; an id that another request took is therefore
    /// `FAILED_PRECONDITION`.
    async fn get_outcome(
        &self,
        request: Request<GetOutcomeRequest>,
    ) -> Result<Response<GetOutcomeResponse>, Status> {
        let request_id: RequestId = parse::only("request_id", &request.into_inner().request_id)?;
        let found = self.services.executor.find_request(request_id).await;
        let event = found.map_err(|error| status::of_store(&error))?.ok_or_else(|| {
            let description = "nothing is recorded under this request id";
            status::not_found(
                "OUTCOME_NOT_FOUND",
                "authorization",
                &request_id.to_string(),
                description,
            )
        })?;
        let fact = event.fact().map_err(|error| status::of_store(&error))?;
        let decision = reply::decision(&event, &fact).ok_or_else(|| {
            let description = "what is recorded under this request id is not a purchase";
            status::failed_precondition(
                "NOT_AN_AUTHORIZATION",
                &format!("request/{request_id}"),
                description,
            )
        })?;
        Ok(Response::new(GetOutcomeResponse {
            authorization: Some(decision.authorization),
        }))
    }
}

//! `codebank.v1.AuthorizationService` of the peer: read, recognize the card, decide durably, answer from what was recorded.

use domain::account::Command;
use proto::codebank::v1;
use proto::codebank::v1::authorization_service_server::AuthorizationService;
use tonic::{Request, Response, Status, async_trait};

use super::Peer;
use crate::front::{Purchase, authorization, respond, unknown_card};

#[async_trait]
impl AuthorizationService for Peer {
    async fn authorize(
        &self,
        request: Request<v1::AuthorizeRequest>,
    ) -> Result<Response<v1::AuthorizeResponse>, Status> {
        let purchase = Purchase::read(request.get_ref())?;
        let recognized = self
            .vault
            .recognize(&purchase.number, purchase.expiry, &purchase.security_code)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let Some(card) = recognized else {
            return Ok(answered(unknown_card(purchase.amount), false));
        };
        let (account_id, request_id) = (card.account_id, purchase.request_id);
        let command = Command::AuthorizePurchase(purchase.command(card));
        let recorded = self.ledger.execute(account_id, request_id, command).await?;
        let account = (recorded.account_id, recorded.version);
        let authorization = authorization(&recorded.event, account)
            .ok_or_else(|| Status::already_exists("the request id was used for something else"))?;
        Ok(answered(authorization, recorded.is_repeat))
    }

    async fn authorize_batch(
        &self,
        _request: Request<v1::AuthorizeBatchRequest>,
    ) -> Result<Response<v1::AuthorizeBatchResponse>, Status> {
        Err(Status::unimplemented("the peer decides one purchase at a time"))
    }

    async fn get_outcome(
        &self,
        _request: Request<v1::GetOutcomeRequest>,
    ) -> Result<Response<v1::GetOutcomeResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}

fn answered(authorization: v1::Authorization, is_repeat: bool) -> Response<v1::AuthorizeResponse> {
    let message = v1::AuthorizeResponse {
        authorization: Some(authorization),
    };
    respond(message, is_repeat)
}

//! `codebank.v1.CardAccountService` of the peer: as much of it as opening accounts for a run takes.

use command_api::vault::Assignment;
use domain::account::{ActivateCard, Command, IssueCard, OpenAccount};
use domain::calendar::ClosingDay;
use domain::{AccountId, CardId};
use proto::codebank::v1;
use proto::codebank::v1::card_account_service_server::CardAccountService;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use super::Peer;
use crate::front::{expiry, id, money, now, respond, timestamp, valid};

/// A method that no run calls.
fn not_measured<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not measured"))
}

#[async_trait]
impl CardAccountService for Peer {
    async fn open_account(
        &self,
        request: Request<v1::OpenAccountRequest>,
    ) -> Result<Response<v1::OpenAccountResponse>, Status> {
        let message = request.into_inner();
        let command = Command::OpenAccount(OpenAccount {
            at: now(),
            credit_limit: money("credit_limit", message.credit_limit.as_ref())?,
            closing_day: valid("closing_day", ClosingDay::try_new(message.closing_day))?,
        });
        let account_id = AccountId::new(Uuid::now_v7());
        let request_id = id("request_id", &message.request_id)?;
        let recorded = self.ledger.execute(account_id, request_id, command).await?;
        let message = v1::OpenAccountResponse {
            account_id: recorded.account_id,
            account_version: recorded.version,
            recorded_at: Some(timestamp(recorded.event.occurred_at())),
        };
        Ok(respond(message, recorded.is_repeat))
    }

    async fn issue_card(
        &self,
        request: Request<v1::IssueCardRequest>,
    ) -> Result<Response<v1::IssueCardResponse>, Status> {
        let message = request.into_inner();
        let request_id = id("request_id", &message.request_id)?;
        let account_id = id("account_id", &message.account_id)?;
        let assignment = Assignment {
            request_id,
            account_id,
            card_id: CardId::new(Uuid::now_v7()),
            expiry: expiry(message.expiry_month, message.expiry_year)?,
            number: None,
        };
        let card = self.vault.assign(assignment).await;
        let card = card.map_err(|error| Status::unavailable(error.to_string()))?;
        let command = Command::IssueCard(IssueCard {
            at: now(),
            card_id: card.card_id,
            last_four: card.last_four.clone(),
            expiry: card.expiry,
        });
        let recorded = self.ledger.execute(account_id, request_id, command).await?;
        let message = v1::IssueCardResponse {
            card_id: card.card_id.to_string(),
            card_token: card.token.expose().to_owned(),
            card_last_four: card.last_four.to_string(),
            account_version: recorded.version,
            recorded_at: Some(timestamp(recorded.event.occurred_at())),
        };
        Ok(respond(message, recorded.is_repeat))
    }

    async fn activate_card(
        &self,
        request: Request<v1::ActivateCardRequest>,
    ) -> Result<Response<v1::ActivateCardResponse>, Status> {
        let message = request.into_inner();
        let command = Command::ActivateCard(ActivateCard {
            at: now(),
            card_id: id("card_id", &message.card_id)?,
        });
        let account_id = id("account_id", &message.account_id)?;
        let request_id = id("request_id", &message.request_id)?;
        let recorded = self.ledger.execute(account_id, request_id, command).await?;
        let message = v1::ActivateCardResponse {
            account_version: recorded.version,
            recorded_at: Some(timestamp(recorded.event.occurred_at())),
        };
        Ok(respond(message, recorded.is_repeat))
    }

    async fn reveal_card(
        &self,
        request: Request<v1::RevealCardRequest>,
    ) -> Result<Response<v1::RevealCardResponse>, Status> {
        let card = self
            .vault
            .reveal(id("card_id", &request.get_ref().card_id)?)
            .await;
        let card = card.map_err(|error| Status::unavailable(error.to_string()))?;
        let card = card.ok_or_else(|| Status::not_found("no such card"))?;
        Ok(Response::new(v1::RevealCardResponse {
            card_number: card.number.expose().to_owned(),
            expiry_month: card.expiry.month(),
            expiry_year: card.expiry.year().unsigned_abs(), // after 2000
            security_code: card.security_code.expose().to_owned(),
        }))
    }

    async fn find_card(
        &self,
        _request: Request<v1::FindCardRequest>,
    ) -> Result<Response<v1::FindCardResponse>, Status> {
        not_measured()
    }

    async fn change_credit_limit(
        &self,
        _request: Request<v1::ChangeCreditLimitRequest>,
    ) -> Result<Response<v1::ChangeCreditLimitResponse>, Status> {
        not_measured()
    }

    async fn block_card(
        &self,
        _request: Request<v1::BlockCardRequest>,
    ) -> Result<Response<v1::BlockCardResponse>, Status> {
        not_measured()
    }

    async fn unblock_card(
        &self,
        _request: Request<v1::UnblockCardRequest>,
    ) -> Result<Response<v1::UnblockCardResponse>, Status> {
        not_measured()
    }

    async fn cancel_card(
        &self,
        _request: Request<v1::CancelCardRequest>,
    ) -> Result<Response<v1::CancelCardResponse>, Status> {
        not_measured()
    }

    async fn close_account(
        &self,
        _request: Request<v1::CloseAccountRequest>,
    ) -> Result<Response<v1::CloseAccountResponse>, Status> {
        not_measured()
    }
}

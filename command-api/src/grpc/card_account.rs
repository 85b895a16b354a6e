//! `codebank.v1.CardAccountService`: what the bank's own staff and front ends ask.

use std::sync::Arc;

use domain::account::{
    ActivateCard, BlockCard, CancelCard, ChangeCreditLimit, CloseAccount, Command, OpenAccount, UnblockCard,
};
use domain::{AccountId, CardId, RequestId};
use prost_types::Timestamp;
use proto::codebank::v1;
use proto::codebank::v1::card_account_service_server::CardAccountService;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use crate::event_store::RequestKey;
use crate::execute::{self, Answer};

use super::call::Call;
use super::status::About;
use super::{Services, clock, fingerprint, parse, reply, status};

mod issue;

#[derive(Debug, Clone)]
pub(super) struct CardAccounts {
    pub(super) services: Services,
}

/// One kind of change to a card's status: the five lines that the four of them share.
macro_rules! change_card {
    ($self:ident, $request:ident, $command:ident, $response:ident) => {{
        let call = Call::of(&$request);
        let message = $request.into_inner();
        let asked = parse::change_card(&message.request_id, &message.account_id, &message.card_id)?;
        let method = concat!("codebank.v1.CardAccountService/", stringify!($command));
        let key = RequestKey {
            id: asked.request_id,
            fingerprint: fingerprint::of_message(&$self.services.vault, method, &message),
        };
        let command = Command::$command($command {
            at: clock::now(),
            card_id: asked.card_id,
        });
        let answer = $self
            .change(asked.account_id, Some(asked.card_id), key, command, call)
            .await?;
        let (account_version, recorded_at) = changed(&answer);
        Ok(reply::respond(
            v1::$response {
                account_version,
                recorded_at,
            },
            answer.replayed,
        ))
    }};
}

#[async_trait]
impl CardAccountService for CardAccounts {
    async fn open_account(
        &self,
        request: Request<v1::OpenAccountRequest>,
    ) -> Result<Response<v1::OpenAccountResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let asked = parse::open_account(&message)?;
        let key = self.key(
            asked.request_id,
            "codebank.v1.CardAccountService/OpenAccount",
            &message,
        );
        let command = Command::OpenAccount(OpenAccount {
            at: clock::now(),
            credit_limit: asked.credit_limit,
            closing_day: asked.closing_day,
        });
        let account_id = AccountId::new(Uuid::now_v7());
        let answer = self.change(account_id, None, key, command, call).await?;
        let (account_version, recorded_at) = changed(&answer);
        // Of a repeat, the account is the first one's, not the one just named.
        let account_id = answer.event.stream_id.to_string();
        let message = v1::OpenAccountResponse {
            account_id,
            account_version,
            recorded_at,
        };
        Ok(reply::respond(message, answer.replayed))
    }

    async fn change_credit_limit(
        &self,
        request: Request<v1::ChangeCreditLimitRequest>,
    ) -> Result<Response<v1::ChangeCreditLimitResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let asked = parse::change_credit_limit(&message)?;
        let key = self.key(
            asked.request_id,
            "codebank.v1.CardAccountService/ChangeCreditLimit",
            &message,
        );
        let command = Command::ChangeCreditLimit(ChangeCreditLimit {
            at: clock::now(),
            credit_limit: asked.credit_limit,
        });
        let answer = self.change(asked.account_id, None, key, command, call).await?;
        let (account_version, recorded_at) = changed(&answer);
        Ok(reply::respond(
            v1::ChangeCreditLimitResponse {
                account_version,
                recorded_at,
            },
            answer.replayed,
        ))
    }

    async fn issue_card(
        &self,
        request: Request<v1::IssueCardRequest>,
    ) -> Result<Response<v1::IssueCardResponse>, Status> {
        let call = Call::of(&request);
        let mut message = request.into_inner();
        let asked = parse::issue_card(&mut message)?;
        let key = RequestKey {
            id: asked.request_id,
            fingerprint: fingerprint::of_issue_card(&self.services.vault, message, &asked),
        };
        self.issue(asked, key, call).await
    }

    async fn activate_card(
        &self,
        request: Request<v1::ActivateCardRequest>,
    ) -> Result<Response<v1::ActivateCardResponse>, Status> {
        change_card!(self, request, ActivateCard, ActivateCardResponse)
    }

    async fn block_card(
        &self,
        request: Request<v1::BlockCardRequest>,
    ) -> Result<Response<v1::BlockCardResponse>, Status> {
        change_card!(self, request, BlockCard, BlockCardResponse)
    }

    async fn unblock_card(
        &self,
        request: Request<v1::UnblockCardRequest>,
    ) -> Result<Response<v1::UnblockCardResponse>, Status> {
        change_card!(self, request, UnblockCard, UnblockCardResponse)
    }

    async fn cancel_card(
        &self,
        request: Request<v1::CancelCardRequest>,
    ) -> Result<Response<v1::CancelCardResponse>, Status> {
        change_card!(self, request, CancelCard, CancelCardResponse)
    }

    async fn close_account(
        &self,
        request: Request<v1::CloseAccountRequest>,
    ) -> Result<Response<v1::CloseAccountResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let asked = parse::close_account(&message)?;
        let key = self.key(
            asked.request_id,
            "codebank.v1.CardAccountService/CloseAccount",
            &message,
        );
        let command = Command::CloseAccount(CloseAccount { at: clock::now() });
        let answer = self.change(asked.account_id, None, key, command, call).await?;
        let (account_version, recorded_at) = changed(&answer);
        Ok(reply::respond(
            v1::CloseAccountResponse {
                account_version,
                recorded_at,
            },
            answer.replayed,
        ))
    }

    async fn reveal_card(
        &self,
        request: Request<v1::RevealCardRequest>,
    ) -> Result<Response<v1::RevealCardResponse>, Status> {
        let card_id: CardId = parse::only("card_id", &request.into_inner().card_id)?;
        let card = self.services.vault.reveal(card_id).await;
        let card = card.map_err(|error| status::of_vault(&error, None))?;
        let card = card.ok_or_else(|| status::card_not_found(card_id))?;
        Ok(Response::new(v1::RevealCardResponse {
            card_number: card.number.expose().to_owned(),
            expiry_month: card.expiry.month(),
            expiry_year: card.expiry.year().unsigned_abs(), // after 2000
            security_code: card.security_code.expose().to_owned(),
        }))
    }

    async fn find_card(
        &self,
        request: Request<v1::FindCardRequest>,
    ) -> Result<Response<v1::FindCardResponse>, Status> {
        let number = parse::find_card(&mut request.into_inner())?;
        let card = self.services.vault.by_number(&number).await;
        let card = card.map_err(|error| status::of_vault(&error, None))?;
        // The number is a secret: the resource that is missing has no name.
        let missing = || status::not_found("CARD_NOT_FOUND", "card", "", "no card has this number");
        let card = card.ok_or_else(missing)?;
        Ok(Response::new(v1::FindCardResponse {
            account_id: card.account_id.to_string(),
            card_id: card.card_id.to_string(),
            masked_number: number.masked(),
        }))
    }
}

impl CardAccounts {
    fn key(&self, id: RequestId, method: &str, message: &impl prost::Message) -> RequestKey {
        RequestKey {
            id,
            fingerprint: fingerprint::of_message(&self.services.vault, method, message),
        }
    }

    async fn change(
        &self,
        account_id: AccountId,
        card_id: Option<CardId>,
        key: RequestKey,
        command: Command,
        call: Call,
    ) -> Result<Box<Answer>, Status> {
        let about = About {
            request_id: key.id,
            account_id,
            card_id,
            amount_field: parse::CREDIT_LIMIT,
        };
        let request = execute::Request {
            account_id,
            key,
            command: Arc::new(command),
            trace: call.trace,
            deadline: call.deadline,
        };
        let answer = self.services.executor.execute(request).await;
        answer.map_err(|error| status::of_execute(error, &about))
    }
}

/// What every change is answered with: the account's version after it, and when it was recorded.
fn changed(answer: &Answer) -> (u64, Option<Timestamp>) {
    (
        answer.event.sequence,
        Some(reply::timestamp(answer.event.recorded_at)),
    )
}

//! Issuing a card: the one command that changes two places, the vault and the account.
//!
//! The vault's row comes first. If the event does not follow (a crash, a lost database), a repeat of the request finds the
//! row and records the event; until then a purchase with the number is declined. Whether the account takes cards is asked
//! before, so that a number is not given to an account that is not there.

use domain::CardId;
use domain::account::{Command, Event, IssueCard, Rejection, State, replay};
use proto::codebank::v1;
use tonic::{Response, Status};
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, Fact, RequestKey, StoreError};
use crate::execute::{Answer, ExecuteError};
use crate::grpc::call::Call;
use crate::grpc::status::About;
use crate::grpc::{clock, parse, reply, status};
use crate::vault::Assignment;

use super::{CardAccounts, changed};

impl CardAccounts {
    pub(super) async fn issue(
        &self,
        asked: parse::IssueCard,
        key: RequestKey,
        call: Call,
    ) -> Result<Response<v1::IssueCardResponse>, Status> {
        if let Some(first) = self.issued_before(&asked, key).await? {
            return self.issued(&first).await;
        }
        self.account_takes_cards(&asked, key).await?;
        let assignment = Assignment {
            request_id: asked.request_id,
            account_id: asked.account_id,
            card_id: CardId::new(Uuid::now_v7()),
            expiry: asked.expiry,
            number: asked.number,
        };
        let assigned = self.services.vault.assign(assignment).await;
        let card = assigned.map_err(|error| status::of_vault(&error, Some(asked.request_id)))?;
        let command = Command::IssueCard(IssueCard {
            at: clock::now(),
            card_id: card.card_id,
            last_four: card.last_four,
            expiry: card.expiry,
        });
        let answer = self
            .change(asked.account_id, Some(card.card_id), key, command, call)
            .await?;
        self.issued(&answer).await
    }

    /// The first answer to this request, whatever became of the account since.
    async fn issued_before(
        &self,
        asked: &parse::IssueCard,
        key: RequestKey,
    ) -> Result<Option<Answer>, Status> {
        let found = self.services.executor.find_request(key.id).await;
        match found.map_err(|error| status::of_store(&error))? {
            None => Ok(None),
            Some(first) if first.request == Some(key) => Answer::repeated(first)
                .map(Some)
                .map_err(|error| status::of_store(&error)),
            Some(first) => Err(status::request_id_reused(asked.request_id, &first)),
        }
    }

    async fn account_takes_cards(&self, asked: &parse::IssueCard, key: RequestKey) -> Result<(), Status> {
        let about = About {
            request_id: key.id,
            account_id: asked.account_id,
            card_id: None,
            amount_field: parse::CREDIT_LIMIT,
        };
        let refused = |rejection| Err(status::of_execute(ExecuteError::Rejected(rejection), &about));
        match self
            .state(asked)
            .await
            .map_err(|error| status::of_store(&error))?
        {
            State::Unopened => refused(Rejection::AccountNotFound),
            State::Closed(_) => refused(Rejection::AccountClosed),
            State::Open(_) => Ok(()),
        }
    }

    async fn state(&self, asked: &parse::IssueCard) -> Result<State, StoreError> {
        let stream = (asked.account_id.as_uuid(), 0);
        let recorded = self.services.log.load(ACCOUNT_STREAM, &[stream]).await?;
        let events = recorded.iter().map(crate::event_store::Recorded::account_event);
        let events: Vec<Event> = events.collect::<Result<_, _>>()?;
        replay(&events).map_err(|error| StoreError::Damaged {
            event_id: format!("{}-{}", asked.account_id, recorded.len()),
            reason: error.to_string(),
        })
    }

    /// The reply, from the event and what the vault says of the card, neither of which changes.
    async fn issued(&self, answer: &Answer) -> Result<Response<v1::IssueCardResponse>, Status> {
        let damaged = |reason: &str| {
            status::of_store(&StoreError::Damaged {
                event_id: answer.event.event_id(),
                reason: reason.to_owned(),
            })
        };
        let Fact::Account(Event::CardIssued(issued)) = &answer.fact else {
            return Err(damaged("not a card_issued where a card was issued"));
        };
        let card = self.services.vault.by_card_id(issued.card_id).await;
        let card = card.map_err(|error| status::of_vault(&error, None))?;
        let card = card.ok_or_else(|| damaged("the vault does not have the card"))?;
        let (account_version, recorded_at) = changed(answer);
        let message = v1::IssueCardResponse {
            card_id: issued.card_id.to_string(),
            card_token: card.token.expose().to_owned(),
            card_last_four: issued.card_last_four.to_string(),
            account_version,
            recorded_at,
        };
        Ok(reply::respond(message, answer.replayed))
    }
}

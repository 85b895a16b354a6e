//! A purchase on its way to its decision: asked of the card's account, or kept as an attempt with a card that is nobody's.

use std::sync::Arc;

use domain::AccountId;
use domain::account::Command;
use domain::attempt::CardNotRecognized;
use tonic::Status;
use uuid::Uuid;

use crate::event_store::RequestKey;
use crate::execute::{Answer, ExecuteError, Pending};
use crate::grpc::call::Call;
use crate::grpc::status::{self, About};
use crate::grpc::{Services, parse};

use super::KnownCard;

/// A purchase that was handed over, and is on its way. Who drops this has left.
#[derive(Debug)]
pub(in crate::grpc) enum Deciding {
    Account(Asked),
    Attempt(Attempt),
}

/// What the card's account was asked.
#[derive(Debug)]
pub(in crate::grpc) struct Asked {
    pub(super) card: KnownCard,
    pub(super) command: Arc<Command>,
    pub(super) key: RequestKey,
    pub(super) call: Call,
    pub(super) pending: Pending,
}

/// What is recorded of a card that is nobody's, as far as the caller is told.
#[derive(Debug)]
pub(in crate::grpc) struct Attempt {
    request: RequestKey,
    pending: Pending,
}

/// What the account says, or the attempt that is recorded because it must not be heard.
#[derive(Debug)]
pub(in crate::grpc) enum Verdict {
    Given(Result<Box<Answer>, Box<Status>>),
    Attempt(Attempt),
}

impl Deciding {
    /// Waits for the account, if one is asked. An attempt is on its way by then, so that of many purchases none waits for another's.
    pub(in crate::grpc) async fn verdict(self, services: &Services) -> Verdict {
        match self {
            Self::Account(asked) => asked.verdict(services).await,
            Self::Attempt(attempt) => Verdict::Attempt(attempt),
        }
    }

    /// The durable answer.
    pub(in crate::grpc) async fn answer(self, services: &Services) -> Result<Box<Answer>, Status> {
        self.verdict(services).await.answer().await
    }
}

impl Verdict {
    /// The durable answer.
    pub(in crate::grpc) async fn answer(self) -> Result<Box<Answer>, Status> {
        match self {
            Self::Given(answer) => answer.map_err(|status| *status),
            Self::Attempt(attempt) => attempt.answer().await,
        }
    }
}

impl Asked {
    async fn verdict(self, services: &Services) -> Verdict {
        let error = match self.pending.await {
            Ok(answer) => return Verdict::Given(Ok(answer)),
            Err(error) => error,
        };
        if let ExecuteError::Rejected(rejection) = error
            && self.card.hides(rejection)
            && let Command::AuthorizePurchase(purchase) = self.command.as_ref()
        {
            let attempt = CardNotRecognized {
                occurred_at: purchase.at,
                authorization_id: purchase.authorization_id,
                amount: purchase.amount,
                merchant: purchase.merchant.clone(),
                description: purchase.description.clone(),
            };
            return Verdict::Attempt(Attempt::record(services, attempt, self.key, self.call));
        }
        let about = About {
            request_id: self.key.id,
            account_id: self.card.account_id,
            card_id: Some(self.card.card_id),
            amount_field: parse::AMOUNT,
        };
        Verdict::Given(Err(Box::new(status::of_execute(error, &about))))
    }
}

impl Attempt {
    pub(super) fn record(
        services: &Services,
        attempt: CardNotRecognized,
        request: RequestKey,
        call: Call,
    ) -> Self {
        let executor = &services.executor;
        Self {
            request,
            pending: executor.record_attempt(attempt, request, call.trace, call.deadline),
        }
    }

    async fn answer(self) -> Result<Box<Answer>, Status> {
        let nobody = About {
            request_id: self.request.id,
            account_id: AccountId::new(Uuid::nil()),
            card_id: None,
            amount_field: parse::AMOUNT,
        };
        self.pending
            .await
            .map_err(|error| status::of_execute(error, &nobody))
    }
}

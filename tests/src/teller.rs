//! A caller of the bank's gRPC services: opens accounts, issues cards, buys, and reads the history.

use std::time::Duration;

use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::authorize_request;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::history_service_client::HistoryServiceClient;
use proto::codebank::v1::{
    AccountEventsRequest, ActivateCardRequest, AllEventsRequest, Authorization, AuthorizeRequest,
    AuthorizeResponse, BlockCardRequest, CancelCardRequest, CardCredentials, CloseAccountRequest,
    GetOutcomeRequest, IssueCardRequest, Merchant, Money, OpenAccountRequest, RecordedEvent,
    RevealCardRequest,
};
use proto::payment::payment_service_client::PaymentServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use uuid::Uuid;

const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// A card as its holder knows it.
#[derive(Debug, Clone)]
pub struct Card {
    pub account_id: String,
    pub card_id: String,
    pub token: String,
    pub number: String,
    pub expiry_month: u32,
    pub expiry_year: u32,
    pub security_code: String,
}

impl Card {
    /// Kept on file by a merchant.
    pub fn on_file(&self) -> authorize_request::Card {
        authorize_request::Card::CardToken(self.token.clone())
    }

    /// Typed in at a checkout.
    pub fn typed_in(&self) -> authorize_request::Card {
        authorize_request::Card::Credentials(self.credentials())
    }

    pub fn credentials(&self) -> CardCredentials {
        CardCredentials {
            number: self.number.clone(),
            expiry_month: self.expiry_month,
            expiry_year: self.expiry_year,
            security_code: self.security_code.clone(),
        }
    }
}

/// All services of one bank over one connection, which is made anew when it breaks.
#[derive(Debug, Clone)]
pub struct Teller {
    pub accounts: CardAccountServiceClient<Channel>,
    pub authorizations: AuthorizationServiceClient<Channel>,
    pub history: HistoryServiceClient<Channel>,
    pub payments: PaymentServiceClient<Channel>,
}

pub fn request_id() -> String {
    Uuid::now_v7().to_string()
}

pub fn brl(minor_units: i64) -> Money {
    Money {
        minor_units,
        currency_code: "BRL".to_owned(),
    }
}

/// A purchase of a book, under a request id of its own.
pub fn purchase(card: authorize_request::Card, minor_units: i64, description: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        request_id: request_id(),
        card: Some(card),
        amount: Some(brl(minor_units)),
        merchant: Some(Merchant {
            id: "livraria-01".to_owned(),
            name: "Livraria".to_owned(),
            mcc: "5942".to_owned(),
        }),
        description: description.to_owned(),
    }
}

/// The decision, which every answer has.
pub fn decision(answer: Response<AuthorizeResponse>) -> Authorization {
    let authorization = answer.into_inner().authorization;
    authorization.expect("an answer has an authorization")
}

impl Teller {
    pub fn at(url: &str) -> Self {
        let endpoint = Endpoint::from_shared(url.to_owned()).expect("a URL");
        let channel = endpoint.connect_timeout(CONNECTED_WITHIN).connect_lazy();
        Self {
            accounts: CardAccountServiceClient::new(channel.clone()),
            authorizations: AuthorizationServiceClient::new(channel.clone()),
            history: HistoryServiceClient::new(channel.clone()),
            payments: PaymentServiceClient::new(channel),
        }
    }

    /// An open account with this credit limit in cents.
    pub async fn open_account(&self, credit_limit: i64, closing_day: u32) -> String {
        let request = OpenAccountRequest {
            request_id: request_id(),
            credit_limit: Some(brl(credit_limit)),
            closing_day,
        };
        let opened = self.accounts.clone().open_account(request).await;
        opened.expect("an account is opened").into_inner().account_id
    }

    /// A card, not activated yet. Without a number the bank makes one.
    pub async fn issue_card(&self, account_id: &str, expiry: (u32, u32), number: &str) -> Card {
        let (expiry_month, expiry_year) = expiry;
        let request = IssueCardRequest {
            request_id: request_id(),
            account_id: account_id.to_owned(),
            expiry_month,
            expiry_year,
            card_number: number.to_owned(),
        };
        let mut accounts = self.accounts.clone();
        let issued = accounts
            .issue_card(request)
            .await
            .expect("a card is issued")
            .into_inner();
        let card_id = issued.card_id.clone();
        let revealed = accounts.reveal_card(RevealCardRequest { card_id }).await;
        let revealed = revealed.expect("a card is revealed").into_inner();
        Card {
            account_id: account_id.to_owned(),
            card_id: issued.card_id,
            token: issued.card_token,
            number: revealed.card_number,
            expiry_month: revealed.expiry_month,
            expiry_year: revealed.expiry_year,
            security_code: revealed.security_code,
        }
    }

    /// A card that can be used, good for years.
    pub async fn active_card(&self, account_id: &str) -> Card {
        let card = self.issue_card(account_id, (12, 2035), "").await;
        self.activate(&card).await;
        card
    }

    pub async fn activate(&self, card: &Card) {
        let request = ActivateCardRequest {
            request_id: request_id(),
            account_id: card.account_id.clone(),
            card_id: card.card_id.clone(),
        };
        let activated = self.accounts.clone().activate_card(request).await;
        activated.expect("the card is activated");
    }

    pub async fn block(&self, card: &Card) {
        let request = BlockCardRequest {
            request_id: request_id(),
            account_id: card.account_id.clone(),
            card_id: card.card_id.clone(),
        };
        let blocked = self.accounts.clone().block_card(request).await;
        blocked.expect("the card is blocked");
    }

    pub async fn cancel(&self, card: &Card) {
        let request = CancelCardRequest {
            request_id: request_id(),
            account_id: card.account_id.clone(),
            card_id: card.card_id.clone(),
        };
        let cancelled = self.accounts.clone().cancel_card(request).await;
        cancelled.expect("the card is cancelled");
    }

    pub async fn close_account(&self, account_id: &str) {
        let request = CloseAccountRequest {
            request_id: request_id(),
            account_id: account_id.to_owned(),
        };
        let closed = self.accounts.clone().close_account(request).await;
        closed.expect("the account is closed");
    }

    /// One call, no retries; the caller waits no longer than this.
    pub async fn authorize(
        &self,
        request: &AuthorizeRequest,
        deadline: Duration,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let mut request = Request::new(request.clone());
        request.set_timeout(deadline);
        self.authorizations.clone().authorize(request).await
    }

    /// Nothing where nothing is recorded under the request id.
    pub async fn outcome(
        &self,
        request_id: &str,
        deadline: Duration,
    ) -> Result<Option<Authorization>, Status> {
        let mut request = Request::new(GetOutcomeRequest {
            request_id: request_id.to_owned(),
        });
        request.set_timeout(deadline);
        match self.authorizations.clone().get_outcome(request).await {
            Ok(found) => Ok(found.into_inner().authorization),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// An account's events, all of them, in order.
    pub async fn account_events(&self, account_id: &str) -> Result<Vec<RecordedEvent>, Status> {
        let request = AccountEventsRequest {
            account_id: account_id.to_owned(),
            from_sequence: 0,
        };
        let mut stream = self.history.clone().account_events(request).await?.into_inner();
        let mut events = Vec::new();
        while let Some(message) = stream.message().await? {
            events.extend(message.event);
        }
        Ok(events)
    }

    /// Every event of the bank, in the order of commits.
    pub async fn all_events(&self) -> Result<Vec<RecordedEvent>, Status> {
        let request = AllEventsRequest {
            after_position: String::new(),
        };
        let mut stream = self.history.clone().all_events(request).await?.into_inner();
        let mut events = Vec::new();
        while let Some(message) = stream.message().await? {
            events.extend(message.event);
        }
        Ok(events)
    }
}

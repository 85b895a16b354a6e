//! `codebank pay`: one purchase over gRPC, as a checkout makes it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use command_api::vault::{CardNumber, SecurityCode};
use domain::card::Expiry;
use domain::{Currency, Money};
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::authorize_request::Card;
use proto::codebank::v1::{
    Authorization, AuthorizeRequest, CardCredentials, Decision, DeclineReason, Merchant,
};
use uuid::Uuid;

use super::{GrpcServer, explain};
use crate::role::embedded;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The card's number, or its token (`tok_…`).
    #[arg(long, value_name = "NUMBER|TOKEN")]
    card: String,
    /// The month the card is good through, MM/YY. Without it and --cvv, they are read from the embedded bank's own data.
    #[arg(long, value_name = "MM/YY", requires = "cvv")]
    expiry: Option<String>,
    /// The security code on the card.
    #[arg(long, requires = "expiry")]
    cvv: Option<String>,
    /// What is to be paid, such as 49.90.
    #[arg(long, allow_negative_numbers = true)]
    amount: String,
    /// ISO 4217 code of the amount's currency.
    #[arg(long, default_value = "BRL")]
    currency: String,
    /// The store's name.
    #[arg(long)]
    store: String,
    /// What is bought.
    #[arg(long)]
    description: String,
    /// The store's merchant category code (ISO 18245).
    #[arg(long, default_value = "5999")]
    mcc: String,
    /// The request id; repeating a payment with the same one never charges twice.
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
    /// Where the embedded bank keeps its data.
    #[arg(long, env = "CODEBANK_DATA", value_name = "DIR", default_value = embedded::DEFAULT_DATA)]
    data: PathBuf,
    #[command(flatten)]
    server: GrpcServer,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let currency: Currency = args.currency.parse().context("--currency")?;
    let amount =
        Money::parse_decimal(&args.amount, currency).with_context(|| format!("--amount {}", args.amount))?;
    let request_id = args.request_id.unwrap_or_else(Uuid::now_v7);
    let request = AuthorizeRequest {
        request_id: request_id.to_string(),
        card: Some(card(&args).await?),
        amount: Some(proto::codebank::v1::Money {
            minor_units: amount.minor_units(),
            currency_code: amount.currency().to_string(),
        }),
        merchant: Some(Merchant {
            id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, args.store.as_bytes()).to_string(),
            name: args.store.clone(),
            mcc: args.mcc.clone(),
        }),
        description: args.description.clone(),
    };

    let mut bank = AuthorizationServiceClient::new(args.server.connect().await?);
    let response = bank.authorize(request).await.map_err(|status| explain(&status))?;
    let replayed = response.metadata().contains_key(proto::REPLAYED_HEADER);
    let authorization = response
        .into_inner()
        .authorization
        .context("the bank sent an empty answer")?;
    print(&authorization, amount, &args.store, request_id, replayed);
    Ok(())
}

fn print(authorization: &Authorization, amount: Money, store: &str, request_id: Uuid, replayed: bool) {
    let again = if replayed {
        " (the answer to an earlier call with this request id)"
    } else {
        ""
    };
    match authorization.decision() {
        Decision::Approved => println!("APPROVED  {amount} at {store}{again}"),
        Decision::Declined | Decision::Unspecified => {
            println!(
                "DECLINED  {amount} at {store}: {}{again}",
                meaning(authorization.decline_reason())
            );
        }
    }
    println!("  authorization  {}", authorization.authorization_id);
    println!("  request id     {request_id}");
    if !authorization.account_id.is_empty() {
        println!(
            "  account        {} (version {})",
            authorization.account_id, authorization.account_version
        );
    }
}

fn meaning(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::Unspecified => "no reason given",
        DeclineReason::CardNotRecognized => "the number, the expiry or the security code is wrong",
        DeclineReason::AccountClosed => "the account is closed",
        DeclineReason::CardCancelled => "the card is cancelled",
        DeclineReason::CardNotActivated => "the card is not activated yet",
        DeclineReason::CardBlocked => "the card is blocked",
        DeclineReason::CardExpired => "the card has expired",
        DeclineReason::OverLimit => "above what is left of the credit limit",
    }
}

async fn card(args: &Args) -> anyhow::Result<Card> {
    if args.card.starts_with("tok_") {
        return Ok(Card::CardToken(args.card.clone()));
    }
    let (expiry, security_code) = match (&args.expiry, &args.cvv) {
        (Some(expiry), Some(cvv)) => (parse_expiry(expiry)?, cvv.clone()),
        _ => printed_on_card(args).await?,
    };
    Ok(Card::Credentials(CardCredentials {
        number: args.card.clone(),
        expiry_month: expiry.month(),
        expiry_year: u32::try_from(expiry.year()).context("the expiry year")?,
        security_code,
    }))
}

/// What a cardholder would read off the card: on the embedded bank's own machine it can be asked of the vault.
async fn printed_on_card(args: &Args) -> anyhow::Result<(Expiry, String)> {
    let missing = || {
        format!(
            "--expiry and --cvv are needed: they are on the card (and {} holds no embedded bank to ask)",
            args.data.display()
        )
    };
    let number = CardNumber::parse(&args.card).context("--card")?;
    let vault = embedded::open_vault(&args.data).await.with_context(missing)?;
    // Any expiry and code find the card; whether they are the right ones is not asked here.
    let (any_expiry, any_code) = (Expiry::try_new(1, 2030)?, SecurityCode::parse("000")?);
    let Some(card) = vault.recognize(&number, any_expiry, &any_code).await? else {
        bail!(
            "the embedded bank in {} issued no such card; give --expiry and --cvv to try it all the same",
            args.data.display()
        );
    };
    let revealed = vault
        .reveal(card.card_id)
        .await?
        .context("the vault lost the card")?;
    eprintln!(
        "(expiry and security code read from {}, as its holder would read them off the card)",
        args.data.display()
    );
    Ok((revealed.expiry, revealed.security_code.expose().to_owned()))
}

fn parse_expiry(text: &str) -> anyhow::Result<Expiry> {
    let (month, year) = text
        .split_once('/')
        .with_context(|| format!("--expiry {text} is not MM/YY"))?;
    Expiry::try_new(
        month.parse().context("--expiry: the month")?,
        year.parse().context("--expiry: the year")?,
    )
    .with_context(|| format!("--expiry {text}"))
}

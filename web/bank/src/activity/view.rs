//! The timeline's page, in the reader's words.

use askama::Template;
use chrono::NaiveDate;
use look::{Language, Page, amount, date, local};

use super::{Question, Show};
use crate::asked::{address, given};
use crate::bank::facts::{Activity, ActivityKind};
use crate::bank::queries;
use crate::cardholder::Cardholder;
use crate::words;

const PATH: &str = "/activity";

/// Something that happened, as the timeline shows it.
pub(super) struct EventView {
    pub(super) version: u64,
    /// Set on the first event of its day.
    pub(super) day: Option<String>,
    pub(super) time: String,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) amount: Option<String>,
    pub(super) is_declined: bool,
    pub(super) is_purchase: bool,
    /// Why it was declined, and what can be done.
    pub(super) reason: Option<(&'static str, &'static str)>,
    pub(super) is_new: bool,
}

struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "activity.html")]
pub(super) struct ActivityPage {
    page: Page,
    label: String,
    version: u64,
    events: Vec<EventView>,
    tabs: Vec<Tab>,
    show: &'static str,
    search: String,
    is_filtered: bool,
    is_live: bool,
    refresh: String,
    newer: Option<String>,
    older: Option<String>,
}

impl ActivityPage {
    pub(super) fn new(holder: &Cardholder, question: &Question, answer: queries::ActivityPage) -> Self {
        let language = holder.visitor.language;
        let show = ("show", question.show.name());
        let search = ("search", question.search.as_str());
        let info = &answer.listed.page_info;
        let link = |name, cursor: &Option<String>, is_more: bool| {
            let cursor = cursor.as_deref().filter(|_| is_more)?;
            Some(address(PATH, &[show, search, (name, cursor)]))
        };
        let version = answer.account_version.to_string();
        Self {
            page: holder
                .page(holder.t("Activity", "Atividade"))
                .with_back(&address(PATH, &[show, search]))
                .with_htmx(),
            label: holder.label.clone(),
            version: answer.account_version,
            tabs: tabs(language, question),
            show: question.show.name(),
            search: question.search.clone(),
            is_filtered: question.show != Show::All || given(&question.search).is_some(),
            is_live: given(&question.newer).is_none() && given(&question.older).is_none(),
            refresh: address(PATH, &[show, search, ("seen", &version)]),
            newer: link("newer", &info.start_cursor, info.has_previous_page),
            older: link("older", &info.end_cursor, info.has_next_page),
            events: events(language, answer.listed.nodes, question.seen),
        }
    }
}

fn tabs(language: Language, question: &Question) -> Vec<Tab> {
    let label = |show| match show {
        Show::All => language.t("Everything", "Tudo"),
        Show::Approved => language.t("Approved", "Aprovadas"),
        Show::Declined => language.t("Declined", "Recusadas"),
        Show::Changes => language.t("Account and cards", "Conta e cartões"),
    };
    Show::EACH
        .into_iter()
        .map(|show| Tab {
            label: label(show),
            href: address(PATH, &[("show", show.name()), ("search", &question.search)]),
            is_current: show == question.show,
        })
        .collect()
}

fn events(language: Language, activities: Vec<Activity>, seen: Option<u64>) -> Vec<EventView> {
    let mut day_before: Option<NaiveDate> = None;
    activities
        .into_iter()
        .map(|activity| {
            let day = local(activity.occurred_at).date_naive();
            let is_first = day_before.replace(day) != Some(day);
            let mut view = event(language, &activity);
            view.day = is_first.then(|| date(language, day));
            view.is_new = seen.is_some_and(|seen| activity.version > seen);
            view
        })
        .collect()
}

/// One event, without its place among others.
pub(super) fn event(language: Language, activity: &Activity) -> EventView {
    let is_declined = activity.kind == ActivityKind::PurchaseDeclined;
    let is_purchase = is_declined || activity.kind == ActivityKind::PurchaseApproved;
    let kind = words::kind(language, activity.kind);
    let title = match &activity.merchant {
        Some(merchant) => merchant.name.clone(),
        None => kind.to_owned(),
    };
    let card = activity.card_last_four.as_deref().map(|last_four| {
        let word = language.t("card", "cartão");
        format!("{word} •••• {last_four}")
    });
    let detail = [activity.description.clone(), card]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    let money = activity.amount.as_ref().or(activity.credit_limit.as_ref());
    EventView {
        version: activity.version,
        day: None,
        time: local(activity.occurred_at).format("%H:%M").to_string(),
        title,
        detail,
        amount: money.map(|money| amount(language, money.minor_units, &money.currency)),
        is_declined,
        is_purchase,
        reason: activity
            .decline_reason
            .map(|reason| words::reason(language, reason)),
        is_new: false,
    }
}

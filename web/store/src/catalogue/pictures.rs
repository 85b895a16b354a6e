//! The pictures: one drawn for each of the shop's own goods, and for everything else a parcel in a colour of its own.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

macro_rules! drawn {
    ($($slug:literal),* $(,)?) => {
        [$(($slug, include_str!(concat!("../../pictures/", $slug, ".svg")))),*]
    };
}

static DRAWN: [(&str, &str); 36] = drawn![
    "almofada",
    "cadeira-de-balanco",
    "caderno-pautado",
    "cafe-sul-de-minas",
    "cafeteira-italiana",
    "caixa-de-ferramentas",
    "caneca-esmaltada",
    "caneta-tinteiro",
    "chaleira-bico-de-ganso",
    "coador-de-ceramica",
    "dom-casmurro",
    "faca-do-chef",
    "forma-de-pudim",
    "frigideira",
    "furadeira",
    "grampeador",
    "iracema",
    "jogo-de-chaves-de-fenda",
    "lapis-de-cor",
    "luminaria-de-mesa",
    "martelo",
    "memorias-postumas-de-bras-cubas",
    "moedor-manual",
    "nivel-de-bolha",
    "o-cortico",
    "os-sertoes",
    "panela-de-ferro",
    "pilao-de-pedra",
    "rede-de-dormir",
    "regua-de-madeira",
    "relogio-de-parede",
    "tabua-de-corte",
    "tesoura",
    "trena",
    "triste-fim-de-policarpo-quaresma",
    "vaso-de-barro",
];

/// The picture of a product, as SVG.
pub(crate) fn picture(slug: &str) -> Cow<'static, str> {
    let drawn = DRAWN.iter().find(|(name, _)| *name == slug);
    match drawn {
        Some((_, picture)) => Cow::Borrowed(*picture),
        None => Cow::Owned(parcel(slug)),
    }
}

/// A parcel; hue, height and label come from the name.
fn parcel(slug: &str) -> String {
    let mut hasher = DefaultHasher::new();
    slug.hash(&mut hasher);
    let seed = hasher.finish();
    let hue = seed % 360;
    let top = 78 + (seed >> 12) % 28;
    let tape = 150 + (seed >> 24) % 20;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240">
<rect width="320" height="240" fill="hsl({hue},38%,92%)"/>
<circle cx="160" cy="112" r="92" fill="hsl({hue},34%,85%)"/>
<ellipse cx="160" cy="196" rx="88" ry="9" fill="#2b2118" opacity=".16"/>
<path d="M88 {top}h144v{height}a8 8 0 0 1-8 8H96a8 8 0 0 1-8-8z" fill="#c79b64"/>
<path d="M88 {top}h144v16H88z" fill="#b38550"/>
<rect x="{tape}" y="{top}" width="18" height="48" fill="hsl({hue},55%,55%)"/>
<rect x="104" y="152" width="44" height="28" rx="3" fill="#fbf6ec"/>
<path d="M112 162h28M112 170h18" stroke="#8a6a42" stroke-width="3" stroke-linecap="round"/>
</svg>
"##,
        height = 188 - top,
    )
}

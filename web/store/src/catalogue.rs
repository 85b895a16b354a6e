//! What the shop sells: products, the words for their categories, the search. It knows no database.

mod pictures;
mod seed;

use look::Language;
use uuid::Uuid;

use crate::price::Price;
pub(crate) use pictures::picture;
pub(crate) use seed::products as seeded;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) category: Category,
    pub(crate) name_en: String,
    pub(crate) name_pt: String,
    pub(crate) description_en: String,
    pub(crate) description_pt: String,
    /// As the REST API shows it. The pages draw the shop's own picture: they load nothing from elsewhere.
    pub(crate) image_url: String,
    pub(crate) price: Price,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Books,
    Coffee,
    Kitchen,
    Tools,
    Stationery,
    Home,
    /// What came over the REST API, which has no categories.
    Other,
}

impl Category {
    pub(crate) const ALL: [Self; 7] = [
        Self::Books,
        Self::Coffee,
        Self::Kitchen,
        Self::Tools,
        Self::Stationery,
        Self::Home,
        Self::Other,
    ];

    /// As it is stored, and as an address has it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Books => "books",
            Self::Coffee => "coffee",
            Self::Kitchen => "kitchen",
            Self::Tools => "tools",
            Self::Stationery => "stationery",
            Self::Home => "home",
            Self::Other => "other",
        }
    }

    pub(crate) fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.key() == key)
    }

    /// A category of a later version is among the others.
    pub(crate) fn from_key(key: &str) -> Self {
        Self::parse(key).unwrap_or(Self::Other)
    }

    pub(crate) fn name(self, language: Language) -> &'static str {
        match self {
            Self::Books => language.t("Books", "Livros"),
            Self::Coffee => language.t("Coffee", "Café"),
            Self::Kitchen => language.t("Kitchen", "Cozinha"),
            Self::Tools => language.t("Tools", "Ferramentas"),
            Self::Stationery => language.t("Stationery", "Papelaria"),
            Self::Home => language.t("Home", "Casa"),
            Self::Other => language.t("More", "Mais"),
        }
    }
}

impl Product {
    pub(crate) fn name(&self, language: Language) -> &str {
        match language {
            Language::Pt => &self.name_pt,
            Language::En => &self.name_en,
        }
    }

    pub(crate) fn description(&self, language: Language) -> &str {
        match language {
            Language::Pt => &self.description_pt,
            Language::En => &self.description_en,
        }
    }

    /// Whether every word is in what a reader could know it by, in either language, with or without accents.
    pub(crate) fn matches(&self, search: &str) -> bool {
        let known_by = [
            &self.name_en,
            &self.name_pt,
            &self.description_en,
            &self.description_pt,
        ];
        let known_by: String = known_by.map(|text| plain(text)).join(" ");
        plain(search)
            .split_whitespace()
            .all(|word| known_by.contains(word))
    }
}

/// In small letters without the accents of Portuguese, as people type into a search box.
pub(crate) fn plain(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    letters
        .map(|letter| match letter {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            other => other,
        })
        .collect()
}

/// A name as an address has it: `Café & pão` becomes `cafe-pao`.
pub(crate) fn slug(name: &str) -> String {
    let plain = plain(name);
    let words = plain
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    // Only ASCII is left, so that every byte is a place to cut.
    slug.get(..80).unwrap_or(&slug).trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_with_and_without_accents_in_both_languages() {
        let product = seeded()
            .into_iter()
            .find(|product| product.slug == "cafe-sul-de-minas");
        let product = product.unwrap();
        for search in ["", "café", "CAFE", "beans", "minas cafe", "  coffee  "] {
            assert!(product.matches(search), "{search}");
        }
        assert!(!product.matches("martelo"));
    }

    #[test]
    fn a_slug_is_of_plain_letters() {
        let cases = [
            ("Café & Pão", "cafe-pao"),
            ("  --  ", ""),
            ("Tênis Nº 42", "tenis-n-42"),
            ("日本", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert_eq!(slug(&"ab ".repeat(60)).len(), 80);
    }
}

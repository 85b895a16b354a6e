//! Draws text and bars on sheets of a PDF. Places and sizes come in tenths of a point and leave as the floats of the PDF
//! crate; nothing here knows an amount.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::text::{Font, TextDirection};
use ttf_parser::Face;

use super::Failure;

static PLAIN: &[u8] = include_bytes!("../../../assets/fonts/inter-regular.otf");
static STRONG: &[u8] = include_bytes!("../../../assets/fonts/inter-semibold.otf");

#[derive(Debug, Clone, Copy)]
pub(super) enum Weight {
    Plain,
    Strong,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    Black,
    Soft,
    Brand,
    Tint,
    Rule,
    White,
}

impl Ink {
    fn fill(self) -> Fill {
        let (red, green, blue) = match self {
            Self::Black => (20, 32, 27),
            Self::Soft => (75, 90, 83),
            Self::Brand => (11, 92, 74),
            Self::Tint => (238, 244, 241),
            Self::Rule => (213, 220, 215),
            Self::White => (255, 255, 255),
        };
        Fill {
            paint: rgb::Color::new(red, green, blue).into(),
            opacity: NormalizedF32::ONE,
            ..Fill::default()
        }
    }
}

/// A font for drawing, and its measures. It has no kerning: a text is as wide as its letters.
struct Letters {
    font: Font,
    face: Face<'static>,
}

impl Letters {
    fn load(bytes: &'static [u8]) -> Result<Self, Failure> {
        Ok(Self {
            font: Font::new(bytes.to_vec().into(), 0).ok_or(Failure::Font)?,
            face: Face::parse(bytes, 0).map_err(|_| Failure::Font)?,
        })
    }

    /// In tenths of a point, as the size.
    fn width(&self, text: &str, size: i32) -> i32 {
        let units: i32 = text
            .chars()
            .filter_map(|letter| self.face.glyph_index(letter))
            .filter_map(|glyph| self.face.glyph_hor_advance(glyph))
            .map(i32::from)
            .sum();
        units * size / i32::from(self.face.units_per_em())
    }
}

enum Mark {
    Text {
        left: i32,
        base: i32,
        size: i32,
        weight: Weight,
        ink: Ink,
        text: String,
    },
    Bar {
        left: i32,
        top: i32,
        width: i32,
        height: i32,
        ink: Ink,
    },
}

struct Sheet {
    width: i32,
    height: i32,
    marks: Vec<Mark>,
}

/// Collects what is on each sheet; the PDF is made at the end.
pub(super) struct Pen {
    plain: Letters,
    strong: Letters,
    title: String,
    language: String,
    sheets: Vec<Sheet>,
}

impl Pen {
    pub(super) fn new(title: &str, language: &str) -> Result<Self, Failure> {
        Ok(Self {
            plain: Letters::load(PLAIN)?,
            strong: Letters::load(STRONG)?,
            title: title.to_owned(),
            language: language.to_owned(),
            sheets: Vec::new(),
        })
    }

    pub(super) fn turn_page(&mut self, width: i32, height: i32) {
        self.sheets.push(Sheet {
            width,
            height,
            marks: Vec::new(),
        });
    }

    pub(super) fn fill(&mut self, left: i32, top: i32, width: i32, height: i32, ink: Ink) {
        self.mark(Mark::Bar {
            left,
            top,
            width,
            height,
            ink,
        });
    }

    pub(super) fn text(&mut self, left: i32, base: i32, size: i32, weight: Weight, ink: Ink, text: &str) {
        let text = text.to_owned();
        self.mark(Mark::Text {
            left,
            base,
            size,
            weight,
            ink,
            text,
        });
    }

    /// A text that ends there.
    pub(super) fn text_end(
        &mut self,
        right: i32,
        base: i32,
        size: i32,
        weight: Weight,
        ink: Ink,
        text: &str,
    ) {
        let width = self.letters(weight).width(text, size);
        self.text(right - width, base, size, weight, ink, text);
    }

    /// A text that is cut where it would be wider.
    #[expect(
        clippy::too_many_arguments,
        reason = "a place, a manner and a text: there is nothing to group"
    )]
    pub(super) fn text_cut(
        &mut self,
        left: i32,
        base: i32,
        size: i32,
        weight: Weight,
        ink: Ink,
        text: &str,
        width: i32,
    ) {
        let letters = self.letters(weight);
        let mut shown = text.to_owned();
        while letters.width(&shown, size) > width {
            // Its last letter gives way to the ellipsis, which was the last before.
            let kept = shown.trim_end_matches('…').chars().count().saturating_sub(1);
            shown = text.chars().take(kept).chain(['…']).collect();
        }
        self.text(left, base, size, weight, ink, &shown);
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.marks.push(mark);
        }
    }

    fn letters(&self, weight: Weight) -> &Letters {
        match weight {
            Weight::Plain => &self.plain,
            Weight::Strong => &self.strong,
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Failure> {
        let mut document = Document::new();
        document.set_metadata(
            Metadata::new()
                .title(self.title.clone())
                .language(self.language.clone())
                .creator("codebank".to_owned()),
        );
        for sheet in &self.sheets {
            let Some(settings) = PageSettings::from_wh(points(sheet.width), points(sheet.height)) else {
                return Err(Failure::Document("a sheet without size".to_owned()));
            };
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in &sheet.marks {
                self.draw(&mut surface, mark);
            }
            surface.finish();
            page.finish();
        }
        document
            .finish()
            .map_err(|error| Failure::Document(format!("{error:?}")))
    }

    fn draw(&self, surface: &mut krilla::surface::Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Text {
                left,
                base,
                size,
                weight,
                ink,
                text,
            } => {
                surface.set_fill(Some(ink.fill()));
                surface.draw_text(
                    Point::from_xy(points(*left), points(*base)),
                    self.letters(*weight).font.clone(),
                    points(*size),
                    text,
                    false,
                    TextDirection::LeftToRight,
                );
            }
            Mark::Bar {
                left,
                top,
                width,
                height,
                ink,
            } => {
                let rect = Rect::from_xywh(points(*left), points(*top), points(*width), points(*height));
                let mut path = PathBuilder::new();
                if let Some(rect) = rect {
                    path.push_rect(rect);
                }
                if let Some(path) = path.finish() {
                    surface.set_fill(Some(ink.fill()));
                    surface.draw_path(&path);
                }
            }
        }
    }
}

#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "places on a sheet; an f32 has all tenths of a point that fit on one"
)]
fn points(tenths: i32) -> f32 {
    tenths as f32 / 10.0
}

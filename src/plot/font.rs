//! The fonts of the pictures. DejaVu Sans is built in, with Latin-1, Greek, superscripts and the common mathematical signs; a text
//! with other letters is set in a font of the system that has all of them.
//!
//! `DejaVuSans.ttf` beside this file was cut from DejaVu Sans 2.37 by fontTools, its licence is `DejaVuSans-LICENSE`:
//! `pyftsubset DejaVuSans.ttf --no-hinting --layout-features=kern --legacy-kern --unicodes=U+20-7E,U+A0-FF,U+370-3FF,
//! U+2010-2016,U+2018-201D,U+2022,U+2026,U+2032,U+2070-209C,U+2190-2193,U+2202,U+2206,U+2207,U+2211,U+2212,U+221A,
//! U+221D,U+221E,U+2248,U+2260,U+2264,U+2265,U+22C5`

use super::installed;
use ab_glyph::{Font as _, FontRef};
use anyhow::{Result, anyhow};
use plotters::style::{FontFamily, FontStyle, register_font};
use std::sync::{Mutex, OnceLock, PoisonError};

static BUILT_IN: &[u8] = include_bytes!("DejaVuSans.ttf");

/// A font that plotters knows.
#[derive(Clone)]
pub(super) struct Font {
    name: &'static str,
    glyphs: FontRef<'static>,
}

impl Font {
    /// Makes a font known to plotters under its name; `None` if its bytes are no font.
    fn register(name: &'static str, bytes: &'static [u8]) -> Option<Self> {
        let glyphs = FontRef::try_from_slice(bytes).ok()?;
        register_font(name, FontStyle::Normal, bytes).ok().map(|()| Self { name, glyphs })
    }

    pub fn family(&self) -> FontFamily<'static> {
        FontFamily::Name(self.name)
    }

    /// plotters takes a font's height from descender to ascender; this many times its size (1.164 in DejaVu Sans).
    pub fn line_height(&self) -> f64 {
        let height = f64::from(self.glyphs.height_unscaled());
        self.glyphs.units_per_em().map_or(1.164, |unit| height / f64::from(unit))
    }

    fn has(&self, text: &str) -> bool {
        text.chars().all(|letter| self.glyphs.glyph_id(letter).0 != 0)
    }
}

/// The font that `text` is set in: the built-in one, or the first of the system's that has all of its letters. Without any the
/// built-in one leaves blanks; [`can_draw`] tells.
pub(super) fn of(text: &str) -> Result<Font> {
    let built_in = built_in()?;
    if built_in.has(text) {
        return Ok(built_in);
    }
    Ok(of_system(text).unwrap_or(built_in))
}

/// Whether the built-in font has every letter of `text`.
pub(super) fn is_built_in(text: &str) -> bool {
    built_in().is_ok_and(|font| font.has(text))
}

/// Whether every letter of `text` is in one font.
pub(super) fn can_draw(text: &str) -> bool {
    is_built_in(text) || of_system(text).is_some()
}

fn built_in() -> Result<Font> {
    static FONT: OnceLock<Option<Font>> = OnceLock::new();
    let font = FONT.get_or_init(|| Font::register("lockstep", BUILT_IN));
    font.clone().ok_or_else(|| anyhow!("plot: the font cannot be read"))
}

/// Letters that are joined, stacked or set from right to left are no text when they are put one after the other.
fn is_shaped(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

fn of_system(text: &str) -> Option<Font> {
    // Those that were found before; what no font has is not looked for twice.
    static FOUND: Mutex<(Vec<Font>, Vec<String>)> = Mutex::new((Vec::new(), Vec::new()));
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let (fonts, missing) = &mut *found;
    if text.chars().any(is_shaped) || missing.iter().any(|known| known == text) {
        return None;
    }
    if let Some(font) = fonts.iter().find(|font| font.has(text)) {
        return Some(font.clone());
    }
    let bytes = installed::find(&installed::folders(), |bytes| {
        FontRef::try_from_slice(bytes).is_ok_and(|font| text.chars().all(|letter| font.glyph_id(letter).0 != 0))
    });
    // plotters keeps a font for as long as the process lives, of which there are a few.
    let name = format!("lockstep-{}", fonts.len() + 1);
    let font = bytes.and_then(|bytes| Font::register(name.leak(), bytes.leak()));
    match &font {
        Some(font) => fonts.push(font.clone()),
        None => missing.push(text.into()),
    }
    font
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_font_has_latin_and_greek_and_says_what_it_has_not() {
        let font = built_in().unwrap();
        assert!(font.has("Größe ± 0.5 · λ² ≤ ∞") && !font.has("город") && !font.has("都市"));
        assert!((font.line_height() - 1.164).abs() < 1e-3, "{}", font.line_height());
        assert!(can_draw("Größe") && !can_draw("\u{10fffd}"), "no font has a letter that is none");
        // Hebrew from left to right would read backwards, whatever font has its letters.
        assert!(!can_draw("עיר"));
    }

    #[test]
    fn a_font_is_one_that_has_every_letter() {
        let bytes = std::fs::read("tests/data/fonts/cyrillic.ttf").unwrap();
        let font = Font::register("test", bytes.leak()).unwrap();
        assert!(font.has("город a1") && !font.has("Город") && !font.has("città"));
        assert!(Font::register("none", b"no font").is_none());
    }
}

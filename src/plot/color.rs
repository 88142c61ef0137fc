//! Colours that a colour-blind reader can tell apart, and marks that need no colour.

/// The palette of Okabe and Ito, "Color Universal Design" (2008), black last and without its yellow, which is too
/// light for a line on white.
const PALETTE: [(u8, u8, u8); 7] = [
    (0x00, 0x72, 0xB2),
    (0xD5, 0x5E, 0x00),
    (0x00, 0x9E, 0x73),
    (0xE6, 0x9F, 0x00),
    (0xCC, 0x79, 0xA7),
    (0x56, 0xB4, 0xE9),
    (0x00, 0x00, 0x00),
];

/// The colour for the points of each class, so that it goes with the region's: the palette's, then matplotlib's `tab10`.
const CLASS: [Color; CLASSES] = [
    Color::Palette(1),
    Color::Palette(0),
    Color::Palette(3),
    Color::Palette(2),
    Color::Palette(4),
    Color::Palette(5),
    Color::Palette(6),
    Color::Rgb(0x8C, 0x56, 0x4B),
    Color::Rgb(0x94, 0x67, 0xBD),
    Color::Rgb(0xBC, 0xBD, 0x22),
];

/// Classes that can be told apart.
pub const CLASSES: usize = 10;

/// Light colours of matplotlib's `RdYlBu` (ColorBrewer), red for class 0 and blue for class 1, then what stays apart.
const REGION: [(u8, u8, u8); CLASSES] = [
    (0xFD, 0xC9, 0x8F),
    (0xB4, 0xDD, 0xEB),
    (0xFF, 0xFF, 0xBF),
    (0xC7, 0xE9, 0xC0),
    (0xE7, 0xCF, 0xE0),
    (0xE0, 0xF3, 0xF8),
    (0xD9, 0xD9, 0xD9),
    (0xE3, 0xD2, 0xC6),
    (0xDC, 0xD3, 0xEC),
    (0xE9, 0xE9, 0xB0),
];

/// ColorBrewer's "Blues" with nine classes (C. Brewer, M. Harrower), white first.
const BLUES: [(u8, u8, u8); 9] = [
    (0xFF, 0xFF, 0xFF),
    (0xDE, 0xEB, 0xF7),
    (0xC6, 0xDB, 0xEF),
    (0x9E, 0xCA, 0xE1),
    (0x6B, 0xAE, 0xD6),
    (0x42, 0x92, 0xC6),
    (0x21, 0x71, 0xB5),
    (0x08, 0x51, 0x9C),
    (0x08, 0x30, 0x6B),
];

/// A colour of the palette (numbers go round) or of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Palette(usize),
    Rgb(u8, u8, u8),
}

impl Color {
    pub const BLACK: Self = Self::Rgb(0, 0, 0);
    pub const GREY: Self = Self::Rgb(0x80, 0x80, 0x80);

    /// The colour for points of a class, darker than that class's region.
    pub fn class(class: u8) -> Self {
        CLASS[usize::from(class) % CLASS.len()]
    }

    /// Red, green, blue.
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Palette(index) => PALETTE[index % PALETTE.len()],
            Self::Rgb(red, green, blue) => (red, green, blue),
        }
    }

    /// Halfway to white.
    pub(super) fn faint(self) -> Self {
        let (red, green, blue) = self.rgb();
        let half = |part: u8| ((u16::from(part) + 255) / 2) as u8;
        Self::Rgb(half(red), half(green), half(blue))
    }

    /// The colour of a class's region.
    pub(super) fn region(class: u8) -> Self {
        let (red, green, blue) = REGION[usize::from(class) % REGION.len()];
        Self::Rgb(red, green, blue)
    }
}

/// From white at 0 to dark blue at 1; NaN is grey.
pub(super) fn shade(share: f64) -> Color {
    if share.is_nan() {
        return Color::Rgb(0xD9, 0xD9, 0xD9);
    }
    let place = share.clamp(0.0, 1.0) * (BLUES.len() - 1) as f64;
    let index = (place as usize).min(BLUES.len() - 2);
    let part = place - index as f64;
    let (from, to) = (BLUES[index], BLUES[index + 1]);
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Color::Rgb(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

impl From<usize> for Color {
    fn from(index: usize) -> Self {
        Self::Palette(index)
    }
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
}

impl Marker {
    /// The shape that goes with a colour.
    pub(super) fn of(color: Color) -> Self {
        const ALL: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond];
        match color {
            Color::Palette(index) => ALL[index % PALETTE.len() % ALL.len()],
            Color::Rgb(..) => Self::Circle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_differ_in_colour_mark_and_region() {
        for class in 1..4 {
            let (a, b) = (Color::class(class - 1), Color::class(class));
            assert_ne!(a.rgb(), b.rgb());
            assert_ne!(Marker::of(a), Marker::of(b));
            assert_ne!(Color::region(class - 1), Color::region(class));
        }
    }

    #[test]
    fn colours_go_from_white_to_dark_through_the_scale() {
        assert_eq!((shade(0.0), shade(1.0)), (Color::Rgb(255, 255, 255), Color::Rgb(8, 48, 107)));
        assert_eq!(shade(0.5), Color::Rgb(0x6B, 0xAE, 0xD6));
        assert_eq!((shade(-3.0), shade(7.0)), (shade(0.0), shade(1.0)));
        // Halfway between 0x08519C and 0x08306B.
        assert_eq!(shade(0.9375), Color::Rgb(8, 65, 132));
    }

    // The first colour of Okabe and Ito's list after black and orange is written #0072B2 where it is published.
    #[test]
    fn the_palette_goes_round() {
        assert_eq!(Color::from(0).rgb(), (0, 114, 178));
        assert_eq!(Color::from(7).rgb(), Color::from(0).rgb());
    }
}

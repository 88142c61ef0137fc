//! Whole pictures, read back.

use super::*;

struct Picture {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Picture {
    fn of(figure: &Figure) -> Self {
        let png = figure.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { width: info.width as usize, height: info.height as usize, bytes }
    }

    fn pixel(&self, x: usize, y: usize) -> (u8, u8, u8) {
        let at = 3 * (y * self.width + x);
        (self.bytes[at], self.bytes[at + 1], self.bytes[at + 2])
    }

    /// How many pixels have exactly this colour.
    fn count(&self, color: Color) -> usize {
        let (red, green, blue) = color.rgb();
        self.bytes.chunks_exact(3).filter(|pixel| *pixel == [red, green, blue]).count()
    }

    /// The pixels that are not white, in columns `from..to`.
    fn inked(&self, from: usize, to: usize) -> usize {
        let places = (0..self.height).flat_map(|y| (from..to).map(move |x| (x, y)));
        places.filter(|&(x, y)| self.pixel(x, y) != (255, 255, 255)).count()
    }
}

fn rising() -> Line {
    Line::new((0..100).map(|i| (f64::from(i), f64::from(i * i))).collect())
}

fn alone(layer: impl Into<Layer>) -> Figure {
    Figure::new("").panel(Panel::new("", "", "").layer(layer))
}

#[test]
fn the_png_has_the_promised_size() {
    let panel = Panel::new("", "x", "y").layer(rising());
    let mut figure = Figure::new("A title").columns(2).panel(panel.clone());
    assert_eq!(figure.size(), (800, 604));
    for _ in 0..2 {
        figure = figure.panel(panel.clone());
        let picture = Picture::of(&figure);
        assert_eq!((picture.width, picture.height), figure.size());
    }
    assert_eq!(figure.size(), (1280, 964));
}

#[test]
fn a_line_has_its_colour_and_a_thickness_of_two_pixels() {
    let color = Color::from(1);
    let flat = Line::new(vec![(0.0, 1.0), (1.0, 1.0)]).color(1);
    let picture = Picture::of(&alone(flat));
    let column: Vec<_> = (0..picture.height).filter(|&y| picture.pixel(picture.width / 2, y) == color.rgb()).collect();
    assert!((1..=2).contains(&column.len()), "{column:?}");
    assert!(picture.count(color) > 600);
    assert_eq!(picture.count(Color::from(0)), 0);
}

#[test]
fn a_region_has_its_classs_colour_with_the_lowest_row_first() {
    let axis = GridAxis { start: 0.0, step: 1.0, count: 2 };
    let regions = Regions { x: axis, y: axis, cells: Cells::Classes(vec![0, 1, 1, 1]) };
    let picture = Picture::of(&alone(regions.clone()));
    let (w, h) = (picture.width, picture.height);
    assert_eq!(picture.pixel(w / 4, 3 * h / 4), Color::region(0).rgb());
    for (x, y) in [(3 * w / 4, 3 * h / 4), (w / 4, h / 4), (3 * w / 4, h / 4)] {
        assert_eq!(picture.pixel(x, y), Color::region(1).rgb(), "({x}, {y})");
    }
    let wrong = Regions { cells: Cells::Classes(vec![0; 3]), ..regions.clone() };
    assert!(alone(wrong).png().unwrap_err().to_string().contains("3 cells"));
    assert!(alone(Regions { x: GridAxis { step: f64::NAN, ..axis }, ..regions }).png().is_err());
}

#[test]
fn points_over_a_region_have_a_dark_edge() {
    let axis = GridAxis { start: 0.0, step: 1.0, count: 3 };
    let regions = Regions { x: axis, y: axis, cells: Cells::Classes(vec![1; 9]) };
    let points = |outlined| {
        let points = Points::new(vec![(1.0, 1.0)]).color(Color::class(1));
        let points = if outlined { points.outlined() } else { points };
        let panel = Panel::new("", "", "").layer(regions.clone()).layer(points);
        Picture::of(&Figure::new("").panel(panel))
    };
    let dark = |picture: &Picture| {
        let (x, y) = (picture.width / 2, picture.height / 2);
        (x - 60..x + 60).flat_map(|x| (y - 60..y + 60).map(move |y| (x, y))).any(|(x, y)| picture.pixel(x, y).2 < 60)
    };
    assert!(dark(&points(true)));
    assert!(!dark(&points(false)));
}

#[test]
fn what_lies_beyond_a_given_range_stays_inside_the_frame() {
    let steep = Line::new(vec![(-1e9, -1e12), (1e9, 1e12)]).color(2);
    let panel = Panel::new("", "", "").layer(steep).layer(Points::new(vec![(1e30, 0.0)])).x_range(0.0, 1.0);
    let picture = Picture::of(&Figure::new("").panel(panel.y_range(0.0, 1000.0)));
    assert!(picture.count(Color::from(2)) > 500);
    assert_eq!(picture.inked(picture.width - 8, picture.width), 0);
}

#[test]
fn a_band_is_a_light_area_and_stops_at_a_gap() {
    let low_high = |from: i32, to: i32| (from..=to).map(|x| (f64::from(x), 1.0, 2.0));
    let whole = Picture::of(&alone(Band::new(low_high(0, 10).collect())));
    let gap = low_high(0, 4).chain([(5.0, f64::NAN, 2.0)]).chain(low_high(6, 10)).collect();
    let broken = Picture::of(&alone(Band::new(gap)));
    let middle = |picture: &Picture| picture.pixel(picture.width / 2 + 24, picture.height / 2 - 10);
    assert_ne!(middle(&whole), (255, 255, 255));
    assert_eq!(middle(&broken), (255, 255, 255));
}

#[test]
fn a_legend_moves_out_of_the_way() {
    // A line that fills the plot leaves no place inside: the legend goes to the right, and the plot ends before it.
    let zigzag = Line::new((0..400).map(|i| (f64::from(i), f64::from(i % 2))).collect()).label("zigzag");
    let labelled = Picture::of(&alone(zigzag.clone()));
    let bare = Picture::of(&alone(Line { label: None, ..zigzag }));
    // The right edge of the frame: the last column that is drawn on from top to bottom.
    let edge = |picture: &Picture| {
        let mut columns = (0..picture.width).rev();
        columns.find(|&x| (100..400).all(|y| picture.pixel(x, y) != (255, 255, 255))).unwrap()
    };
    assert!(edge(&labelled) + 90 < edge(&bare), "{} {}", edge(&labelled), edge(&bare));
    // A line that leaves a corner free keeps the whole width.
    assert_eq!(edge(&Picture::of(&alone(rising().label("a")))), edge(&Picture::of(&alone(rising()))));
}

#[test]
fn what_cannot_be_shown_is_an_error_and_not_a_panic() {
    assert!(Figure::new("none").png().is_err());
    assert!(alone(rising()).columns(0).png().is_err());
    assert!(alone(Line::new(vec![])).png().is_err());
    assert!(alone(Line::new(vec![(f64::NAN, 1.0)])).png().is_err());
    assert!(alone(Line::new(vec![(f64::MIN, 0.0), (f64::MAX, 1.0)])).png().is_err());
    let skipped = Line::new(vec![(f64::NAN, 1.0), (1.0, 1.0), (2.0, f64::INFINITY), (3.0, 5.0), (4.0, 6.0)]);
    assert!(Picture::of(&alone(skipped.color(4))).count(Color::from(4)) > 100);
}

#[test]
fn a_line_of_a_single_point_is_a_dot() {
    let dot = Picture::of(&alone(Line::new(vec![(1.0, 0.5)]).color(3)));
    assert!((12..60).contains(&dot.count(Color::from(3))), "{}", dot.count(Color::from(3)));
}

#[test]
fn a_heat_maps_first_row_is_the_highest_and_its_scale_stands_beside_it() {
    let map = |shares: Vec<f64>| {
        let texts = vec![String::new(); shares.len()];
        Heatmap { columns: 2, shares, texts, label: String::new(), high: 1.0 }
    };
    let picture = Picture::of(&alone(map(vec![1.0, 0.0, 0.0, 0.5])));
    let (w, h) = (picture.width, picture.height);
    let dark = Color::Rgb(0x08, 0x30, 0x6B).rgb();
    assert_eq!(picture.pixel(w / 4, h / 4), dark);
    assert_eq!(picture.pixel(5 * w / 8, h / 4), (255, 255, 255));
    assert_eq!(picture.pixel(w / 4, 3 * h / 4), (255, 255, 255));
    assert_eq!(picture.pixel(5 * w / 8, 3 * h / 4), (0x6B, 0xAE, 0xD6));
    // The scale: dark above, light below.
    let scale = (w - 160..w).find(|&x| picture.pixel(x, 40).2 < 0x90 && picture.pixel(x, h - 60).0 > 0xE0);
    assert!(scale.is_some());
    assert!(alone(map(vec![0.0; 3])).png().unwrap_err().to_string().contains("3 cells"));
    assert!(alone(map(vec![])).png().is_err());
}

#[test]
fn a_cell_says_its_number_where_it_has_room() {
    let map = |side: usize, text: &str| {
        let cells = side * side;
        alone(Heatmap {
            columns: side,
            shares: vec![0.0; cells],
            texts: vec![text.into(); cells],
            high: 1.0,
            label: String::new(),
        })
    };
    let black = |figure: &Figure| {
        let picture = Picture::of(figure);
        let dark = picture.bytes.chunks_exact(3).filter(|pixel| pixel[0] < 0x60);
        dark.count()
    };
    assert!(black(&map(3, "88")) > black(&map(3, "")) + 300);
    assert_eq!(black(&map(90, "88")), black(&map(90, "")));
}

#[test]
fn bars_go_from_zero_to_their_values_with_the_first_lowest() {
    let bars = Bars::new(vec![(1.0, 0.0), (-2.0, 0.0), (4.0, 0.5)]).color(3);
    let picture = Picture::of(&alone(bars));
    let lengths: Vec<usize> = [5, 3, 1]
        .map(|sixth| {
            let y = 20 + (picture.height - 60) * sixth / 6 + 12;
            (0..picture.width).filter(|&x| picture.pixel(x, y) == Color::from(3).rgb()).count()
        })
        .into();
    assert!(lengths[0] > 50 && lengths[1].abs_diff(2 * lengths[0]) < 8, "{lengths:?}");
    assert!(lengths[2].abs_diff(4 * lengths[0]) < 8, "{lengths:?}");
    assert!(alone(Bars::new(vec![])).png().is_err());
}

//! The program's font, DejaVu Sans Condensed, and how wide words are in it.

use krilla::text::Font;
use ttf_parser::Face;

/// The two weights.
pub struct Fonts {
    plain: (Font, Face<'static>),
    strong: (Font, Face<'static>),
}

fn face(bytes: &'static [u8]) -> Option<(Font, Face<'static>)> {
    Some((Font::new(bytes.into(), 0)?, Face::parse(bytes, 0).ok()?))
}

impl Fonts {
    /// Reads both.
    pub fn new() -> Option<Self> {
        Some(Self { plain: face(dejavu::sans_condensed::regular())?, strong: face(dejavu::sans_condensed::bold())? })
    }

    fn of(&self, strong: bool) -> &(Font, Face<'static>) {
        if strong { &self.strong } else { &self.plain }
    }

    /// For painting.
    pub fn font(&self, strong: bool) -> Font {
        self.of(strong).0.clone()
    }

    /// A text in which every letter can be painted: what the font lacks becomes `?`, what is invisible a blank.
    pub fn printable(&self, text: &str) -> String {
        let can = |c: char| self.plain.1.glyph_index(c).is_some() && self.strong.1.glyph_index(c).is_some();
        text.chars()
            .map(|c| match c {
                c if c.is_whitespace() || c.is_control() => ' ',
                c if can(c) => c,
                _ => '?',
            })
            .collect()
    }

    /// Width of a text, in the unit of its size.
    pub fn width(&self, text: &str, size: f32, strong: bool) -> f32 {
        let face = &self.of(strong).1;
        let advance = |c: char| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0);
        text.chars().map(|c| f32::from(advance(c))).sum::<f32>() * size / f32::from(face.units_per_em().max(1))
    }

    /// Words in lines of at most this width; a longer word is divided.
    pub fn lines(&self, text: &str, size: f32, strong: bool, width: f32) -> Vec<String> {
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in self.printable(text).split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size, strong) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                let mut longer = line.clone();
                longer.push(letter);
                if !line.is_empty() && self.width(&longer, size, strong) > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

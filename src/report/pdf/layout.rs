//! Where everything of a document stands on pages, and the tree of tags over it. Points (1/72 inch) from
//! the top left of an A4 page; margins leave what Letter paper lacks free.

use std::num::NonZeroU16;

use krilla::tagging::{ArtifactType, BBox, ListNumbering, Tag, TagKind};

use super::fonts::Fonts;
use super::{logo, table};
use crate::report::{Block, Document, Fact, Figure, Item};
use crate::scene::Color;

/// Width and height of a page: A4.
pub const PAGE: [f32; 2] = [595.28, 841.89];
/// Left and right, top, and bottom margin.
const SIDE: f32 = 48.0;
const TOP: f32 = 46.0;
const BOTTOM: f32 = 70.0;
/// Width of the text.
pub const WIDTH: f32 = PAGE[0] - 2.0 * SIDE;
/// Points in a pixel of a picture, at most.
const PIXEL: f32 = 0.71;
/// Share of its size to which a picture is pressed where a page ends.
const SMALLEST: f32 = 0.55;

pub const INK: Color = Color::new(0x10_191E);
pub const QUIET: Color = Color::new(0x52_5F67);
pub const DOUBT: Color = Color::new(0x8A_5A00);
pub const ABNORMAL: Color = Color::new(0xB0_241C);
pub const PERSON: Color = Color::new(0x0A_55B5);
pub const LINE: Color = Color::new(0xDA_E1E4);

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Size, points.
    pub size: f32,
    /// Bold.
    pub strong: bool,
    /// Colour.
    pub color: Color,
}

pub const BODY: Look = Look { size: 9.5, strong: false, color: INK };
pub const SMALL: Look = Look { size: 8.0, strong: false, color: QUIET };

impl Look {
    pub const fn strong(self) -> Self {
        Self { strong: true, ..self }
    }

    pub fn leading(self) -> f32 {
        self.size * 1.36
    }
}

/// What is painted.
#[derive(Debug)]
pub enum What {
    /// A line of text, on its baseline.
    Text { text: String, look: Look },
    /// A level line of this length.
    Rule { length: f32, width: f32, color: Color },
    /// A picture in this scale.
    Figure { figure: Box<Figure>, scale: f32 },
    /// The clinic's logo, from its upper left corner.
    Logo(Box<logo::Sized>),
}

/// Something at its place.
#[derive(Debug)]
pub struct Placed {
    pub page: usize,
    pub at: [f32; 2],
    pub what: What,
    /// No part of what is read aloud.
    pub artifact: Option<ArtifactType>,
}

/// The tree of tags; leaves are numbers of what was placed.
pub enum Tree {
    Group(Box<TagKind>, Vec<Tree>),
    Leaf(usize),
}

impl Tree {
    pub fn group(tag: impl Into<TagKind>, children: Vec<Self>) -> Self {
        Self::Group(Box::new(tag.into()), children)
    }
}

/// A document with places.
pub struct Layout<'a> {
    pub fonts: &'a Fonts,
    pub placed: Vec<Placed>,
    pub tree: Vec<Tree>,
    /// Text, page and height of each heading of a section.
    pub headings: Vec<(String, usize, f32)>,
    pub pages: usize,
    /// Where the next thing comes.
    pub y: f32,
}

impl<'a> Layout<'a> {
    /// Places a document.
    pub fn of(document: &Document, fonts: &'a Fonts) -> Self {
        let mut out = Self { fonts, placed: Vec::new(), tree: Vec::new(), headings: Vec::new(), pages: 1, y: TOP };
        out.head(document);
        let mut blocks = document.blocks.iter().peekable();
        while let Some(block) = blocks.next() {
            if let (Block::Heading { .. }, Some(next)) = (block, blocks.peek()) {
                // A heading does not stay behind on a page.
                out.room(30.0 + out.least(next));
            }
            out.block(block);
        }
        out.y += 10.0;
        if !document.foot.is_empty() {
            out.rule(0.0, WIDTH, 0.8, QUIET);
            out.y += 4.0;
        }
        for words in &document.foot {
            let tree = out.paragraph(words, SMALL, 0.0, WIDTH);
            out.tree.push(tree);
        }
        out
    }

    /// Height that a block needs before it may break.
    fn least(&self, block: &Block) -> f32 {
        match block {
            Block::Figure(figure) => self.scale(figure) * figure.picture.height * SMALLEST + 20.0,
            Block::Table(_) => 70.0,
            _ => 40.0,
        }
    }

    fn scale(&self, figure: &Figure) -> f32 {
        let fits = |room: f32, px: f32| room / px.max(1.0);
        PIXEL.min(fits(WIDTH, figure.picture.width)).min(fits(PAGE[1] - TOP - BOTTOM - 60.0, figure.picture.height))
    }

    /// Where a page ends.
    pub const fn end() -> f32 {
        PAGE[1] - BOTTOM
    }

    pub fn new_page(&mut self) {
        self.pages += 1;
        self.y = TOP;
    }

    /// Makes sure that this much fits.
    pub fn room(&mut self, height: f32) {
        if self.y + height > Self::end() && self.y > TOP {
            self.new_page();
        }
    }

    /// Places something at a distance from the margin; `down` is its distance below the current height.
    pub fn put(&mut self, x: f32, down: f32, what: What, artifact: Option<ArtifactType>) -> usize {
        self.placed.push(Placed { page: self.pages - 1, at: [SIDE + x, self.y + down], what, artifact });
        self.placed.len() - 1
    }

    pub fn rule(&mut self, x: f32, length: f32, width: f32, color: Color) {
        self.put(x, 0.0, What::Rule { length, width, color }, Some(ArtifactType::Other));
    }

    pub fn line(&mut self, x: f32, text: &str, look: Look) -> Tree {
        Tree::Leaf(self.put(x, look.size, What::Text { text: text.to_owned(), look }, None))
    }

    /// Text in lines, below each other, over pages.
    pub fn text(&mut self, text: &str, look: Look, x: f32, width: f32) -> Vec<Tree> {
        let lines = self.fonts.lines(text, look.size, look.strong, width);
        let last = lines.len().saturating_sub(1);
        let mut leaves = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            self.room(look.leading());
            // Words of two lines are two words when read aloud.
            let line = if at < last { format!("{line} ") } else { line.clone() };
            leaves.push(self.line(x, &line, look));
            self.y += look.leading();
        }
        leaves
    }

    fn paragraph(&mut self, text: &str, look: Look, x: f32, width: f32) -> Tree {
        let leaves = self.text(text, look, x, width);
        self.y += look.size * 0.25;
        Tree::group(Tag::P, leaves)
    }

    fn head(&mut self, document: &Document) {
        if let Some(head) = &document.letterhead {
            let top = self.y;
            let logo = logo::read(&head.logo);
            let [beside, below] = logo.as_ref().map_or([0.0, 0.0], |(_, [width, height])| [width + 12.0, *height]);
            if let Some((image, size)) = logo {
                let what = What::Logo(Box::new((image, size)));
                self.put(WIDTH - size[0], 0.0, what, Some(ArtifactType::Other));
            }
            let name = self.paragraph(&head.name, Look { size: 12.0, strong: true, color: INK }, 0.0, WIDTH - beside);
            self.tree.push(name);
            let lines = head.lines.iter().filter(|line| !line.trim().is_empty()).cloned().collect::<Vec<_>>();
            let lines = self.paragraph(&lines.join(" \u{b7} "), SMALL, 0.0, WIDTH - beside);
            self.tree.push(lines);
            self.y = self.y.max(top + below) + 8.0;
        }
        let title = Look { size: 11.0, strong: true, color: INK };
        let right = self.fonts.printable(&document.subtitle);
        let x = WIDTH - self.fonts.width(&right, SMALL.size, false);
        let left = self.line(0.0, &self.fonts.printable(&document.title), title);
        let right = self.put(x, title.size, What::Text { text: right, look: SMALL }, None);
        self.tree.push(Tree::group(Tag::P, vec![left]));
        self.tree.push(Tree::group(Tag::P, vec![Tree::Leaf(right)]));
        self.y += 18.0;
        self.rule(0.0, WIDTH, 1.2, INK);
        self.y += 7.0;
        self.identity(&document.identity);
        let state = self.paragraph(&document.state, Look { color: DOUBT, ..SMALL }, 0.0, WIDTH);
        self.tree.push(state);
        self.y += 4.0;
    }

    /// Labels above values, side by side.
    fn identity(&mut self, items: &[Item]) {
        let mut x = 0.0;
        for item in items {
            let (name, value) = (self.fonts.printable(&item.name), self.fonts.printable(&item.value));
            let width = self.fonts.width(&name, SMALL.size, false).max(self.fonts.width(&value, BODY.size, false));
            if x > 0.0 && x + width > WIDTH {
                x = 0.0;
                self.y += 28.0;
            }
            let label = self.line(x, &format!("{name} "), SMALL);
            // Longer than a page is wide: what lies beyond is on lines of its own.
            let lines = self.fonts.lines(&value, BODY.size, false, WIDTH);
            let mut leaves = vec![label];
            for (at, line) in lines.iter().enumerate() {
                if at > 0 {
                    self.y += BODY.leading();
                }
                leaves.push(Tree::Leaf(self.put(x, 21.0, What::Text { text: line.clone(), look: BODY }, None)));
            }
            self.tree.push(Tree::group(Tag::P, leaves));
            x += width + 22.0;
        }
        self.y += if items.is_empty() { 0.0 } else { 31.0 };
    }

    fn block(&mut self, block: &Block) {
        let tree = match block {
            Block::Answer(words) => self.heading(words, 1, Look { size: 15.0, strong: true, color: INK }),
            Block::Heading { level: 1, text } => {
                self.y += 9.0;
                self.heading(text, 2, Look { size: 11.5, strong: true, color: INK })
            }
            Block::Heading { text, .. } => {
                self.y += 3.0;
                self.heading(text, 3, BODY.strong())
            }
            Block::Paragraph(words) => {
                for line in words.lines().filter(|line| !line.trim().is_empty()) {
                    let tree = self.paragraph(line, BODY, 0.0, WIDTH);
                    self.tree.push(tree);
                }
                return;
            }
            Block::Note(words) => self.paragraph(words, SMALL, 0.0, WIDTH),
            Block::List(points) => self.list(points),
            Block::Facts(facts) => return self.facts(facts),
            Block::Table(of) => {
                let tree = table::place(self, of);
                self.tree.extend(tree);
                return;
            }
            Block::Figure(figure) => self.figure(figure),
        };
        self.tree.push(tree);
    }

    fn heading(&mut self, words: &str, level: u16, look: Look) -> Tree {
        self.room(look.leading() * 2.0);
        let words = self.fonts.printable(words);
        if level < 3 {
            self.headings.push((words.clone(), self.pages - 1, self.y));
        }
        let leaves = self.text(&words, look, 0.0, WIDTH);
        self.y += 3.0;
        let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
        Tree::group(Tag::Hn(level, Some(words)), leaves)
    }

    fn list(&mut self, points: &[String]) -> Tree {
        let mut items = Vec::new();
        for point in points {
            self.room(BODY.leading());
            let dot = self.line(2.0, "\u{2022}", BODY);
            let leaves = self.text(point, BODY, 12.0, WIDTH - 12.0);
            self.y += 1.5;
            items.push(Tree::group(Tag::LI, vec![Tree::group(Tag::Lbl, vec![dot]), Tree::group(Tag::LBody, leaves)]));
        }
        self.y += 3.0;
        Tree::group(Tag::L(ListNumbering::Disc), items)
    }

    /// Facts side by side, as paragraphs.
    fn facts(&mut self, facts: &[Fact]) {
        let share = WIDTH / facts.len().max(1) as f32;
        let value = BODY.strong();
        let lines = |text: &str, look: Look| self.fonts.lines(text, look.size, look.strong, share - 9.0);
        let broken: Vec<_> =
            facts.iter().map(|fact| [lines(&fact.name, SMALL), lines(&fact.value, value), lines(&fact.note, SMALL)]).collect();
        let looks = [SMALL, value, SMALL];
        let tall = |[a, b, c]: &[Vec<String>; 3]| (a.len() + c.len()) as f32 * SMALL.leading() + b.len() as f32 * value.leading();
        let height = broken.iter().map(tall).fold(0.0, f32::max);
        self.room(height + 16.0);
        self.y += 3.0;
        self.rule(0.0, WIDTH, 0.8, QUIET);
        self.y += 4.0;
        let top = self.y;
        for (at, parts) in broken.iter().enumerate() {
            self.y = top;
            let mut leaves = Vec::new();
            for (lines, look) in parts.iter().zip(looks) {
                for line in lines {
                    leaves.push(self.line(at as f32 * share, &format!("{line} "), look));
                    self.y += look.leading();
                }
            }
            self.tree.push(Tree::group(Tag::P, leaves));
        }
        self.y = top + height + 4.0;
        self.rule(0.0, WIDTH, 0.8, QUIET);
        self.y += 8.0;
    }

    fn figure(&mut self, figure: &Figure) -> Tree {
        let natural = self.scale(figure);
        self.room(figure.picture.height * natural * SMALLEST + 22.0);
        // Rather a little smaller than on a page of its own.
        let scale = natural.min((Self::end() - self.y - 22.0) / figure.picture.height.max(1.0));
        let [width, height] = [figure.picture.width * scale, figure.picture.height * scale];
        let caption = self.text(&figure.caption, Look { size: 8.5, ..BODY.strong() }, 0.0, WIDTH);
        self.y += 2.0;
        let bounds = krilla::geom::Rect::from_xywh(SIDE, self.y, width.max(1.0), height.max(1.0));
        let bounds = bounds.map(|rect| BBox::new(self.pages - 1, rect));
        let leaf = self.put(0.0, 0.0, What::Figure { figure: Box::new(figure.clone()), scale }, None);
        self.y += height + 10.0;
        let alt = if figure.picture.alt.is_empty() { figure.caption.clone() } else { figure.picture.alt.clone() };
        let tag = Tag::Figure(Some(alt)).with_bbox(bounds);
        Tree::group(tag, vec![Tree::group(Tag::Caption, caption), Tree::Leaf(leaf)])
    }
}

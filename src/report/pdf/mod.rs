//! A report as PDF: vector, tagged, fonts embedded, made to the rules of PDF/UA-1 (ISO 14289-1)
//! and of PDF/A-2a (ISO 19005-2) at once.
//!
//! First everything gets a place on a page ([`layout`]), then pages are painted and what was painted is
//! tied to the tree of tags. The same document always gives the same bytes: its date is that of the test.
//! **Cost**: about as long as writing the HTML; the two faces of the font are 1.4 MB of the program.

mod fonts;
mod layout;
mod logo;
mod paint;
mod table;

use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TagGroup, TagTree};
use krilla::{Document as Pdf, SerializeSettings};

use super::Document;
use fonts::Fonts;
use layout::{Layout, PAGE, Placed, Tree, What};

/// What stands for the year of a test that has no date.
const UNKNOWN_YEAR: u16 = 1970;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// A font of the program cannot be read.
    #[error("the program's font could not be read")]
    Font,
    /// What was made keeps a rule of the format not.
    #[error("the PDF was not made: {0}")]
    Rules(String),
}

/// Writes a document.
///
/// # Errors
/// When what would be written keeps a rule of PDF/UA-1 or PDF/A-2a not.
pub fn write(document: &Document) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::new().ok_or(PdfError::Font)?;
    let layout = Layout::of(document, &fonts);
    let rules = ConfigurationBuilder::new().with_archival_validator(Archival::A2_A).with_accessibility_validator(Accessibility::UA1);
    let configuration = rules.finish().map_err(|error| PdfError::Rules(format!("{error:?}")))?;
    let mut pdf = Pdf::new_with(SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() });
    let mut painted: Vec<Option<Identifier>> = vec![None; layout.placed.len()];
    for page in 0..layout.pages {
        let Some(settings) = PageSettings::from_wh(PAGE[0], PAGE[1]) else { continue };
        let mut sheet = pdf.start_page_with(settings);
        let mut surface = sheet.surface();
        for (placed, slot) in layout.placed.iter().zip(&mut painted).filter(|(placed, _)| placed.page == page) {
            let tag = match (&placed.what, placed.artifact) {
                (_, Some(artifact)) => ContentTag::Artifact(Artifact::with_kind(artifact)),
                (What::Text { .. }, None) => ContentTag::Span(SpanTag::empty()),
                (_, None) => ContentTag::Other,
            };
            let identifier = surface.start_tagged(tag);
            paint::place(&mut surface, placed, &fonts);
            surface.end_tagged();
            *slot = placed.artifact.is_none().then_some(identifier);
        }
        let foot = format!("{}, {}: page {} of {}", document.title, document.subtitle, page + 1, layout.pages);
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        paint::foot(&mut surface, &foot, &fonts);
        surface.end_tagged();
        surface.finish();
        sheet.finish();
    }
    let mut tags = TagTree::from(layout.tree.into_iter().filter_map(|tree| node(tree, &painted)).collect::<Vec<_>>());
    tags.lang = Some("en".into());
    pdf.set_tag_tree(tags);
    pdf.set_outline(outline(&layout.headings));
    // An archive wants a date. That of the test: the same document gives the same bytes on any day.
    let mut parts = document.dated.iter();
    let mut date = DateTime::new(parts.next().copied().filter(|year| (1900..=9999).contains(year)).unwrap_or(UNKNOWN_YEAR));
    let mut within = |most: u16| parts.next().copied().filter(|part| (1..=most).contains(part)).map(|part| part as u8);
    if let Some(month) = within(12) {
        date = date.month(month);
        date = within(31).map_or(date, |day| date.day(day));
    }
    let title = format!("{}: {}", document.title, document.subtitle);
    let creator = format!("Myoscope {}", env!("CARGO_PKG_VERSION"));
    pdf.set_metadata(Metadata::new().title(title).language("en".into()).creator(creator).creation_date(date));
    pdf.finish().map_err(|error| PdfError::Rules(format!("{error:?}")))
}

/// The tree of tags with what was painted at its leaves.
fn node(tree: Tree, painted: &[Option<Identifier>]) -> Option<Node> {
    match tree {
        Tree::Leaf(at) => painted.get(at).copied().flatten().map(Node::Leaf),
        Tree::Group(tag, children) => {
            Some(Node::Group(TagGroup::with_children(*tag, children.into_iter().filter_map(|child| node(child, painted)).collect())))
        }
    }
}

fn outline(headings: &[(String, usize, f32)]) -> Outline {
    let mut outline = Outline::new();
    for (text, page, y) in headings {
        outline.push_child(OutlineNode::new(text.clone(), XyzDestination::new(*page, Point::from_xy(0.0, *y))));
    }
    outline
}

/// A place on the page, moved.
fn moved(placed: &Placed, by: [f32; 2]) -> [f32; 2] {
    [placed.at[0] + by[0], placed.at[1] + by[1]]
}

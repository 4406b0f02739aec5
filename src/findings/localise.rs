//! Where one lesion, or two, would explain what was found: every root, trunk, nerve and known site is
//! tried; each predicts which tested elements should be abnormal, and the ranking is by agreement.
//!
//! The score is the log likelihood of the findings. The probabilities are conventions, not fitted
//! values; they are those of the reference localiser that comes with the graph. What was not tested
//! says nothing.

use std::collections::BTreeSet;

use crate::norms::anatomy::{Anatomy, Route, anatomy};
use crate::norms::muscle_by_id;

/// Abnormal although no fibre is cut.
const NONE: f64 = 0.03;
/// Abnormal where only fibres of a minor root are cut.
const MINOR: f64 = 0.25;
/// Abnormal where those of a major root are.
const MAJOR: f64 = 0.75;
/// Abnormal where all are: of a muscle, of a sensory response (a partial lesion may leave that).
const ALL: (f64, f64) = (0.92, 0.85);
/// Abnormal where the place is known to spare the element.
const SPARED: f64 = 0.45;
/// Paraspinal muscles are often normal in radiculopathy.
const PARASPINAL: f64 = 0.6;
/// Slowing, and a fall of amplitude, in a piece that the lesion is not in.
const OUTSIDE: (f64, f64) = (0.03, 0.02);
/// A lesion is tried as three kinds, the best counts: share of the axon loss above to expect, and how
/// likely slowing and a fall of amplitude are in a piece that contains it.
const KINDS: [(f64, f64, f64); 3] = [(1.0, 0.30, 0.10), (1.0, 0.65, 0.40), (0.45, 0.85, 0.40)];
/// What a place that lesions are known at is worth over a nameless piece of nerve beside it.
const KNOWN: f64 = 0.2;
/// What a second lesion must add to the log likelihood to be believed: a factor of about twenty.
pub const SECOND: f64 = 3.0;

/// Something that a test sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A muscle: needle findings, or a low CMAP from it.
    Muscle(String),
    /// Amplitude of a sensory response.
    Response(String),
    /// Slowing in pieces of nerve: name, edges.
    Slow(String, Vec<String>),
    /// A fall of amplitude across pieces of nerve: name, edges.
    Block(String, Vec<String>),
}

/// What was found in one element.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Which.
    pub element: Element,
    /// Whether it was abnormal.
    pub abnormal: bool,
}

/// A place that may be damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Node, edge or site.
    pub id: String,
    /// The node or edge that a lesion there interrupts.
    pub cut: String,
    /// Whether it is a root, a trunk, a cord or a known site.
    pub known: bool,
}

impl Place {
    /// For people (`Carpal tunnel`, `L5 root`).
    pub fn name(&self) -> String {
        let graph = anatomy();
        if let Some(site) = graph.sites.iter().find(|site| site.id == self.id) {
            return site.name.clone();
        }
        if let Some(node) = graph.nodes.get(&self.id) {
            return node.name.clone();
        }
        let end = |id: &String| graph.nodes.get(id).map_or_else(|| id.clone(), |node| node.name.clone());
        graph.edges.get(&self.id).map_or_else(|| self.id.clone(), |edge| format!("{} to {}", end(&edge.from), end(&edge.to)))
    }
}

/// One lesion, or two, and how well it agrees.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Log likelihood, with what a known place is worth.
    pub score: f64,
    /// Where.
    pub places: Vec<Place>,
}

/// All places. Muscles, skin and bare ganglia are no focal lesions of a nerve.
pub fn places() -> Vec<Place> {
    let graph = anatomy();
    let lesion = |kind: &str| !matches!(kind, "muscle" | "skin" | "ganglion");
    let known = |kind: &str| matches!(kind, "root" | "trunk" | "cord" | "cranial");
    let nodes = graph.nodes.values().filter(|node| lesion(&node.kind));
    let nodes = nodes.map(|node| Place { id: node.id.clone(), cut: node.id.clone(), known: known(&node.kind) });
    let edges = graph.edges.keys().map(|id| Place { id: id.clone(), cut: id.clone(), known: false });
    let sites = graph.sites.iter().map(|site| Place { id: site.id.clone(), cut: site.edge.clone(), known: true });
    nodes.chain(edges).chain(sites).collect()
}

fn interrupts(graph: &Anatomy, cut: &str, path: &[String]) -> bool {
    if let Some(edge) = graph.edges.get(cut) {
        return path.windows(2).any(|pair| pair[0] == edge.from && pair[1] == edge.to);
    }
    let bypassed = || match path {
        [first, second, ..] => first == cut && graph.edges.get(&format!("{first}__{second}")).is_some_and(|edge| edge.bypasses_root),
        _ => false,
    };
    path.iter().any(|node| node == cut) && !bypassed()
}

/// Share of the fibres that a lesion cuts, and whether those of a major root are among them.
fn share(graph: &Anatomy, cut: &str, routes: &[Route]) -> (f64, bool) {
    let weight = |route: &Route| if route.major { 1.0 } else { 0.35 };
    let total: f64 = routes.iter().map(weight).sum();
    let hit = || routes.iter().filter(|route| interrupts(graph, cut, &route.path));
    if total <= 0.0 { (0.0, false) } else { (hit().map(weight).sum::<f64>() / total, hit().any(|route| route.major)) }
}

fn inside(graph: &Anatomy, cut: &str, edges: &[String]) -> bool {
    if graph.edges.contains_key(cut) {
        return edges.iter().any(|edge| edge == cut);
    }
    let ends = |of: fn(&crate::norms::anatomy::Edge) -> &String| -> BTreeSet<&String> {
        edges.iter().filter_map(|id| graph.edges.get(id)).map(of).collect()
    };
    let (from, to) = (ends(|edge| &edge.from), ends(|edge| &edge.to));
    from.intersection(&to).any(|node| *node == cut)
}

/// How likely the element is abnormal if this is the lesion.
fn predicted(graph: &Anatomy, place: &Place, element: &Element, kind: (f64, f64, f64)) -> f64 {
    let (axons, slow, block) = kind;
    let (name, (part, major), all) = match element {
        Element::Slow(_, edges) => return if inside(graph, &place.cut, edges) { slow } else { OUTSIDE.0 },
        Element::Block(_, edges) => return if inside(graph, &place.cut, edges) { block } else { OUTSIDE.1 },
        Element::Muscle(id) => (id, share(graph, &place.cut, graph.motor.get(id).map_or(&[], Vec::as_slice)), ALL.0),
        Element::Response(id) => (id, share(graph, &place.cut, graph.sensory.get(id).map_or(&[], Vec::as_slice)), ALL.1),
    };
    if part <= 0.0 {
        return NONE;
    }
    let mut likely = if part > 0.99 {
        all
    } else if major {
        MAJOR
    } else {
        MINOR
    };
    if muscle_by_id(name).is_some_and(|muscle| muscle.compartment == "paraspinal") {
        likely = likely.min(PARASPINAL);
    }
    if graph.spared.get(&place.cut).or_else(|| graph.spared.get(&place.id)).is_some_and(|spared| spared.contains(name)) {
        likely = likely.min(SPARED);
    }
    NONE.max(likely * axons)
}

/// How likely the element is abnormal under a lesion of whichever kind makes that likeliest.
pub fn expects(place: &Place, element: &Element) -> f64 {
    KINDS.iter().map(|kind| predicted(anatomy(), place, element, *kind)).fold(0.0, f64::max)
}

fn likelihood(row: &[f64], found: &[Found]) -> f64 {
    row.iter().zip(found).map(|(p, found)| if found.abnormal { p.ln() } else { (1.0 - p).ln() }).sum()
}

/// All lesions and the best pairs of two, best first.
pub fn rank(found: &[Found]) -> Vec<Ranked> {
    let graph = anatomy();
    let worth = |place: &Place| if place.known { KNOWN } else { 0.0 };
    let mut singles: Vec<(f64, Place, Vec<f64>)> = Vec::new();
    for place in places() {
        let rows = KINDS.map(|kind| found.iter().map(|found| predicted(graph, &place, &found.element, kind)).collect::<Vec<f64>>());
        let best = rows.into_iter().map(|row| (likelihood(&row, found), row)).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((score, row)) = best {
            singles.push((score + worth(&place), place, row));
        }
    }
    singles.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut out: Vec<Ranked> = singles.iter().map(|(score, place, _)| Ranked { score: *score, places: vec![place.clone()] }).collect();
    // Two lesions: each known place with each other one; an element escapes only if it escapes both.
    let known: Vec<&(f64, Place, Vec<f64>)> = singles.iter().filter(|(_, place, _)| place.known).collect();
    for (at, (_, a, row_a)) in known.iter().enumerate() {
        for (_, b, row_b) in known.iter().skip(at + 1) {
            let row: Vec<f64> = row_a.iter().zip(row_b).map(|(p, q)| 1.0 - (1.0 - p) * (1.0 - q)).collect();
            let score = likelihood(&row, found) + worth(a) + worth(b) - SECOND;
            out.push(Ranked { score, places: vec![a.clone(), b.clone()] });
        }
    }
    out.sort_by(|a, b| b.score.total_cmp(&a.score));
    out
}

/// Of the elements that were not tested the one that would best separate two places; `None` where
/// they predict the same.
pub fn separates<'a>(first: &Place, second: &Place, untested: impl IntoIterator<Item = &'a Element>) -> Option<&'a Element> {
    let apart = |element: &Element| (expects(first, element) - expects(second, element)).abs();
    untested
        .into_iter()
        .map(|element| (apart(element), element))
        .filter(|(apart, _)| *apart > 0.3)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, element)| element)
}

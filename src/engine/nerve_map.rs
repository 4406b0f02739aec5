//! The part of the anatomical graph that an answer speaks of, as maps: one a side and limb.

use std::collections::BTreeSet;

use crate::findings::Answer;
use crate::model::Side;
use crate::norms::anatomy::{Anatomy, Edge, Node, Route, anatomy};
use crate::scene::nerve_map::{Map, MapEdge, MapLesion, MapNode};

/// Sheets: region, name, size in px that keeps names apart (the reference's `sheet` rows).
const SHEETS: [(&str, &str, f32, f32); 4] =
    [("arm", "arm", 976.0, 1360.0), ("leg", "leg", 976.0, 1040.0), ("trunk", "trunk", 976.0, 760.0), ("face", "face", 976.0, 760.0)];
/// Corners are cut by so much, px.
const CHAMFER: f32 = 7.0;

struct Sheet<'a> {
    graph: &'a Anatomy,
    width: f32,
    height: f32,
}

/// Maps of what was tested, and of the proposed lesions.
pub fn maps(answer: &Answer) -> Vec<Map> {
    let graph = anatomy();
    let mut out = Vec::new();
    for (side, side_name) in [(Side::Right, "Right"), (Side::Left, "Left")] {
        for (region, name, width, height) in SHEETS {
            let sheet = Sheet { graph, width, height };
            let map = sheet.map(answer, side, region, format!("{side_name} {name}"));
            if map.nodes.iter().any(|node| node.abnormal.is_some()) {
                out.push(map);
            }
        }
    }
    out
}

impl Sheet<'_> {
    fn at(&self, node: &Node) -> [f32; 2] {
        [node.x as f32 / 100.0 * self.width, node.y as f32 / 100.0 * self.height]
    }

    fn map(&self, answer: &Answer, side: Side, region: &str, title: String) -> Map {
        let here = |id: &str| self.graph.nodes.get(id).is_some_and(|node| node.region == region);
        let tested = || answer.tested.iter().filter(|tested| tested.side == side && here(&tested.node));
        let mut ways: Vec<&Route> = Vec::new();
        for tested in tested() {
            let ends = |route: &&Route| route.path.last().is_some_and(|end| *end == tested.node);
            ways.extend(self.graph.motor.get(&tested.node).into_iter().flatten().filter(|route| route.major));
            ways.extend(self.graph.sensory.values().flatten().filter(ends).filter(|route| route.major));
        }
        let mut nodes: BTreeSet<&str> = BTreeSet::new();
        let mut edges: BTreeSet<String> = BTreeSet::new();
        for way in ways {
            nodes.extend(way.path.iter().map(String::as_str).filter(|id| here(id)));
            edges.extend(
                way.path.windows(2).filter(|pair| here(&pair[0]) && here(&pair[1])).map(|pair| format!("{}__{}", pair[0], pair[1])),
            );
        }
        let letter = if side == Side::Right { "R" } else { "L" };
        let mut lesions = Vec::new();
        for done in answer.conclusions.iter().filter(|done| done.side == letter) {
            let Some(place) = &done.place else { continue };
            lesions.extend(self.lesion(place, region));
        }
        Map {
            title,
            nodes: nodes
                .iter()
                .filter_map(|id| self.graph.nodes.get(*id))
                .map(|node| self.node(node, tested().find(|tested| tested.node == node.id).map(|tested| tested.abnormal)))
                .collect(),
            edges: edges.iter().filter_map(|id| self.graph.edges.get(id)).filter_map(|edge| self.edge(edge)).collect(),
            lesions,
        }
    }

    fn node(&self, node: &Node, abnormal: Option<bool>) -> MapNode {
        let label = if node.label.is_empty() && matches!(node.kind.as_str(), "muscle" | "skin") { &node.name } else { &node.label };
        MapNode { at: self.at(node), kind: node.kind.clone(), label: label.clone(), label_at: node.label_at.clone(), abnormal }
    }

    fn edge(&self, edge: &Edge) -> Option<MapEdge> {
        Some(MapEdge { points: self.route(edge)?, kind: self.graph.nodes.get(&edge.to)?.kind.clone() })
    }

    /// Corners of an edge: level, upright and slanting pieces, or one straight line.
    fn route(&self, edge: &Edge) -> Option<Vec<[f32; 2]>> {
        let from = self.at(self.graph.nodes.get(&edge.from)?);
        let to = self.at(self.graph.nodes.get(&edge.to)?);
        let ([x0, y0], [x1, y1]) = (from, to);
        let (dx, dy) = (x1 - x0, y1 - y0);
        if edge.bend == "direct" || dy.abs() < 1.2 {
            return Some(vec![from, to]);
        }
        let down = dy.signum();
        let cut = CHAMFER.min(dy.abs() / 2.0).min(dx.abs() / 2.0);
        let at = match edge.channel {
            Some(channel) => channel as f32 / 100.0 * self.width,
            None if edge.bend == "end" => x1 - cut,
            None if dy.abs() <= 2.0 * CHAMFER + 6.0 && dx > dy.abs() => return Some(vec![from, [x0 + dy.abs(), y1], to]),
            None => x0 + cut,
        };
        let cut = cut.min((at - x0).max(0.0)).min((x1 - at).max(0.0));
        Some(vec![from, [at - cut, y0], [at, y0 + down * cut], [at, y1 - down * cut], [at + cut, y1], to])
    }

    /// A place on the sheet: of a site on its edge, of an edge in its middle, of a node at it.
    fn lesion(&self, place: &str, region: &str) -> Option<MapLesion> {
        let site = self.graph.sites.iter().find(|site| site.id == place);
        let edge = self.graph.edges.get(site.map_or(place, |site| site.edge.as_str()));
        let node = self.graph.nodes.get(place);
        let end = node.or_else(|| self.graph.nodes.get(&edge?.to))?;
        if end.region != region {
            return None;
        }
        let at = match edge {
            Some(edge) => along(&self.route(edge)?, site.map_or(0.5, |site| site.at as f32)),
            None => self.at(end),
        };
        let name = site.map_or_else(|| end.name.clone(), |site| site.name.clone());
        Some(MapLesion { at, name })
    }
}

/// The point of a line at a share of its length.
fn along(points: &[[f32; 2]], share: f32) -> [f32; 2] {
    let length = |pair: &[[f32; 2]]| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
    let mut left = points.windows(2).map(length).sum::<f32>() * share;
    for pair in points.windows(2) {
        let own = length(pair);
        if own >= left && own > 0.0 {
            let part = left / own;
            return [pair[0][0] + (pair[1][0] - pair[0][0]) * part, pair[0][1] + (pair[1][1] - pair[0][1]) * part];
        }
        left -= own;
    }
    points.last().copied().unwrap_or_default()
}

//! The graph from root to muscle and skin: which fibres run where, and which test sees which piece.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

/// Something that fibres pass: a root, a trunk, a nerve at a level, a muscle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Node {
    /// Its name in other tables.
    pub id: String,
    /// `root`, `ganglion`, `ramus`, `trunk`, `division`, `cord`, `nerve`, `branch`, `muscle`, `skin`, `cranial`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// Sheet that it is drawn on: `arm`, `leg`, `trunk`, `face`.
    pub region: String,
    /// Place on the sheet, per cent of its width from the left.
    pub x: f64,
    /// Place on the sheet, per cent of its height from the top.
    pub y: f64,
    /// Short name for pictures; `|` breaks the line.
    #[serde(default)]
    pub label: String,
    /// Where that stands: `left`, `above`, ...; empty: nowhere.
    #[serde(default)]
    pub label_at: String,
}

/// A piece of nerve between two nodes, proximal first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Edge {
    /// `from__to`.
    pub id: String,
    /// Proximal end.
    pub from: String,
    /// Distal end.
    pub to: String,
    /// How it bends in a picture: `direct` in one line, `end` before its end; empty: behind its beginning.
    #[serde(default)]
    pub bend: String,
    /// Where it bends, per cent of the sheet's width, where several run together.
    pub channel: Option<f64>,
    /// Fibres of the node at its beginning do not pass it (the accessory nerve beside a cervical root).
    #[serde(default)]
    pub bypasses_root: bool,
}

/// A place where nerves are known to be damaged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LesionSite {
    /// Its name in other tables.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The edge that it lies on.
    pub edge: String,
    /// Where on it, 0 proximal to 1 distal.
    pub at: f64,
    /// What a lesion there is called.
    pub lesion: String,
}

/// The way of one root's fibres to a muscle, or from the skin.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The root.
    pub root: String,
    /// Whether the root gives most of the fibres.
    pub major: bool,
    /// Nodes from proximal to distal; of sensory fibres from the ganglion.
    pub path: Vec<String>,
}

/// A piece of nerve that two stimulation sites of a motor study enclose.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Segment {
    /// The study.
    pub study: String,
    /// Its name in rows of limits (`wrist-antecubital`).
    pub id: String,
    /// Distal site; `recording` is the muscle.
    pub distal: String,
    /// Proximal site.
    pub proximal: String,
    /// Its edges, proximal first.
    pub edges: Vec<String>,
}

#[derive(Deserialize)]
struct MotorRow {
    muscle: String,
    root: String,
    weight: String,
    path: Vec<String>,
}

#[derive(Deserialize)]
struct SensoryRow {
    study: String,
    tests: Vec<String>,
}

#[derive(Deserialize)]
struct SensoryRouteRow {
    study: String,
    root: String,
    weight: String,
    ganglion: String,
    path: Vec<String>,
}

#[derive(Deserialize)]
struct SparingRow {
    place: String,
    elements: Vec<String>,
}

/// The whole graph.
#[derive(Debug, Default)]
pub struct Anatomy {
    /// Nodes by their ids.
    pub nodes: BTreeMap<String, Node>,
    /// Edges by their ids.
    pub edges: BTreeMap<String, Edge>,
    /// Known places of lesions, in the order of the reference.
    pub sites: Vec<LesionSite>,
    /// Ways to each muscle.
    pub motor: BTreeMap<String, Vec<Route>>,
    /// Ways of each sensory study, from the ganglion to the skin: what lies behind it spares the response.
    pub sensory: BTreeMap<String, Vec<Route>>,
    /// Edges between stimulation and recording of each sensory study.
    pub tested: BTreeMap<String, Vec<String>>,
    /// Segments of motor studies, distal first.
    pub segments: Vec<Segment>,
    /// What a lesion at a place (a site, its edge, a node) often leaves alone.
    pub spared: BTreeMap<String, BTreeSet<String>>,
}

impl Anatomy {
    fn read(text: &str) -> Option<Self> {
        let mut graph = Self::default();
        let rows: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
        let mut sparing = Vec::new();
        for row in rows {
            match row["table"].as_str().unwrap_or_default() {
                "node" => {
                    let node: Node = serde_json::from_value(row).ok()?;
                    graph.nodes.insert(node.id.clone(), node);
                }
                "edge" => {
                    let edge: Edge = serde_json::from_value(row).ok()?;
                    graph.edges.insert(edge.id.clone(), edge);
                }
                "site" => graph.sites.push(serde_json::from_value(row).ok()?),
                "motor" => {
                    let row: MotorRow = serde_json::from_value(row).ok()?;
                    let route = Route { root: row.root, major: row.weight == "major", path: row.path };
                    graph.motor.entry(row.muscle).or_default().push(route);
                }
                "sensory" => {
                    let row: SensoryRow = serde_json::from_value(row).ok()?;
                    graph.tested.insert(row.study, row.tests);
                }
                "sensory_route" => {
                    let row: SensoryRouteRow = serde_json::from_value(row).ok()?;
                    let mut path = row.path;
                    path.reverse();
                    let behind = path.iter().position(|node| *node == row.ganglion)?;
                    path.drain(..behind);
                    let route = Route { root: row.root, major: row.weight == "major", path };
                    graph.sensory.entry(row.study).or_default().push(route);
                }
                "motor_segment" => graph.segments.push(serde_json::from_value(row).ok()?),
                "sparing" => sparing.push(serde_json::from_value::<SparingRow>(row).ok()?),
                _ => {}
            }
        }
        for row in sparing {
            // A site and its edge are one place.
            let edge = graph.sites.iter().find(|site| site.id == row.place).map(|site| site.edge.clone());
            for place in edge.into_iter().chain([row.place]) {
                graph.spared.entry(place).or_default().extend(row.elements.iter().cloned());
            }
        }
        Some(graph)
    }
}

/// The graph of the reference.
pub fn anatomy() -> &'static Anatomy {
    static GRAPH: OnceLock<Anatomy> = OnceLock::new();
    GRAPH.get_or_init(|| Anatomy::read(include_str!("data/anatomy.json")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::anatomy;

    #[test]
    fn the_graph_is_whole() {
        let graph = anatomy();
        assert_eq!((graph.nodes.len(), graph.edges.len(), graph.sites.len()), (368, 423, 45));
        assert_eq!(graph.motor.values().map(Vec::len).sum::<usize>(), 257);
        assert_eq!(graph.sensory.values().map(Vec::len).sum::<usize>(), 38);
        for route in graph.motor.values().chain(graph.sensory.values()).flatten() {
            for pair in route.path.windows(2) {
                assert!(graph.edges.contains_key(&format!("{}__{}", pair[0], pair[1])), "{pair:?}");
            }
        }
        assert!(graph.spared["retroepicondylar_groove"].contains("flexor_carpi_ulnaris"));
        assert!(graph.spared["ulnar_above_elbow__ulnar_epicondyle"].contains("flexor_carpi_ulnaris"));
    }
}

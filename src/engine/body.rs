//! Which regions of the body an answer speaks of: skin by its nerve, muscles by the part of the body.

use crate::findings::{Answer, Conclusion};
use crate::model::Side;
use crate::norms::anatomy::{Anatomy, Route, anatomy};
use crate::norms::{muscle_by_id, muscles};
use crate::scene::body::{Body, Region};

/// Patches of the picture: nodes of skin, and what they are called. The finger of two nerves is in both.
const PATCHES: [(&str, &[&str], &str); 14] = [
    ("forehead", &["skin_supraorbital"], "Trigeminal: forehead"),
    ("lateral_forearm", &["skin_lac"], "Musculocutaneous: lateral forearm"),
    ("medial_forearm", &["skin_mac"], "Medial antebrachial cutaneous: medial forearm"),
    (
        "median_hand",
        &["skin_median_d1", "skin_median_d2", "skin_median_d3", "skin_median_d4", "palm_median"],
        "Median: thumb to ring finger",
    ),
    ("ulnar_hand", &["skin_ulnar_d4", "skin_ulnar_d5", "palm_ulnar"], "Ulnar: ring and little finger"),
    ("radial_hand", &["skin_radial_snuffbox", "skin_radial_d1"], "Superficial radial: back of hand and thumb"),
    ("dorsal_ulnar_hand", &["skin_duc"], "Dorsal ulnar cutaneous: back of hand, ulnar side"),
    ("lateral_thigh", &["skin_lfcn"], "Lateral femoral cutaneous: anterolateral thigh"),
    ("medial_leg", &["skin_saphenous"], "Saphenous: medial ankle"),
    ("dorsum_of_foot", &["skin_superficial_fibular"], "Superficial fibular: lateral ankle and dorsum of foot"),
    ("first_web", &["skin_deep_fibular"], "Deep fibular: first web space"),
    ("lateral_foot", &["skin_sural"], "Sural: behind the lateral malleolus"),
    ("medial_sole", &["sole_medial"], "Medial plantar: medial sole"),
    ("lateral_sole", &["sole_lateral"], "Lateral plantar: lateral sole"),
];

/// Parts of the body that muscles are listed under, from the top down, and what they are called.
const PARTS: [(&str, &str); 14] = [
    ("face", "face"),
    ("bulbar", "tongue and throat"),
    ("neck", "neck"),
    ("shoulder", "shoulder"),
    ("arm", "upper arm"),
    ("forearm", "forearm"),
    ("hand", "hand"),
    ("trunk", "trunk"),
    ("spine", "beside the spine"),
    ("perineum", "perineum"),
    ("hip", "hip"),
    ("thigh", "thigh"),
    ("leg", "lower leg"),
    ("foot", "foot"),
];

/// The regions that were examined or that a proposed lesion supplies; nothing where neither is known.
pub fn body(answer: &Answer) -> Option<Body> {
    let graph = anatomy();
    let mut regions = Vec::new();
    for side in [Side::Right, Side::Left] {
        let letter = if side == Side::Right { "R" } else { "L" };
        let lesions: Vec<&str> = answer
            .conclusions
            .iter()
            .filter(|done| done.side == letter || done.side == "bilateral")
            .filter_map(|done: &Conclusion| done.place.as_deref())
            .collect();
        let below = |route: &Route| lesions.iter().any(|place| passes(graph, route, place));
        let tested = |node: &str| answer.tested.iter().find(|tested| tested.side == side && tested.node == node);
        for (id, nodes, name) in PATCHES {
            let found: Vec<bool> = nodes.iter().filter_map(|node| tested(node)).map(|tested| tested.abnormal).collect();
            let ends = |route: &&Route| route.major && route.path.last().is_some_and(|end| nodes.contains(&end.as_str()));
            let supplied = graph.sensory.values().flatten().filter(ends).any(below);
            if !found.is_empty() || supplied {
                let abnormal = (!found.is_empty()).then(|| found.contains(&true));
                regions.push(Region { id: id.into(), muscles: false, side, name: name.into(), abnormal, supplied });
            }
        }
        for (id, name) in PARTS {
            let here = |node: &str| muscle_by_id(node).is_some_and(|def| def.region == id);
            let found: Vec<(&str, bool)> = answer
                .tested
                .iter()
                .filter(|tested| tested.side == side && here(&tested.node))
                .map(|tested| (tested.node.as_str(), tested.abnormal))
                .collect();
            let of = |muscle: &str| graph.motor.get(muscle).into_iter().flatten().any(|route| route.major && below(route));
            let supplied = muscles().iter().filter(|def| def.region == id).any(|def| of(&def.id));
            if found.is_empty() && !supplied {
                continue;
            }
            let ill = found.iter().filter(|(_, abnormal)| *abnormal).count();
            let name = if found.is_empty() {
                format!("Muscles of {name}")
            } else {
                format!("Muscles of {name} ({ill} of {} abnormal)", found.len())
            };
            let name = name.replace("Muscles of beside", "Muscles beside");
            regions.push(Region { id: id.into(), muscles: true, side, name, abnormal: (!found.is_empty()).then_some(ill > 0), supplied });
        }
    }
    (!regions.is_empty()).then_some(Body { regions })
}

/// Whether fibres run through a place: a site, an edge or a node. Of a sensory way the root itself is told by
/// its name, as the way begins behind it.
fn passes(graph: &Anatomy, route: &Route, place: &str) -> bool {
    let site = graph.sites.iter().find(|site| site.id == place);
    if let Some(edge) = graph.edges.get(site.map_or(place, |site| site.edge.as_str())) {
        let whole = route.path.windows(2).any(|pair| *pair == [edge.from.clone(), edge.to.clone()]);
        return whole || of_root(graph, route, &edge.from);
    }
    route.path.iter().any(|node| node == place) || of_root(graph, route, place)
}

fn of_root(graph: &Anatomy, route: &Route, node: &str) -> bool {
    graph.nodes.get(node).is_some_and(|node| node.kind == "root" && (node.id == route.root || node.label == route.root))
}

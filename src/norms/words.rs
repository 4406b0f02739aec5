//! Words of labels and what they stand for.

/// Short forms of muscles and recording sites: (name in the tables, short form, other words).
const RECORDED: &[(&str, &str, &[&str])] = &[
    ("abductor_pollicis_brevis", "APB", &["apb", "thenar"]),
    ("abductor_digiti_minimi_hand", "ADM", &["adm", "adq", "hypothenar", "abductor digiti minimi"]),
    ("first_dorsal_interosseous", "FDI", &["fdi", "interosseous 1"]),
    ("extensor_indicis", "EIP", &["eip", "ei", "extensor indicis"]),
    ("extensor_digitorum_communis", "EDC", &["edc", "extensor digitorum communis"]),
    ("second_lumbrical", "2nd lumbrical", &["lumbrical", "2l", "lum"]),
    ("palmar_interosseous", "2nd interosseous", &["2io", "interosseous 2", "palmar interosseous"]),
    ("biceps_brachii", "Biceps", &["biceps", "bic"]),
    ("deltoid_middle", "Deltoid", &["deltoid", "delt"]),
    ("infraspinatus", "Infraspinatus", &["infraspinatus", "infra"]),
    ("trapezius_upper", "Trapezius", &["trapezius", "trap"]),
    ("extensor_digitorum_brevis", "EDB", &["edb", "extensor digitorum brevis"]),
    ("tibialis_anterior", "TA", &["ta", "tib ant", "tibialis anterior", "tibialis"]),
    ("abductor_hallucis", "AH", &["ah", "ahb", "abductor hallucis", "hallucis"]),
    ("abductor_digiti_quinti_pedis", "ADQP", &["adqp", "adm foot", "digiti quinti"]),
    ("vastus_medialis", "Vastus medialis", &["vmo", "vastus", "quadriceps"]),
    ("nasalis", "Nasalis", &["nasalis"]),
    ("diaphragm", "Diaphragm", &["diaphragm"]),
    ("soleus", "Soleus", &["soleus", "sol", "gastrocnemius", "gastroc"]),
    ("flexor_carpi_radialis", "FCR", &["fcr", "flexor carpi radialis"]),
    ("orbicularis_oculi", "Orbicularis oculi", &["orbicularis", "oculi", "oo"]),
    ("digit_1", "Thumb", &["d1", "digit 1", "dig 1", "dig i", "thumb", "pollex"]),
    ("digit_2", "Digit 2", &["d2", "digit 2", "dig 2", "dig ii", "index", "second finger", "2nd finger", "2d finger"]),
    ("digit_3", "Digit 3", &["d3", "digit 3", "dig 3", "dig iii", "middle finger", "third finger", "3rd finger"]),
    ("digit_4", "Digit 4", &["d4", "digit 4", "dig 4", "dig iv", "ring finger", "fourth finger", "4th finger"]),
    ("digit_5", "Digit 5", &["d5", "digit 5", "dig 5", "dig v", "little finger", "fifth finger", "5th finger"]),
    ("dorsum_hand_4_5_web", "Dorsum of hand", &["dorsum hand", "dorsal hand", "duc"]),
    ("snuffbox_over_EPL", "Snuffbox", &["snuffbox", "epl", "snuff box"]),
    ("lateral_forearm", "Lateral forearm", &["lateral forearm", "lac"]),
    ("medial_forearm", "Medial forearm", &["medial forearm", "mac"]),
    ("behind_lateral_malleolus", "Ankle", &["lateral malleolus", "behind malleolus"]),
    ("lateral_ankle", "Lateral ankle", &["lateral ankle", "dorsum foot"]),
    ("medial_ankle", "Medial ankle", &["medial ankle"]),
    ("medial_ankle_proximal_to_retinaculum", "Medial ankle", &["medial ankle", "retinaculum"]),
    ("anterolateral_thigh", "Thigh", &["thigh"]),
    ("first_web_space", "First web space", &["web space", "first web"]),
    ("wrist", "Wrist", &["wrist"]),
];

/// Nerves: (name in the tables, other words in labels).
const NERVES: &[(&str, &[&str])] = &[
    ("median", &["median", "medianus"]),
    ("ulnar", &["ulnar", "ulnaris"]),
    ("radial", &["radial", "radialis"]),
    ("musculocutaneous", &["musculocutaneous", "lateral antebrachial", "lac"]),
    ("medial_antebrachial_cutaneous", &["medial antebrachial", "mac"]),
    ("axillary", &["axillary", "axillaris"]),
    ("suprascapular", &["suprascapular"]),
    ("spinal_accessory", &["accessory", "accessorius"]),
    ("superficial_fibular", &["superficial fibular", "superficial peroneal", "sup peroneal", "sup fibular"]),
    ("deep_fibular", &["deep fibular", "deep peroneal"]),
    ("fibular", &["fibular", "peroneal", "peroneus", "fibularis"]),
    ("tibial", &["tibial", "tibialis posterior", "plantar"]),
    ("sural", &["sural", "suralis"]),
    ("saphenous", &["saphenous", "saphenus"]),
    ("lateral_femoral_cutaneous", &["lateral femoral", "lfcn"]),
    ("femoral", &["femoral", "femoralis"]),
    ("facial", &["facial", "facialis"]),
    ("phrenic", &["phrenic", "phrenicus"]),
];

/// Sites: (name in the tables, other words in labels).
const SITES: &[(&str, &[&str])] = &[
    ("below_elbow", &["below elbow", "b elbow", "be", "distal elbow"]),
    ("above_elbow", &["above elbow", "a elbow", "ae", "proximal elbow"]),
    ("below_fibular_head", &["below fibular head", "b fib head", "bfh", "fib head", "fibular head", "below knee"]),
    ("popliteal", &["popliteal", "pop fossa", "knee", "above fibular head", "afh"]),
    ("antecubital", &["antecubital", "elbow", "cubital"]),
    ("wrist", &["wrist"]),
    ("palm", &["palm", "midpalm"]),
    ("axilla", &["axilla"]),
    ("erb", &["erb", "erbs", "supraclavicular"]),
    ("ankle", &["ankle"]),
    ("forearm", &["forearm"]),
    ("elbow", &["elbow"]),
    ("below_spiral_groove", &["below spiral groove", "below groove"]),
    ("above_spiral_groove", &["above spiral groove", "above groove"]),
    ("lateral_malleolus", &["lateral malleolus"]),
    ("neck", &["neck"]),
];

/// A label as words between single blanks, with one at each end, in lower case.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.to_lowercase().chars() {
        let c = if c.is_alphanumeric() { c } else { ' ' };
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// Whether a normalised label holds a word or phrase.
pub(super) fn holds(normal: &str, phrase: &str) -> bool {
    normal.contains(&format!(" {phrase} "))
}

fn named(table: &[(&str, &[&str])], id: &str, normal: &str) -> bool {
    let own = id.replace('_', " ");
    holds(normal, &own) || table.iter().any(|(name, words)| *name == id && words.iter().any(|word| holds(normal, word)))
}

/// Whether a normalised label names this nerve.
pub(super) fn names_nerve(id: &str, normal: &str) -> bool {
    // `fibular` is also a word of its branches, and `tibial` of its plantar branches.
    let branch = id == "fibular" && (named(NERVES, "superficial_fibular", normal) || named(NERVES, "deep_fibular", normal));
    named(NERVES, id, normal) && !branch
}

/// Whether a normalised label names this muscle or recording site.
pub(super) fn names_recording(id: &str, normal: &str) -> bool {
    holds(normal, &id.replace('_', " ").to_lowercase())
        || RECORDED.iter().any(|(name, _, words)| *name == id && words.iter().any(|word| holds(normal, word)))
}

/// The site of a study that a name stands for, among `ids`.
pub(super) fn site_of<'a>(name: &str, ids: &[&'a str]) -> Option<&'a str> {
    let normal = normal(name);
    // The table is in order of how much a word says: `below elbow` before `elbow`.
    SITES.iter().filter_map(|(id, _)| ids.iter().find(|known| *known == id)).find(|id| named(SITES, id, &normal)).copied()
}

/// Short form of a muscle or site for tables (`APB`).
pub fn short(id: &str) -> String {
    RECORDED.iter().find(|(name, _, _)| *name == id).map_or_else(|| pretty(id), |(_, short, _)| (*short).to_owned())
}

/// A name of the tables as people write it (`Superficial fibular`).
pub fn pretty(id: &str) -> String {
    let words = id.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{names_nerve, names_recording, normal, site_of};

    #[test]
    fn labels_are_understood() {
        assert_eq!(normal("NC L_APB (2.)"), " nc l apb 2 ");
        assert!(names_recording("abductor_pollicis_brevis", &normal("NC L_APB")));
        assert!(!names_recording("tibialis_anterior", &normal("data")));
        assert!(names_nerve("fibular", &normal("L Peroneal")));
        assert!(!names_nerve("fibular", &normal("Superficial peroneal")));
        assert_eq!(site_of("B.Elbow", &["wrist", "below_elbow", "above_elbow"]), Some("below_elbow"));
        assert_eq!(site_of("Elbow", &["wrist", "antecubital"]), Some("antecubital"));
        assert_eq!(site_of("somewhere", &["wrist"]), None);
    }
}

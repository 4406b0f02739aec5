//! Constructed examinations, and what an experienced reader would say of them.

use myoscope::findings::Severity::{self, Extreme, Mild, Minimal, Moderate, NotGraded, Severe};
use serde_json::json;

use super::Vignette;

/// Name, examination, and of each conclusion: diagnosis, side, where (a part), what, how bad, since when.
pub type Expected = (&'static str, &'static str, &'static str, &'static str, Severity, &'static str);

pub const L5: &[&str] = &["tibialis_anterior", "tibialis_posterior", "fibularis_longus", "gluteus_medius"];

pub fn with<'a>(muscles: &[&'a str], kind: char) -> Vec<(&'a str, char)> {
    muscles.iter().map(|muscle| (*muscle, kind)).collect()
}

pub fn hand(side: &str) -> Vignette {
    Vignette::new(30.0).arm(side)
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub fn table() -> Vec<(&'static str, Vignette, Vec<Expected>)> {
    let none: (&str, &str, &str, &str, Severity, &str) = ("normal", "none", "none", "none", Severity::None, "not_applicable");
    let loose = ("no_conclusion", "none", "none", "none", NotGraded, "indeterminate");
    let technical = ("technical", "none", "none", "technical", Severity::None, "not_applicable");
    let cts = |side, what, severity| ("cts", side, "median nerve at wrist", what, severity, "indeterminate");
    vec![
        ("healthy arm", hand("R"), vec![none]),
        ("healthy leg with needle", Vignette::new(12.0).leg("L").needle("L", &with(L5, '0')), vec![none]),
        ("carpal tunnel by comparisons alone", hand("R").compare("R", &[("palmdiff", 0.5), ("ringdiff", 0.6), ("thumbdiff", 0.4)]), vec![cts("R", "demyelinating", Minimal)]),
        ("one comparison alone", hand("R").compare("R", &[("palmdiff", 0.5), ("ringdiff", 0.2)]), vec![loose]),
        ("index alone", hand("L").compare("L", &[("palmdiff", 0.3), ("ringdiff", 0.4), ("thumbdiff", 0.4), ("csi", 1.1)]), vec![cts("L", "demyelinating", Minimal)]),
        ("mild carpal tunnel", hand("R").sensory("median_sensory_d2", "R", 0.9, 0.8), vec![cts("R", "demyelinating", Mild)]),
        ("moderate carpal tunnel", hand("R").sensory("median_sensory_d2", "R", 1.4, 0.7).distal("median_motor_apb", "R", 1.6, 1.0), vec![cts("R", "demyelinating", Moderate)]),
        ("very severe by latency", hand("R").sensory("median_sensory_d2", "R", 2.4, 0.4).distal("median_motor_apb", "R", 3.6, 0.7), vec![cts("R", "demyelinating", Severe)]),
        ("extreme carpal tunnel", hand("R").sensory("median_sensory_d2", "R", 0.0, 0.0).distal("median_motor_apb", "R", 0.0, 0.0), vec![cts("R", "axonal", Extreme)]),
        ("both hands", hand("R").arm("L").sensory("median_sensory_d2", "R", 0.9, 0.8).sensory("median_sensory_d2", "L", 0.9, 0.8), vec![cts("R", "demyelinating", Mild), cts("L", "demyelinating", Mild)]),
        (
            "carpal tunnel with loss of axons",
            hand("R").sensory("median_sensory_d2", "R", 1.5, 0.3).distal("median_motor_apb", "R", 2.5, 0.3).needle("R", &[("abductor_pollicis_brevis", 'o'), ("first_dorsal_interosseous", '0'), ("pronator_teres", '0')]),
            vec![("cts", "R", "median nerve at wrist", "mixed", Severe, "chronic_ongoing")],
        ),
        (
            "double crush: carpal tunnel and C7",
            Vignette::new(7.0).arm("R").sensory("median_sensory_d2", "R", 0.9, 0.8).needle("R", &with(&["triceps_long", "extensor_digitorum_communis", "cervical_paraspinal_low"], '2')).needle("R", &with(&["biceps_brachii", "deltoid_middle", "first_dorsal_interosseous", "extensor_indicis", "abductor_pollicis_brevis"], '0')),
            vec![("cts", "R", "median nerve at wrist", "demyelinating", Mild, "indeterminate"), ("cervical_radic", "R", "C7 root", "axonal", Moderate, "subacute")],
        ),
        (
            "ulnar at the elbow, slow alone",
            hand("L").motor("ulnar_motor_adm", "L", "above_elbow", 1.0, 1.2, 0.95),
            vec![("ulnar_elbow", "L", "ulnar nerve at elbow", "demyelinating", Mild, "indeterminate")],
        ),
        (
            "ulnar at the elbow with axons lost",
            Vignette::new(40.0).arm("R").motor("ulnar_motor_adm", "R", "above_elbow", 1.0, 1.5, 0.9).distal("ulnar_motor_adm", "R", 0.0, 0.35).sensory("ulnar_sensory_d5", "R", 0.0, 0.0).needle("R", &[("first_dorsal_interosseous", 'o'), ("abductor_digiti_minimi_hand", 'o'), ("flexor_carpi_ulnaris", '1'), ("abductor_pollicis_brevis", '0'), ("extensor_indicis", '0')]),
            vec![("ulnar_elbow", "R", "ulnar nerve at elbow", "mixed", Severe, "chronic_ongoing")],
        ),
        (
            "ulnar at the elbow by short segments and a sensory response",
            hand("L").row("steps", json!({"study": "ulnar_motor_adm", "side": "L", "place": "ME to ME + 2 cm", "step_cm": 2.0, "step_ms": 1.1})).row("steps", json!({"study": "ulnar_motor_adm", "side": "L", "place": "ME - 2 cm to ME", "step_cm": 2.0, "step_ms": 0.4})).sensory("ulnar_sensory_d5", "L", 0.0, 0.2),
            vec![("ulnar_elbow", "L", "ulnar nerve at elbow", "mixed", Moderate, "indeterminate")],
        ),
        (
            "one short segment alone",
            hand("L").row("steps", json!({"study": "ulnar_motor_adm", "side": "L", "place": "ME to ME + 1 cm", "step_cm": 1.0, "step_ms": 0.5})),
            vec![loose],
        ),
        ("short segments within their limits", hand("R").row("steps", json!({"study": "ulnar_motor_adm", "side": "R", "step_cm": 2.0, "step_ms": 0.7})), vec![none]),
        ("one item of the elbow alone", hand("R").motor("ulnar_motor_adm", "R", "above_elbow", 1.0, 0.0, 0.75), vec![loose]),
        (
            "ulnar at the wrist, deep branch",
            Vignette::new(10.0).arm("R").responses("R", &["dorsal_ulnar_cutaneous"]).distal("ulnar_motor_adm", "R", 1.4, 0.6).needle("R", &[("first_dorsal_interosseous", '2'), ("flexor_carpi_ulnaris", '0'), ("abductor_pollicis_brevis", '0')]),
            vec![("ulnar_wrist", "R", "ulnar nerve at wrist", "mixed", Moderate, "subacute")],
        ),
        (
            "C6, needle and sensory of its dermatome",
            Vignette::new(8.0).arm("L").responses("L", &["lac", "median_sensory_d1"]).needle("L", &with(&["biceps_brachii", "brachioradialis", "pronator_teres", "cervical_paraspinal_mid", "extensor_carpi_radialis"], '2')).needle("L", &with(&["triceps_long", "first_dorsal_interosseous", "rhomboid_major", "extensor_indicis"], '0')),
            vec![("cervical_radic", "L", "C6 root", "axonal", Moderate, "subacute")],
        ),
        (
            "C8 with the ulnar response spared",
            Vignette::new(8.0).arm("R").needle("R", &with(&["first_dorsal_interosseous", "extensor_indicis", "flexor_pollicis_longus", "cervical_paraspinal_low"], '3')).needle("R", &with(&["triceps_long", "biceps_brachii", "pronator_teres"], '0')),
            vec![("cervical_radic", "R", "C8 root", "axonal", Severe, "subacute")],
        ),
        (
            "S1 with H reflex",
            Vignette::new(9.0).leg("R").late("h_soleus", "R", None).late("h_soleus", "L", Some(30.0)).needle("R", &with(&["gastrocnemius_medial", "biceps_femoris_short", "gluteus_maximus", "lumbosacral_paraspinal_low"], '1')).needle("R", &with(&["tibialis_anterior", "vastus_lateralis", "tibialis_posterior"], '0')),
            vec![("lumbosacral_radic", "R", "S1 root", "axonal", Mild, "subacute")],
        ),
        (
            "L5 of two weeks: recruitment alone",
            Vignette::new(2.0).leg("L").needle("L", &with(L5, 'r')).needle("L", &with(&["vastus_lateralis", "gastrocnemius_medial", "biceps_femoris_short", "lumbosacral_paraspinal_low"], '0')),
            vec![("lumbosacral_radic", "L", "L5 root", "axonal", Mild, "acute")],
        ),
        (
            "L5, old and quiet",
            Vignette::new(150.0).leg("L").needle("L", &with(L5, 'c')).needle("L", &with(&["vastus_lateralis", "gastrocnemius_medial", "biceps_femoris_short", "lumbosacral_paraspinal_low"], '0')),
            vec![("lumbosacral_radic", "L", "L5 root", "axonal", Mild, "chronic_inactive")],
        ),
        (
            "L4",
            Vignette::new(6.0).leg("R").needle("R", &with(&["vastus_lateralis", "vastus_medialis", "adductor_longus", "tibialis_anterior", "lumbosacral_paraspinal_mid"], '2')).needle("R", &with(&["gluteus_medius", "tibialis_posterior", "gastrocnemius_medial", "fibularis_longus", "iliopsoas"], '0')),
            vec![("lumbosacral_radic", "R", "L4 root", "axonal", Moderate, "subacute")],
        ),
        (
            "L5 without a sensory response",
            Vignette::new(10.0).motors("L", &["fibular_motor_edb", "tibial_motor_ah"]).needle("L", &with(L5, '2')).needle("L", &with(&["lumbosacral_paraspinal_low", "vastus_lateralis", "gastrocnemius_medial", "biceps_femoris_short"], '0')),
            vec![("lumbosacral_radic", "L", "L5 root", "axonal", Moderate, "subacute")],
        ),
        (
            "L5 and S1",
            Vignette::new(10.0).leg("L").needle("L", &with(&["tibialis_anterior", "tibialis_posterior", "gluteus_medius", "fibularis_longus", "extensor_hallucis_longus", "tensor_fasciae_latae"], '2')).needle("L", &with(&["gastrocnemius_medial", "soleus", "biceps_femoris_short", "gluteus_maximus", "abductor_hallucis", "lumbosacral_paraspinal_low"], '2')).needle("L", &with(&["vastus_lateralis", "iliopsoas", "adductor_longus"], '0')),
            vec![("lumbosacral_radic", "L", "L5 root", "axonal", Moderate, "subacute"), ("lumbosacral_radic", "L", "S1 root", "axonal", Moderate, "subacute")],
        ),
        ("paraspinal alone", Vignette::new(5.0).leg("L").needle("L", &[("lumbosacral_paraspinal_low", '2')]).needle("L", &with(L5, '0')), vec![loose]),
        ("one muscle alone", Vignette::new(8.0).leg("L").needle("L", &[("tibialis_anterior", '2'), ("gluteus_medius", '0'), ("tibialis_posterior", '0')]), vec![loose]),
        (
            "lower trunk",
            Vignette::new(8.0).arm("R").responses("R", &["mac"]).sensory("mac", "R", 0.0, 0.0).sensory("ulnar_sensory_d5", "R", 0.0, 0.2).needle("R", &with(&["first_dorsal_interosseous", "abductor_pollicis_brevis", "extensor_indicis", "flexor_pollicis_longus", "flexor_carpi_ulnaris"], '3')).needle("R", &with(&["triceps_long", "biceps_brachii", "pronator_teres", "cervical_paraspinal_low"], '0')),
            vec![("plexopathy", "R", "lower trunk", "axonal", Severe, "subacute")],
        ),
        (
            "posterior cord",
            Vignette::new(8.0).arm("L").sensory("radial_sensory_snuffbox", "L", 0.0, 0.0).needle("L", &with(&["deltoid_middle", "triceps_long", "brachioradialis", "extensor_digitorum_communis", "latissimus_dorsi"], '2')).needle("L", &with(&["biceps_brachii", "pronator_teres", "first_dorsal_interosseous", "infraspinatus", "cervical_paraspinal_low"], '0')),
            vec![("plexopathy", "L", "posterior cord", "axonal", Moderate, "subacute")],
        ),
        (
            "radial nerve in the arm",
            Vignette::new(6.0).arm("R").sensory("radial_sensory_snuffbox", "R", 0.0, 0.0).needle("R", &with(&["brachioradialis", "extensor_carpi_radialis", "extensor_digitorum_communis", "extensor_indicis"], '3')).needle("R", &with(&["triceps_long", "anconeus", "deltoid_middle", "biceps_brachii", "first_dorsal_interosseous"], '0')),
            vec![("radial_neuropathy", "R", "radial", "axonal", Severe, "subacute")],
        ),
        (
            "fibular nerve with axons lost",
            Vignette::new(7.0).leg("R").distal("fibular_motor_edb", "R", 0.0, 0.1).sensory("superficial_fibular", "R", 0.0, 0.0).needle("R", &with(&["tibialis_anterior", "fibularis_longus", "extensor_hallucis_longus"], '3')).needle("R", &with(&["tibialis_posterior", "biceps_femoris_short", "gluteus_medius", "gastrocnemius_medial", "lumbosacral_paraspinal_low"], '0')),
            vec![("fibular_neuropathy", "R", "common fibular nerve at fibular head/neck", "axonal", Severe, "subacute")],
        ),
        (
            "sciatic nerve",
            Vignette::new(7.0).leg("R").distal("fibular_motor_edb", "R", 0.0, 0.1).distal("tibial_motor_ah", "R", 0.0, 0.2).sensory("superficial_fibular", "R", 0.0, 0.0).sensory("sural", "R", 0.0, 0.0).needle("R", &with(&["tibialis_anterior", "gastrocnemius_medial", "biceps_femoris_short", "semitendinosus", "tibialis_posterior"], '3')).needle("R", &with(&["gluteus_medius", "gluteus_maximus", "vastus_lateralis", "lumbosacral_paraspinal_low"], '0')),
            vec![("sciatic_neuropathy", "R", "sciatic", "axonal", Severe, "subacute")],
        ),
        (
            "polyneuropathy, sensory in the legs",
            Vignette::new(100.0).leg("R").leg("L").sensory("sural", "R", 0.3, 0.15).sensory("superficial_fibular", "R", 0.0, 0.0).sensory("sural", "L", 0.3, 0.15).sensory("superficial_fibular", "L", 0.0, 0.0),
            vec![("polyneuropathy_axonal", "bilateral_distal", "length-dependent", "axonal", Mild, "indeterminate")],
        ),
        (
            "polyneuropathy, the sural response not tested",
            Vignette::new(100.0)
                .motors("R", &["fibular_motor_edb", "tibial_motor_ah"])
                .responses("R", &["superficial_fibular"])
                .sensory("superficial_fibular", "R", 0.0, 0.0)
                .distal("fibular_motor_edb", "R", 0.4, 0.15)
                .distal("tibial_motor_ah", "R", 0.4, 0.2)
                .needle("R", &[("tibialis_anterior", 'c'), ("gastrocnemius_medial", 'c'), ("vastus_lateralis", '0')]),
            vec![("polyneuropathy_axonal", "bilateral_distal", "length-dependent", "axonal", Moderate, "chronic_inactive")],
        ),
        (
            "polyneuropathy reaching the arms",
            Vignette::new(200.0).leg("R").arm("R").sensory("sural", "R", 0.0, 0.0).sensory("superficial_fibular", "R", 0.0, 0.0).distal("fibular_motor_edb", "R", 0.5, 0.0).distal("tibial_motor_ah", "R", 0.5, 0.2).distal("ulnar_motor_adm", "R", 0.2, 0.5).needle("R", &[("tibialis_anterior", 'o'), ("first_dorsal_interosseous", 'o'), ("vastus_lateralis", '0')]),
            vec![("polyneuropathy_axonal", "bilateral_distal", "length-dependent", "axonal", Severe, "chronic_ongoing")],
        ),
        (
            "uniform slowing of years",
            Vignette::new(500.0).arm("R").leg("R").slow("median_motor_apb", "R", 2.2).slow("ulnar_motor_adm", "R", 2.2).slow("fibular_motor_edb", "R", 2.0).slow("tibial_motor_ah", "R", 2.0).sensory("sural", "R", 0.0, 0.0),
            vec![("polyneuropathy_demyelinating", "bilateral", "diffuse", "demyelinating", Severe, "indeterminate")],
        ),
        (
            "acute demyelination, second week",
            Vignette::new(1.5).arm("R").leg("R").slow("median_motor_apb", "R", 1.7).slow("ulnar_motor_adm", "R", 1.6).slow("fibular_motor_edb", "R", 1.7).sensory("median_sensory_d2", "R", 0.0, 0.2).late("f_ulnar", "R", Some(45.0)).late("f_tibial", "R", None).needle("R", &with(&["tibialis_anterior", "deltoid_middle"], 'r')),
            vec![("gbs_demyelinating", "bilateral", "polyradiculoneuropathy", "demyelinating", Severe, "acute")],
        ),
        (
            "blocks of two motor nerves, sensory responses spared",
            Vignette::new(60.0).arm("R").motor("median_motor_apb", "R", "antecubital", 1.0, 0.0, 0.3).motor("ulnar_motor_adm", "R", "below_elbow", 1.0, 0.0, 0.35).motor("ulnar_motor_adm", "R", "above_elbow", 1.0, 0.0, 0.35),
            vec![("multifocal_motor_neuropathy", "R", "motor nerves: median, ulnar", "conduction_block", Severe, "indeterminate")],
        ),
        (
            "one block in the forearm",
            Vignette::new(10.0).arm("L").motor("median_motor_apb", "L", "antecubital", 1.0, 0.0, 0.4),
            vec![("median_neuropathy", "L", "median nerve between wrist and antecubital", "conduction_block", Moderate, "indeterminate")],
        ),
        (
            "tarsal tunnel",
            Vignette::new(40.0).leg("R").distal("tibial_motor_ah", "R", 3.0, 0.9).row("sensory", json!({"study": "medial_plantar_mixed", "side": "R", "response": "absent"})),
            vec![("tarsal_tunnel", "R", "tibial nerve at ankle", "mixed", Mild, "indeterminate")],
        ),
        ("the sole's response alone", Vignette::new(40.0).leg("R").row("sensory", json!({"study": "medial_plantar_mixed", "side": "R", "response": "absent"})), vec![loose]),
        (
            "fibular and ulnar nerves lost one by one",
            Vignette::new(8.0).leg("R").arm("L").distal("fibular_motor_edb", "R", 0.2, 0.1).sensory("superficial_fibular", "R", 0.0, 0.0)
                .needle("R", &with(&["tibialis_anterior", "fibularis_longus", "extensor_hallucis_longus"], '3'))
                .needle("R", &with(&["tibialis_posterior", "biceps_femoris_short", "gluteus_medius"], '0'))
                .distal("ulnar_motor_adm", "L", 0.1, 0.15).sensory("ulnar_sensory_d5", "L", 0.0, 0.0)
                .needle("L", &with(&["first_dorsal_interosseous", "abductor_digiti_minimi_hand", "flexor_carpi_ulnaris"], '3'))
                .needle("L", &with(&["abductor_pollicis_brevis", "extensor_indicis"], '0')),
            vec![
                ("ulnar_elbow", "L", "ulnar nerve at elbow", "axonal", Severe, "subacute"),
                ("fibular_neuropathy", "R", "fibular", "axonal", Severe, "subacute"),
                ("mononeuropathy_multiplex", "bilateral", "ulnar", "axonal", Severe, "indeterminate"),
            ],
        ),
        (
            "acute loss of motor axons",
            Vignette::new(2.0).arm("R").leg("R").distal("median_motor_apb", "R", 0.1, 0.2).distal("ulnar_motor_adm", "R", 0.1, 0.2).distal("fibular_motor_edb", "R", 0.1, 0.2).distal("tibial_motor_ah", "R", 0.1, 0.2),
            vec![("polyneuropathy_axonal", "bilateral", "acute, motor, not length-dependent", "axonal", Severe, "acute")],
        ),
        (
            "nerves that do not answer",
            Vignette::new(2.0).arm("R").leg("R").distal("median_motor_apb", "R", 0.0, 0.0).distal("ulnar_motor_adm", "R", 0.0, 0.0).distal("fibular_motor_edb", "R", 0.0, 0.0).distal("tibial_motor_ah", "R", 0.0, 0.0),
            vec![("polyneuropathy_axonal", "bilateral", "acute, nerves do not answer", "mixed", Severe, "acute")],
        ),
        (
            "C7 and L5, not motor neurons",
            Vignette::new(60.0).arm("R").leg("R").needle("R", &with(&["triceps_long", "extensor_digitorum_communis", "flexor_carpi_radialis", "cervical_paraspinal_low"], 'o')).needle("R", &with(L5, 'o')).needle("R", &with(&["biceps_brachii", "first_dorsal_interosseous", "vastus_lateralis", "gastrocnemius_medial", "biceps_femoris_short"], '0')),
            vec![("cervical_radic", "R", "C7 root", "axonal", Moderate, "chronic_ongoing"), ("lumbosacral_radic", "R", "L5 root", "axonal", Moderate, "chronic_ongoing")],
        ),
        (
            "motor neurons in two regions",
            Vignette::new(40.0).arm("R").leg("R").needle("R", &with(&["biceps_brachii", "triceps_long", "first_dorsal_interosseous", "vastus_lateralis", "gastrocnemius_medial", "tibialis_anterior"], 'o')),
            vec![("motor_neuron", "bilateral", "cervical, lumbosacral", "neurogenic_motor_neuron", Moderate, "chronic_ongoing")],
        ),
        (
            "postsynaptic with one muscle and jitter",
            hand("R").row("rns", json!({"muscle": "nasalis", "side": "R", "rate_Hz": 3.0, "decrement_percent": 14.0})).row("jitter", json!({"muscle": "extensor_digitorum_communis", "mean_mcd_us": 50.0, "pairs_abnormal_fraction": 0.3, "blocking_fraction": 0.05})),
            vec![("nmj_postsynaptic", "bilateral", "neuromuscular junction", "nmj", Mild, "not_applicable")],
        ),
        (
            "presynaptic",
            Vignette::new(30.0).motors("R", &["ulnar_motor_adm"]).responses("R", &["ulnar_sensory_d5"]).distal("ulnar_motor_adm", "R", 0.0, 0.1).row("rns", json!({"muscle": "abductor_digiti_minimi_hand", "side": "R", "rate_Hz": 3.0, "decrement_percent": 18.0, "rest_amp_mV": 1.1, "post_exercise_10s_amp_mV": 3.4})),
            vec![("nmj_presynaptic", "bilateral", "neuromuscular junction", "nmj", Moderate, "not_applicable")],
        ),
        (
            "decrement in a muscle that lost its supply",
            hand("R").row("rns", json!({"muscle": "trapezius_upper", "side": "R", "rate_Hz": 3.0, "decrement_percent": 14.0})).needle("R", &[("trapezius_upper", 'o'), ("deltoid_middle", '0')]),
            vec![loose],
        ),
        (
            "myotonia",
            hand("R").row("needle", json!({"muscle": "first_dorsal_interosseous", "side": "R", "fib": 0, "psw": 0, "other": "myotonic", "recruitment": "normal"})).row("needle", json!({"muscle": "tibialis_anterior", "side": "R", "fib": 0, "psw": 0, "other": "myotonic", "recruitment": "normal"})),
            vec![("myotonic", "R", "muscle", "myopathic", NotGraded, "indeterminate")],
        ),
        (
            "myopathy without irritability",
            hand("R").needle("R", &with(&["deltoid_middle", "biceps_brachii", "iliopsoas", "vastus_lateralis"], 'm')).needle("R", &with(&["first_dorsal_interosseous", "tibialis_anterior"], '0')),
            vec![("myopathic", "bilateral", "proximal muscle", "myopathic", Mild, "indeterminate")],
        ),
        ("cold hands", hand("R").head("hand_temp_C", 25.0).slow("median_motor_apb", "R", 1.35).slow("ulnar_motor_adm", "R", 1.35).sensory("median_sensory_d2", "R", 1.0, 1.3), vec![technical]),
        ("carpal tunnel in a cold hand by comparisons", hand("R").head("hand_temp_C", 28.0).sensory("median_sensory_d2", "R", 1.5, 0.9).compare("R", &[("palmdiff", 0.9), ("ringdiff", 1.0), ("thumbdiff", 1.0), ("csi", 2.9)]), vec![cts("R", "demyelinating", Minimal)]),
        ("submaximal stimulation", hand("R").head("supramaximal_documented", false).distal("ulnar_motor_adm", "R", 0.0, 0.4), vec![technical]),
        (
            "crossing fibres and carpal tunnel",
            hand("R").sensory("median_sensory_d2", "R", 0.9, 0.8).motor("ulnar_motor_adm", "R", "below_elbow", 1.0, 0.0, 0.6).motor("ulnar_motor_adm", "R", "above_elbow", 1.0, 0.0, 0.6).row("extra", json!({"study": "median_stim_record_adm", "side": "R", "site": "antecubital", "amp_mV": 4.4})).row("extra", json!({"study": "median_stim_record_adm", "side": "R", "site": "wrist", "amp_mV": 0.0})),
            vec![("anomaly_martin_gruber", "R", "median-to-ulnar", "none", Severity::None, "not_applicable"), cts("R", "demyelinating", Mild)],
        ),
        ("nothing", Vignette::new(10.0), vec![("no_conclusion", "none", "none", "none", NotGraded, "not_applicable")]),
        (
            "the old names of nerves",
            Vignette::new(4.0).row("motor", json!({"study": "peroneal_motor_edb", "side": "left", "site": "ankle", "response": "present", "latency_ms": 4.8, "amp_mV": 5.0})).row("motor", json!({"study": "peroneal motor EDB", "side": "left", "site": "below fibular head", "response": "present", "latency_ms": 11.6, "amp_mV": 4.8, "segment_cm": 32.0})).row("motor", json!({"study": "peroneal_motor_edb", "side": "l", "site": "popliteal", "response": "present", "latency_ms": 15.0, "amp_mV": 2.2, "segment_cm": 10.0})),
            vec![("fibular_neuropathy", "L", "common fibular nerve at fibular head/neck", "conduction_block", Moderate, "indeterminate")],
        ),
    ]
}

//! What the analysed stretches of a muscle say in each column.
//!
//! Each stretch at rest is a site; grades follow [`grading`]. Amplitude, duration and polyphasia are
//! those of all motor units that a person did not leave out, held against [`norms::needle`]. A mean
//! of few potentials is not judged, one of fewer than the rule wants is marked. Every column says how
//! it came to its word.

use super::units::{self, Collected};
use crate::analysis::needle::rest::grading::{Grade, Site, grade};
use crate::analysis::needle::rest::insertion::DECREASED_MS;
use crate::dsp::robust::median;
use crate::model::{FoundUnit, MuscleColumn, MuscleRow, NeedleFindings, PatternWord, RestSite, Seen, UnitsFound};
use crate::norms::needle::{self, NeedleLimit, RecruitmentRule, Verdict};
use crate::norms::{MuscleDef, Person};

/// Fewer potentials than this have no mean worth judging: our own bound.
const LEAST_UNITS: usize = 5;
/// So many units at the rate where the second one is expected: early recruitment, our own bound.
const EARLY_UNITS: usize = 5;

/// What the analyses say in a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Derived {
    /// Word; may be empty while numbers are there.
    pub value: String,
    /// Numbers with units.
    pub numbers: String,
    /// What they are held against.
    pub limit: String,
    /// Beyond normal.
    pub abnormal: bool,
    /// Sentences.
    pub why: Vec<String>,
    /// What is to be taken with care.
    pub doubt: String,
    /// Source of the limit.
    pub source: String,
    /// Indices of the stretches.
    pub from: Vec<usize>,
}

impl Derived {
    fn doubted(&mut self, doubt: &str) {
        if !doubt.is_empty() && !self.doubt.contains(doubt) {
            self.doubt = if self.doubt.is_empty() { doubt.to_owned() } else { format!("{}; {doubt}", self.doubt) };
        }
    }

    fn held(&mut self, limit: &NeedleLimit) {
        self.limit = limit.words();
        self.source.clone_from(&limit.source);
        self.doubted(&limit.doubt);
    }
}

/// What a column of a row says by its stretches.
pub fn derive(row: &MuscleRow, column: MuscleColumn, muscle: Option<&MuscleDef>, person: &Person) -> Derived {
    match column {
        MuscleColumn::Insertional => insertional(row),
        MuscleColumn::Fibrillation => graded(row, "fibrillation potentials", |site| site.fibrillation),
        MuscleColumn::PositiveWaves => graded(row, "positive sharp waves", |site| site.positive_waves),
        MuscleColumn::Fasciculation => fasciculation(row),
        MuscleColumn::Other => others(row),
        MuscleColumn::Amplitude => amplitude(row),
        MuscleColumn::Duration => duration(row, muscle, person),
        MuscleColumn::Polyphasia => polyphasia(row, muscle),
        MuscleColumn::Recruitment => recruitment(row),
        MuscleColumn::Pattern => pattern(row),
        MuscleColumn::Comment => Derived::default(),
    }
}

/// Sites at rest with the index of their stretch.
fn sites(row: &MuscleRow) -> Vec<(usize, &RestSite)> {
    let all = row.stretches.iter().enumerate();
    all.filter_map(|(at, stretch)| match &stretch.findings {
        NeedleFindings::Rest(site) if site.at_rest => Some((at, site)),
        _ => None,
    })
    .collect()
}

fn insertional(row: &MuscleRow) -> Derived {
    let with: Vec<(usize, &RestSite)> = sites(row).into_iter().filter(|(_, site)| !site.insertions_ms.is_empty()).collect();
    let all: Vec<f64> = with.iter().flat_map(|(_, site)| site.insertions_ms.iter().copied()).collect();
    if all.is_empty() {
        return Derived::default();
    }
    let (ms, limit) = (median(&all), needle::insertional());
    let mut out = Derived { numbers: format!("{ms:.0} ms"), from: with.iter().map(|(at, _)| *at).collect(), ..Derived::default() };
    out.held(&limit);
    let verdict = if ms < DECREASED_MS { Some(Verdict::Decreased) } else { limit.judge(ms) };
    if verdict == Some(Verdict::Decreased) {
        out.doubted("decreased below 50 ms is this program's own bound");
    }
    out.value = verdict.map_or("", Verdict::name).to_owned();
    out.abnormal = MuscleColumn::Insertional.is_abnormal(&out.value);
    out.why.push(format!("Activity lasted {ms:.0} ms after a movement of the needle (median of {}).", counted(all.len(), "movement")));
    out
}

/// `1 site`, `3 sites`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn graded(row: &MuscleRow, what: &str, of: fn(&RestSite) -> Seen) -> Derived {
    let sites = sites(row);
    let seen: Vec<Seen> = sites.iter().map(|(_, site)| of(site)).collect();
    let as_site =
        |seen: &Seen| Site { trains: seen.trains, longest_s: seen.longest_s, discharges_hz: seen.discharges_hz, filled: seen.filled };
    let Some(grade) = grade(&seen.iter().map(as_site).collect::<Vec<_>>()) else { return Derived::default() };
    let with = seen.iter().filter(|seen| seen.trains > 0).count();
    let mut out = Derived { value: grade.name().to_owned(), from: sites.iter().map(|(at, _)| *at).collect(), ..Derived::default() };
    out.numbers = counted(sites.len(), "site");
    out.abnormal = grade >= Grade::One;
    if with == 0 {
        out.why.push(format!("No {what} at {}.", counted(sites.len(), "site")));
    } else {
        let longest = seen.iter().map(|seen| seen.longest_s).fold(0.0, f64::max);
        let most = seen.iter().map(|seen| seen.discharges_hz).fold(0.0, f64::max);
        out.why.push(format!(
            "{what} at {with} of {}; the longest train lasts {longest:.1} s, up to {most:.1} discharges a second.",
            counted(sites.len(), "site")
        ));
        out.source =
            "Scale of Preston and Shapiro, and Daube and Rubin 2009; figures for moderate, many and filled are this program's own".into();
        out.doubted("unverified scale");
        for warning in sites.iter().flat_map(|(_, site)| &site.warnings) {
            out.doubted(warning.trim_end_matches('.'));
        }
    }
    if sites.len() < 2 {
        out.doubted(if with > 0 { "one site: a grade above +/- takes two or more" } else { "one site" });
    }
    out
}

fn fasciculation(row: &MuscleRow) -> Derived {
    let sites = sites(row);
    if sites.is_empty() {
        return Derived::default();
    }
    let count: usize = sites.iter().map(|(_, site)| site.fasciculations).sum();
    let seconds: f64 = sites.iter().map(|(_, site)| site.usable_s).sum();
    let from = sites.iter().map(|(at, _)| *at).collect();
    let why = vec![format!("{} in {seconds:.0} s of rest at {}.", counted(count, "fasciculation potential"), counted(sites.len(), "site"))];
    match count {
        0 => Derived { value: "0".into(), why, from, ..Derived::default() },
        _ => Derived { value: "present".into(), numbers: format!("{count} in {seconds:.0} s"), why, from, ..Derived::default() },
    }
}

fn others(row: &MuscleRow) -> Derived {
    let sites = sites(row);
    if sites.is_empty() {
        return Derived::default();
    }
    let mut found: Vec<&'static str> = Vec::new();
    for class in sites.iter().flat_map(|(_, site)| &site.others) {
        if !class.code().is_empty() && !found.contains(&class.code()) {
            found.push(class.code());
        }
    }
    let value = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    let why = vec![format!("{value} at {} at rest.", counted(sites.len(), "site"))];
    let abnormal = MuscleColumn::Other.is_abnormal(&value);
    Derived { value, abnormal, why, from: sites.iter().map(|(at, _)| *at).collect(), ..Derived::default() }
}

/// Marks a mean that rests on fewer potentials than the rule wants.
fn few(out: &mut Derived, n: usize) {
    let (wanted, _, _) = needle::outliers();
    if n < wanted {
        out.doubted(&format!("{n} of {wanted} potentials"));
    }
}

fn amplitude(row: &MuscleRow) -> Derived {
    let Collected { units, from } = units::collected(row);
    if units.is_empty() {
        return Derived::default();
    }
    let near: Vec<&FoundUnit> = units.iter().copied().filter(|unit| units::near(unit)).collect();
    let limit = needle::amplitude();
    let mean = units::mean(near.iter().map(|unit| unit.amp_uv));
    let mut out = Derived { from, ..Derived::default() };
    let Some(mean) = mean else {
        let all = units::mean(units.iter().map(|unit| unit.amp_uv)).unwrap_or(0.0);
        out.numbers = format!("{all:.0} \u{b5}V");
        out.why.push("No potential rises within 0.5 ms: the needle was not near enough for amplitudes to count.".into());
        return out;
    };
    out.numbers = format!("{mean:.0} \u{b5}V");
    out.held(&limit);
    out.why.push(format!("Mean of {} with a rise time up to 0.5 ms, of {} collected.", counted(near.len(), "potential"), units.len()));
    few(&mut out, near.len());
    if near.len() < LEAST_UNITS {
        out.why.push(format!("Fewer than {LEAST_UNITS} are not judged."));
        return out;
    }
    let (verdict, words) = with_outliers(&limit, mean, near.iter().map(|unit| unit.amp_uv));
    out.why.extend(words);
    out.value = verdict.map_or("", Verdict::name).to_owned();
    out.abnormal = MuscleColumn::Amplitude.is_abnormal(&out.value);
    out
}

/// The verdict of a mean, or of more than the allowed number of single values outside one limit.
fn with_outliers(limit: &NeedleLimit, mean: f64, values: impl Iterator<Item = f64>) -> (Option<Verdict>, Option<String>) {
    let (wanted, most, _) = needle::outliers();
    let values: Vec<f64> = values.collect();
    let count = |verdict: Verdict| values.iter().filter(|value| limit.judge(**value) == Some(verdict)).count();
    let (above, below) = (count(Verdict::Increased), count(Verdict::Decreased));
    let words = (above + below > 0)
        .then(|| format!("Single potentials: {above} above, {below} below the limits (up to {most} of {wanted} on one side may be)."));
    // Too many of fewer than twenty are too many already.
    let allowed = most * values.len().max(wanted) / wanted.max(1);
    let verdict = match limit.judge(mean) {
        Some(Verdict::Normal) if above > allowed && above >= below => Some(Verdict::Increased),
        Some(Verdict::Normal) if below > allowed => Some(Verdict::Decreased),
        verdict => verdict,
    };
    (verdict, words)
}

fn duration(row: &MuscleRow, muscle: Option<&MuscleDef>, person: &Person) -> Derived {
    let Collected { units, from } = units::collected(row);
    let Some(mean) = units::mean(units.iter().map(|unit| unit.duration_ms)) else { return Derived::default() };
    let mut out = Derived { numbers: format!("{mean:.1} ms"), from, ..Derived::default() };
    out.why.push(format!("Mean of {}.", counted(units.len(), "potential")));
    let limit = match needle::duration(muscle, person.age_years) {
        Ok(limit) => limit,
        Err(why) => {
            out.why.push(why);
            return out;
        }
    };
    out.held(&limit);
    few(&mut out, units.len());
    if units.len() < LEAST_UNITS {
        out.why.push(format!("Fewer than {LEAST_UNITS} are not judged."));
        return out;
    }
    out.value = limit.judge(mean).map_or("", Verdict::name).to_owned();
    out.abnormal = MuscleColumn::Duration.is_abnormal(&out.value);
    out
}

fn polyphasia(row: &MuscleRow, muscle: Option<&MuscleDef>) -> Derived {
    let Collected { units, from } = units::collected(row);
    if units.is_empty() {
        return Derived::default();
    }
    let (most, limit) = needle::polyphasia(muscle);
    let (wanted, _, _) = needle::outliers();
    let many = units.iter().filter(|unit| unit.phases > most).count();
    let percent = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
    let mut out = Derived { numbers: format!("{many} of {}", units.len()), from, ..Derived::default() };
    out.held(&limit);
    out.why.push(format!("{many} of {} have more than {most} phases.", counted(units.len(), "potential")));
    few(&mut out, units.len());
    // Of fewer than twenty, what the missing ones cannot change is decided; the rest is open.
    let least = limit.judge(percent(many, units.len().max(wanted)));
    if least == Some(Verdict::Increased) {
        out.value = Verdict::Increased.name().into();
    } else if limit.judge(percent(many, units.len())) == Some(Verdict::Increased) {
        out.why.push(format!("Too few to decide: more than {} are too many of {wanted}, if no further one is.", limit.words()));
    } else if units.len() >= LEAST_UNITS {
        out.value = Verdict::Normal.name().into();
    }
    out.abnormal = MuscleColumn::Polyphasia.is_abnormal(&out.value);
    out
}

/// What the units of one stretch say of recruitment: a word, how it comes, doubt.
fn recruited(found: &UnitsFound, rule: &RecruitmentRule) -> Option<(&'static str, String, &'static str)> {
    let (fastest, active) = (found.fastest_hz.filter(|hz| *hz > 0.0)?, found.active);
    if active == 0 {
        return None;
    }
    let ratio = fastest / active as f64;
    let said = format!("{} active, the fastest at {fastest:.1} Hz, ratio {ratio:.1}", counted(active, "unit"));
    let (second, reduced) = (rule.second_hz, rule.reduced_ratio);
    Some(if fastest <= second && active >= EARLY_UNITS {
        let why = format!("{said}: more units than expected below {second:.0} Hz, where the second one comes in.");
        ("early", why, "early only if the effort was slight; number of units is this program's own bound")
    } else if fastest <= second {
        ("", format!("{said}: too slight an effort to tell; a second unit is expected from {second:.0} Hz on."), "")
    } else if ratio < reduced {
        ("normal", format!("{said}; below {reduced:.0} (usual: {:.0}).", rule.normal_ratio), "")
    } else if !found.complete {
        ("", format!("{said}, but smaller units were not resolved, so there may be more."), "")
    } else if active == 1 && fastest > rule.alone_hz {
        ("reduced", format!("{said}: one unit alone above {:.0} Hz, markedly reduced.", rule.alone_hz), "")
    } else {
        let doubt = if ratio < rule.definite_ratio { "ratio between 8 and 10: borderline" } else { "" };
        ("reduced", format!("{said}; reduced from {reduced:.0} on."), doubt)
    })
}

fn recruitment(row: &MuscleRow) -> Derived {
    let rule = needle::recruitment();
    let said = row.stretches.iter().enumerate().filter_map(|(at, stretch)| match &stretch.findings {
        NeedleFindings::Units(found) => recruited(found, &rule).map(|said| (at, found, said)),
        _ => None,
    });
    // What speaks most clearly decides: reduced, normal, early, undecided.
    let order = |word: &str| ["", "early", "normal", "reduced"].iter().position(|of| *of == word).unwrap_or(0);
    let Some((at, found, (word, why, doubt))) = said.max_by_key(|(at, _, (word, _, _))| (order(word), usize::MAX - at)) else {
        return Derived::default();
    };
    let mut out = Derived { value: word.to_owned(), why: vec![why], from: vec![at], source: rule.of.source.clone(), ..Derived::default() };
    if let Some(fastest) = found.fastest_hz {
        out.numbers = format!("ratio {:.1}", fastest / found.active.max(1) as f64);
    }
    out.limit = format!("below {}", rule.reduced_ratio);
    out.doubted(&rule.of.doubt);
    out.doubted(doubt);
    out.abnormal = MuscleColumn::Recruitment.is_abnormal(word);
    out
}

fn pattern(row: &MuscleRow) -> Derived {
    let found = row.stretches.iter().enumerate().filter_map(|(at, stretch)| match &stretch.findings {
        NeedleFindings::Pattern(found) => Some((at, found)),
        _ => None,
    });
    // The fullest pattern recorded counts: weaker effort shows less.
    let Some((at, found)) = found.max_by_key(|(at, found)| (found.pattern, usize::MAX - at)) else { return Derived::default() };
    let mut out = Derived { value: found.pattern.name().to_owned(), from: vec![at], ..Derived::default() };
    out.numbers = format!("{:.0} turns/s", found.turns_per_s);
    out.why.push(format!(
        "At the strongest effort recorded {:.0} turns/s of {:.0} \u{b5}V, {}.",
        found.turns_per_s,
        found.amp_uv,
        counted(found.epochs, "active epoch")
    ));
    if found.pattern != PatternWord::Full {
        out.doubted("below full only counts at full effort, which the signal does not tell");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Derived, derive, recruited, with_outliers};
    use crate::model::{
        FoundUnit, MuscleColumn, MuscleRow, MuscleStretch, NeedleFindings, PatternFound, PatternWord, RestSite, Seen, SignalTask,
        StretchOrigin, UnitsFound, WhichMuscle,
    };
    use crate::norms::needle::{self, Verdict};
    use crate::norms::{Person, muscle_by_id};

    fn row(findings: Vec<NeedleFindings>) -> MuscleRow {
        let stretch = |(at, findings): (usize, NeedleFindings)| {
            let from_s = at as f64 * 10.0;
            let origin =
                StretchOrigin { recording: 0, channel: 0, minus: None, turned: false, task: SignalTask::Rest, from_s, to_s: from_s + 10.0 };
            MuscleStretch { origin, method: String::new(), findings }
        };
        let muscle = WhichMuscle::Listed("tibialis_anterior".into());
        let stretches = findings.into_iter().enumerate().map(stretch).collect();
        MuscleRow { id: 1, muscle, side: None, typed: std::collections::BTreeMap::new(), stretches }
    }

    fn of(row: &MuscleRow, column: MuscleColumn) -> Derived {
        derive(row, column, muscle_by_id("tibialis_anterior"), &Person { age_years: Some(45.0), ..Person::default() })
    }

    fn site(trains: usize, longest_s: f64, discharges_hz: f64) -> NeedleFindings {
        let fibrillation = Seen { trains, longest_s, discharges_hz, filled: 0.1 };
        NeedleFindings::Rest(RestSite {
            usable_s: 10.0,
            fibrillation,
            at_rest: true,
            insertions_ms: vec![120.0, 400.0, 450.0],
            ..RestSite::default()
        })
    }

    fn units(n: usize, change: impl Fn(usize, &mut FoundUnit)) -> NeedleFindings {
        let unit = |index: usize| {
            let mut unit = FoundUnit { amp_uv: 600.0, duration_ms: 13.0, phases: 3, rise_ms: Some(0.3), ..FoundUnit::default() };
            change(index, &mut unit);
            unit
        };
        NeedleFindings::Units(UnitsFound { units: (0..n).map(unit).collect(), complete: true, ..UnitsFound::default() })
    }

    #[test]
    fn grades_grow_with_sites_and_one_site_stays_equivocal() {
        let fib = |sites: Vec<NeedleFindings>| of(&row(sites), MuscleColumn::Fibrillation);
        assert_eq!(fib(vec![]), Derived::default());
        let one = fib(vec![site(2, 8.0, 9.0)]);
        assert_eq!((one.value.as_str(), one.abnormal), ("+/-", false));
        assert!(one.doubt.contains("two or more"));
        let two = fib(vec![site(1, 5.0, 2.0), site(1, 4.0, 2.0)]);
        assert_eq!((two.value.as_str(), two.abnormal, two.from.len()), ("1+", true, 2));
        assert_eq!(fib(vec![site(1, 5.0, 7.0), site(2, 4.0, 7.0), site(1, 9.0, 6.0), site(0, 0.0, 0.0)]).value, "2+");
        assert_eq!(fib(vec![site(4, 9.0, 30.0), site(5, 9.0, 30.0)]).value, "3+");
        assert_eq!(fib(vec![site(0, 0.0, 0.0), site(0, 0.0, 0.0)]).value, "0");
    }

    #[test]
    fn insertional_activity_is_the_median_of_the_movements() {
        let insertional = of(&row(vec![site(0, 0.0, 0.0)]), MuscleColumn::Insertional);
        assert_eq!((insertional.value.as_str(), insertional.numbers.as_str(), insertional.abnormal), ("increased", "400 ms", true));
        assert!(insertional.why[0].contains("3 movements"));
    }

    #[test]
    fn means_are_judged_by_limits_and_few_potentials_are_not() {
        let normal = row(vec![units(20, |_, _| {})]);
        for column in [MuscleColumn::Amplitude, MuscleColumn::Duration, MuscleColumn::Polyphasia] {
            assert_eq!(of(&normal, column).value, "normal", "{column:?}");
            assert!(!of(&normal, column).doubt.contains("of 20"));
        }
        let large = row(vec![units(20, |_, unit| (unit.amp_uv, unit.duration_ms) = (4000.0, 19.0))]);
        assert_eq!(
            (of(&large, MuscleColumn::Amplitude).value.as_str(), of(&large, MuscleColumn::Duration).value.as_str()),
            ("increased", "increased")
        );
        let small = row(vec![units(20, |_, unit| (unit.amp_uv, unit.duration_ms) = (80.0, 6.0))]);
        assert_eq!(
            (of(&small, MuscleColumn::Amplitude).value.as_str(), of(&small, MuscleColumn::Duration).value.as_str()),
            ("decreased", "decreased")
        );
        let few = of(&row(vec![units(3, |_, unit| unit.duration_ms = 19.0)]), MuscleColumn::Duration);
        assert!(few.value.is_empty() && few.numbers == "19.0 ms" && few.doubt.contains("3 of 20"), "{few:?}");
        let far = of(&row(vec![units(20, |_, unit| (unit.amp_uv, unit.rise_ms) = (50.0, Some(0.9)))]), MuscleColumn::Amplitude);
        assert!(far.value.is_empty(), "potentials far from the needle have no amplitude to judge: {far:?}");
        let out = row(vec![units(20, |_, unit| unit.left_out = true)]);
        assert_eq!(of(&out, MuscleColumn::Duration), Derived::default());
    }

    #[test]
    fn outliers_and_polyphasia_are_decided_as_soon_as_they_can_be() {
        let outlying = |n: usize, many: usize| {
            row(vec![units(n, |at, unit| {
                if at < many {
                    unit.amp_uv = 2600.0;
                }
            })])
        };
        assert_eq!(of(&outlying(20, 2), MuscleColumn::Amplitude).value, "normal");
        assert_eq!(of(&outlying(20, 3), MuscleColumn::Amplitude).value, "increased");
        assert_eq!(of(&outlying(10, 3), MuscleColumn::Amplitude).value, "increased", "three of ten are too many of twenty");
        let limit = needle::amplitude();
        assert_eq!(with_outliers(&limit, f64::NAN, [f64::NAN].into_iter()).0, None);
        assert_eq!(with_outliers(&limit, 500.0, std::iter::empty()).0, Some(Verdict::Normal));
        let polyphasic = |n: usize, many: usize| {
            of(
                &row(vec![units(n, |at, unit| {
                    if at < many {
                        unit.phases = 6;
                    }
                })]),
                MuscleColumn::Polyphasia,
            )
        };
        assert_eq!((polyphasic(20, 2).value.as_str(), polyphasic(20, 3).value.as_str()), ("normal", "increased"));
        assert_eq!(
            (polyphasic(8, 3).value.as_str(), polyphasic(8, 2).value.as_str(), polyphasic(8, 0).value.as_str()),
            ("increased", "", "normal")
        );
    }

    #[test]
    fn recruitment_is_told_by_the_rule_of_fives_and_says_when_it_cannot_be() {
        let rule = needle::recruitment();
        let found = |active: usize, hz: f64, complete: bool| UnitsFound { active, fastest_hz: Some(hz), complete, ..UnitsFound::default() };
        let word = |active, hz, complete| recruited(&found(active, hz, complete), &rule).map(|(word, _, _)| word);
        assert_eq!(word(4, 18.0, true), Some("normal"));
        assert_eq!(word(1, 25.0, true), Some("reduced"));
        assert_eq!(word(2, 19.0, true), Some("reduced"));
        assert_eq!(word(1, 25.0, false), Some(""), "units that were not resolved may be the missing ones");
        assert_eq!(word(1, 7.0, true), Some(""), "slight effort says nothing");
        assert_eq!(word(6, 9.0, true), Some("early"));
        assert_eq!((word(0, 9.0, true), word(3, f64::NAN, true)), (None, None));
        assert_eq!(recruited(&UnitsFound::default(), &rule), None);
    }

    #[test]
    fn the_fullest_pattern_counts_and_less_is_in_doubt() {
        let pattern = |word| NeedleFindings::Pattern(PatternFound { pattern: word, turns_per_s: 200.0, ..PatternFound::default() });
        let both = of(&row(vec![pattern(PatternWord::Discrete), pattern(PatternWord::Reduced)]), MuscleColumn::Pattern);
        assert_eq!((both.value.as_str(), both.from.as_slice(), both.abnormal), ("reduced", &[1][..], false));
        assert!(both.doubt.contains("full effort"));
        assert!(of(&row(vec![pattern(PatternWord::Full)]), MuscleColumn::Pattern).doubt.is_empty());
    }
}

//! What the study says in one answer: each conclusion with its evidence, which leads to the test or
//! muscle that it rests on, and the reader's own words, which win.

use leptos::prelude::*;

use super::earlier::Earlier;
use super::state::{App, Dialog, Selection};
use crate::engine::protocol::{Answer, Conclusion, Edit, Fit, Reason, ReportDepth, Rule, StudyView, ranges};
use crate::model::WhichMuscle;
use crate::scene::root_table::RootTable;
use crate::scene::theme::Theme;
use crate::scene::{Picture, svg};
use crate::web::page;

/// What the examination is, for the buttons of evidence.
fn leads_to(study: &StudyView, reason: &Reason) -> Option<Selection> {
    let about = reason.about.as_ref()?;
    let test =
        study.tests.iter().position(|test| test.side == Some(about.side) && test.study.as_ref().is_some_and(|study| study.id == about.id));
    let muscle = || {
        let listed = |muscle: &WhichMuscle| matches!(muscle, WhichMuscle::Listed(id) if *id == about.id);
        study.needle.rows.iter().any(|row| row.side == Some(about.side) && listed(&row.muscle)).then_some(Selection::Needle)
    };
    test.map(Selection::Test).or_else(muscle)
}

/// The answer as text: what a person takes over into a conclusion of their own.
fn text(answer: &Answer) -> String {
    let lines = answer.conclusions.iter().map(|done| {
        let details = done.details();
        if details.is_empty() { format!("{}.", done.title()) } else { format!("{}: {details}.", done.title()) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The page.
#[component]
pub fn ConclusionPage() -> impl IntoView {
    let app = App::here();
    let answer = Memo::new(move |_| app.study(|study| study.answer.clone()).flatten());
    let measuring =
        Memo::new(move |_| app.study(|study| study.answer.is_none() || study.tests.iter().any(|test| !test.measured)).unwrap_or(true));
    // What it said before the last change, to compare.
    let before = RwSignal::new(None::<String>);
    Effect::new(move |last: Option<Option<String>>| {
        let now = answer.with(|answer| answer.as_ref().map(text));
        if let Some(Some(last)) = last
            && now.as_ref().is_some_and(|now| *now != last)
        {
            before.set(Some(last));
        }
        now
    });
    view! {
        <div class="together values conclusion" tabindex="0" role="region" aria-label="Conclusion">
            {move || match answer.get() {
                None => view! { <p class="legend">"Measuring all tests \u{2026}"</p> }.into_any(),
                Some(answer) => view! {
                    <p class="row"><button class="btn primary" on:click=move |_| app.dialog.set(Some(Dialog::Report(ReportDepth::Summary)))>"Report"</button></p>
                    <p class="legend">"Drafted by rules from this study's values and its table of muscles. A physician who sees waveforms and patient decides."</p>
                    {answer.conclusions.iter().map(|done| one(app, done)).collect_view()}
                    {move || before.get().map(|before| view! {
                        <p class="legend before"><b>"Before the last change: "</b>{before}</p>
                    })}
                    <Own/>
                    <Maps/>
                    <Earlier/>
                    <h2>"What weakens it, and what the test cannot say"</h2>
                    <ul class="caveats">{answer.caveats.iter().map(|caveat| view! { <li>{caveat.clone()}</li> }).collect_view()}</ul>
                    {measuring.get().then(|| view! { <p class="legend">"Some tests are not measured yet."</p> })}
                }.into_any(),
            }}
        </div>
    }
}

/// A reason that leads to the test or the table that it rests on, with its rule, which opens.
fn line(app: App, reason: &Reason) -> impl IntoView + use<> {
    let to = app.study_now(|study| leads_to(study, reason)).flatten();
    let words = reason.words.clone();
    let what = match to {
        Some(to) => view! { <button class="link" title="show it" on:click=move |_| app.select(to)>{words}</button> }.into_any(),
        None => view! { <span>{words}</span> }.into_any(),
    };
    let row = app.study_now(|study| study.answer.as_ref()?.rules.iter().find(|rule| rule.id == reason.rule).cloned()).flatten();
    let open = RwSignal::new(false);
    let button = row.as_ref().map(|rule| {
        let title = rule.title.clone();
        view! { <button class="rule" aria-expanded=move || open.get().to_string() title="the rule, as the reference has it" on:click=move |_| open.update(|open| *open = !*open)>{title}</button> }
    });
    let shown = move || row.clone().filter(|_| open.get()).map(rule);
    view! { <li>{what}{button}{reason.unverified.then(doubt)}{shown}</li> }
}

/// A row of the reference.
fn rule(rule: Rule) -> impl IntoView {
    let words = rule.words.into_iter().map(|words| view! { <p>{words}</p> }).collect_view();
    let from = format!("{}. {}.", rule.sources.join("; "), rule.verified);
    view! { <div class="row">{words}<p class="legend">{from}</p></div> }
}

fn doubt() -> impl IntoView {
    view! { <span class="doubt" title="these figures were not read again in their source">"unverified"</span> }
}

/// How the values fit published sets of criteria; each opens to what it counts.
fn sets(app: App, done: &Conclusion) -> impl IntoView + use<> {
    let one = |fit: &Fit| {
        let items: Vec<_> = fit.items.iter().map(|item| line(app, item)).collect();
        let head = view! { <b>{fit.set.clone()}</b>": "{fit.verdict.clone()}{fit.unverified.then(doubt)} };
        if items.is_empty() {
            view! { <p class="fit">{head}</p> }.into_any()
        } else {
            view! { <details class="fit"><summary>{head}</summary><ul class="because">{items}</ul></details> }.into_any()
        }
    };
    let all: Vec<_> = done.fits.iter().map(one).collect();
    (!all.is_empty()).then(|| view! { <h3>"Published criteria"</h3>{all} })
}

fn one(app: App, done: &Conclusion) -> impl IntoView + use<> {
    let reasons: Vec<_> = done.because.iter().map(|reason| line(app, reason)).collect();
    let against = done.against.iter().map(|words| view! { <li class="against">{words.clone()}</li> }).collect_view();
    view! {
        <article class="card">
            <h2>{done.title()}</h2>
            <p class="details">{done.details()}</p>
            <p class="legend">{format!("{}: {}", done.certainty.word(), done.certainty.phrase())}</p>
            <ul class="because">{reasons}</ul>
            {(!done.against.is_empty()).then(|| view! { <h3>"Against it"</h3><ul>{against}</ul> })}
            {sets(app, done)}
            {done.next.clone().map(|next| view! { <p class="next"><b>"Test next: "</b>{next}</p> })}
        </article>
    }
}

/// The reader's own words.
#[component]
fn Own() -> impl IntoView {
    let app = App::here();
    let kept = Memo::new(move |_| app.study(|study| study.impression.clone()).unwrap_or_default());
    let keep = move |text: String| {
        if text != kept.get_untracked() {
            app.edit(Edit::Impression { text });
        }
    };
    let take_over = move |_| {
        if let Some(answer) = app.study_now(|study| study.answer.clone()).flatten() {
            keep(text(&answer));
        }
    };
    view! {
        <section class="own">
            <h2 id="own-words">"Your conclusion"<span class="muted">" stays as you write it, whatever the rules say later"</span></h2>
            <textarea class="field" rows="4" aria-labelledby="own-words" placeholder="Nothing written yet"
                prop:value=move || kept.get() on:change=move |event| keep(event_target_value(&event))></textarea>
            <p class="row"><button class="btn" on:click=take_over>"Take the draft over"</button></p>
        </section>
    }
}

/// What was tested and where the lesion is, one map a side and limb.
#[component]
fn Maps() -> impl IntoView {
    let app = App::here();
    let maps = Memo::new(move |_| app.study(|study| study.maps.clone()).unwrap_or_default());
    let body = Memo::new(move |_| app.study(|study| study.body.clone()).flatten());
    let tables = Memo::new(move |_| app.study(|study| study.root_tables.clone()).unwrap_or_default());
    let ranges = Memo::new(move |_| app.study(ranges).flatten());
    move || {
        let theme = app.theme_now();
        let width_px =
            page::document().and_then(|document| document.query_selector(".conclusion").ok()?).map_or(800, |page| page.client_width());
        // The page's own margins and the frame.
        let width_px = (width_px - 36).max(240) as f32;
        let maps = maps.with(|maps| maps.iter().map(|map| (map.title.clone(), map.picture(theme, width_px))).collect::<Vec<_>>());
        let tables = tables.with(|tables| {
            let named = |table: &RootTable| (format!("Muscles and roots, {}", table.title.to_lowercase()), table.picture(theme, width_px));
            tables.iter().map(named).collect::<Vec<_>>()
        });
        let body = body.with(|body| {
            body.iter().map(|body| ("Body, front and back".to_owned(), body.picture(theme, width_px.min(720.0)))).collect::<Vec<_>>()
        });
        let ranges = ranges.with(|ranges| {
            ranges.iter().map(|ranges| ("Values against their limits".to_owned(), ranges.picture(theme, width_px))).collect()
        });
        view! { {pictures("The body", body, theme)} {pictures("Nerve map", maps, theme)} {pictures("Values against their limits", ranges, theme)} {pictures("Muscles and roots", tables, theme)} }
    }
}

/// Pictures under one heading; nothing without any.
fn pictures(title: &'static str, list: Vec<(String, Picture)>, theme: &'static Theme) -> Option<impl IntoView> {
    (!list.is_empty()).then(|| {
        view! {
            <h2>{title}</h2>
            {list.into_iter().map(|(name, picture)| view! {
                <div class="map" tabindex="0" role="group" aria-label=name inner_html=svg::write(&picture, theme)></div>
            }).collect_view()}
        }
    })
}

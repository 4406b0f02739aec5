//! Limits computed from past studies: what was found, against what is published; a person accepts.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::engine::protocol::{PastDivision, PastRow, Request};
use crate::scene::{chart, divisions, svg};
use crate::ui::state::App;

/// Size of the curve, px.
const CURVE: (f32, f32) = (520.0, 240.0);
/// Files that could not be used that are named.
const NAMED: usize = 8;

/// The dialog.
#[component]
pub fn Past() -> impl IntoView {
    let app = App::here();
    let left_out = RwSignal::new(BTreeSet::<usize>::new());
    let shown = RwSignal::new(0_usize);
    let name = RwSignal::new("Our laboratory".to_owned());
    let reading = move || app.past.with(|past| past.as_ref().is_none_or(|past| past.done < past.total));
    let accepted = move || {
        app.past.with(|past| {
            let rows = past.iter().flat_map(|past| past.rows.iter().enumerate());
            left_out.with(|out| rows.filter(|(at, row)| row.found.is_some() && !out.contains(at)).map(|(at, _)| at).collect::<Vec<_>>())
        })
    };
    let give = move |keep: bool| {
        let name = Some(name.get_untracked().trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "Our laboratory".into());
        app.send(Request::PastTable { name, accepted: untrack(accepted), keep });
        if keep {
            app.dialog.set(None);
        }
    };
    on_cleanup(move || app.send(Request::ForgetPast));
    view! {
        <div class="form past">
            <p class="muted">"Values of all who were examined, sorted by size, make a curve with a flat middle where most healthy people lie. The limit is two standard deviations from its mean (extrapolated norms, Jabre 2015). It holds where fewer than about a third were ill; nobody has held it against healthy people, so it is marked as unverified."</p>
            <Show when=reading><Reading/></Show>
            <Show when=move || !reading()>
                <Divide/>
                <Summary/>
                <Rows left_out shown/>
                <Curve shown/>
                <label>"What the limits are called"<input class="field" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))/></label>
                <p class="muted small">"A study with one accepted row has no published limits any more: technique and people belong together."</p>
                <p class="row end">
                    <button class="btn" prop:disabled=move || accepted().is_empty() on:click=move |_| give(false)>"Save as a table"</button>
                    <button class="btn primary" prop:disabled=move || accepted().is_empty() on:click=move |_| give(true)>{move || match accepted().len() { 1 => "Use 1 limit".to_owned(), n => format!("Use {n} limits") }}</button>
                </p>
            </Show>
        </div>
    }
}

/// How far reading is.
#[component]
fn Reading() -> impl IntoView {
    let app = App::here();
    let part = move || app.past.with(|past| past.as_ref().filter(|past| past.total > 0).map(|past| (past.done, past.total)));
    let percent = move || part().map(|(done, total)| format!("{:.0}", 100.0 * done as f64 / total as f64));
    view! {
        <div class="task opening" role="status">
            <span>{move || part().map_or_else(|| "Reading\u{2026}".to_owned(), |(done, total)| format!("{done} of {total} studies"))}</span>
            <div class="bar" class:busy=move || percent().is_none() role="progressbar" aria-label="Reading past studies" aria-valuemin="0" aria-valuemax="100" aria-valuenow=percent>
                <i style:width=move || percent().map(|percent| format!("{percent}%"))></i>
            </div>
            <button class="btn" on:click=move |_| app.dialog.set(None)>"Cancel"</button>
        </div>
    }
}

/// Ages and sexes apart.
#[component]
fn Divide() -> impl IntoView {
    let app = App::here();
    let ages = RwSignal::new(String::new());
    let sexes = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let divide = move || match PastDivision::ages(&ages.get_untracked()) {
        Ok(ages) => {
            problem.set(String::new());
            app.send(Request::DividePast { division: PastDivision { ages, sexes: sexes.get_untracked() } });
        }
        Err(what) => problem.set(what),
    };
    view! {
        <form class="row divide" on:submit=move |event| { event.prevent_default(); divide(); }>
            <label>"Ages apart"<input class="field" placeholder="all together; 20-44, 45-64" prop:value=move || ages.get() on:input=move |event| ages.set(event_target_value(&event)) on:change=move |_| divide()/></label>
            <label class="check"><input type="checkbox" prop:checked=move || sexes.get() on:change=move |event| { sexes.set(event_target_checked(&event)); divide(); }/>"women and men apart"</label>
        </form>
        <p class="problem" role="alert">{move || problem.get()}</p>
    }
}

/// What was read, and what was not.
#[component]
fn Summary() -> impl IntoView {
    let app = App::here();
    view! {
        {move || app.past.with(|past| past.as_ref().map(|past| {
            let [all, out] = past.values;
            let left_out = if out > 0 { format!("; {out} of them left out because of their distance or a cold limb") } else { String::new() };
            let words = format!("{} studies or tables with {all} values{left_out}.", past.studies);
            let more = past.refused.len().saturating_sub(NAMED);
            let refused = (!past.refused.is_empty()).then(|| view! {
                <details><summary>{format!("{} could not be used", past.refused.len())}</summary>
                    <ul>{past.refused.iter().take(NAMED).map(|what| view! { <li>{what.clone()}</li> }).collect_view()}
                        {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}</ul>
                </details>
            });
            view! { <p class="small">{words}</p>{refused} }
        }))}
    }
}

/// The table of what was found.
#[component]
fn Rows(left_out: RwSignal<BTreeSet<usize>>, shown: RwSignal<usize>) -> impl IntoView {
    let app = App::here();
    let rows = Memo::new(move |_| app.past.with(|past| past.as_ref().map(|past| past.rows.clone()).unwrap_or_default()));
    Effect::new(move |_| {
        // Other rows: what was left out was of the earlier ones.
        rows.track();
        left_out.set(BTreeSet::new());
        shown.set(0);
    });
    let line = move |(at, row): (usize, PastRow)| {
        let limit =
            |value: f64| format!("{} {} {}", if row.upper { '\u{2264}' } else { '\u{2265}' }, divisions::number(value, 4), row.unit);
        let people = if row.people.is_empty() { String::new() } else { format!(" ({})", row.people) };
        let title = format!("{}: {}{people}", row.study, row.measure);
        let uncertain = row.found.as_ref().is_some_and(|found| found.uncertain);
        let problem = row.problem.clone();
        let found = row.found.as_ref().map_or_else(|| "none".to_owned(), |found| limit(found.limit));
        let published = row.published.map(limit).unwrap_or_default();
        let none = row.found.is_none();
        let turn = move |event| {
            let on = event_target_checked(&event);
            left_out.update(|out| {
                if on {
                    out.remove(&at)
                } else {
                    out.insert(at)
                };
            });
        };
        view! {
            <tr class:sel=move || shown.get() == at>
                <td><input type="checkbox" aria-label=format!("Accept {title}") prop:disabled=none prop:checked=move || !none && !left_out.with(|out| out.contains(&at)) on:change=turn/></td>
                <th scope="row"><button class="btn quiet name" aria-pressed=move || if shown.get() == at { "true" } else { "false" } on:click=move |_| shown.set(at)>{title}</button></th>
                <td class="n">{row.n}</td>
                <td class="n" title=problem>{found}{uncertain.then(|| view! { <span class="doubt-t" title="fewer than 200 people">" ?"</span> })}</td>
                <td class="n muted">{published}</td>
            </tr>
        }
    };
    view! {
        <div class="tablewrap" tabindex="0" role="region" aria-label="Limits found">
            <table>
                <thead><tr><th scope="col"><span class="sr">"Accept"</span></th><th scope="col">"Study, measure"</th><th scope="col" class="n">"People"</th><th scope="col" class="n">"Computed"</th><th scope="col" class="n">"Published"</th></tr></thead>
                <tbody>{move || rows.get().into_iter().enumerate().map(line).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// The curve of the chosen row.
#[component]
fn Curve(shown: RwSignal<usize>) -> impl IntoView {
    let app = App::here();
    view! {
        {move || app.past.with(|past| past.as_ref().and_then(|past| past.rows.get(shown.get())).map(|row| {
            let theme = app.theme_now();
            let picture = chart::draw(&row.chart(), CURVE.0, CURVE.1, theme);
            let found = row.found.as_ref().map(|found| {
                let [from, to] = found.from_to.map(|value| divisions::number(value, 4));
                let published = row.published.map(|limit| format!(", published {}", divisions::number(limit, 4))).unwrap_or_default();
                format!(
                    "Computed limit {}{published} {}. {} of {} people on the plateau from {from} to {to}, middle {}.",
                    divisions::number(found.limit, 4),
                    row.unit,
                    found.on_plateau,
                    row.n,
                    divisions::number(found.middle, 4)
                )
            });
            view! {
                <div class="curve" inner_html=svg::write(&picture, theme)></div>
                <p class="muted small">{found.unwrap_or_else(|| format!("No limit: {}.", row.problem))}</p>
            }
        }))}
    }
}

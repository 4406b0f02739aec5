//! An earlier study of the same person beside the one in view: chosen among those that are open.

use leptos::prelude::*;

use super::state::App;
use crate::engine::protocol::{Compared, ComparedValue, ComparedWords, Request, StudyKey};
use crate::scene::divisions::number;

/// Under Conclusion.
#[component]
pub fn Earlier() -> impl IntoView {
    let app = App::here();
    let others = Memo::new(move |_| {
        let active = app.active.get();
        app.studies.with(|studies| {
            let others = studies.iter().filter(|study| Some(study.study) != active);
            others.map(|study| (study.study, study.title.clone())).collect::<Vec<_>>()
        })
    });
    let compared = Memo::new(move |_| app.study(|study| study.earlier.clone()).flatten());
    let choose = move |value: String| {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Against { study, earlier: value.parse::<StudyKey>().ok() });
        }
    };
    view! {
        <section class="earlier" aria-labelledby="earlier-h">
            <h2 id="earlier-h">"Against an earlier study"</h2>
            {move || if others.with(Vec::is_empty) && compared.with(Option::is_none) {
                view! { <p class="legend">"Open an earlier recording of the same person as well (Ctrl+O); it is then chosen here."</p> }.into_any()
            } else {
                let chosen = compared.with(|compared| compared.as_ref().map(|(title, _)| title.clone()));
                let none = chosen.is_none();
                view! {
                    <p class="pick"><label>"Earlier study "
                        <select class="field" aria-label="Earlier study" on:change=move |event| choose(event_target_value(&event))>
                            <option value="" selected=none>"none"</option>
                            {others.get().into_iter().map(|(key, title)| {
                                let selected = chosen.as_deref() == Some(&title);
                                view! { <option value=key.to_string() selected=selected>{title}</option> }
                            }).collect_view()}
                        </select>
                    </label></p>
                }.into_any()
            }}
            {move || compared.get().map(|(_, compared)| tables(&compared))}
        </section>
    }
}

fn tables(compared: &Compared) -> impl IntoView + use<> {
    let doubts = compared.doubts.iter().map(|doubt| view! { <li class="doubt-t">{doubt.clone()}</li> }).collect_view();
    let [gone, new] = compared.unmatched;
    let rows = compared.values.iter().map(value).collect_view();
    view! {
        <ul>{doubts}</ul>
        {if compared.values.is_empty() {
            view! { <p>"No value is in both studies."</p> }.into_any()
        } else {
            view! {
                <div class="tablewrap all" tabindex="0" role="region" aria-label="Values then and now"><table>
                    <thead><tr>
                        <th scope="col">"Value"</th><th scope="col" class="n">"Then"</th><th scope="col" class="n">"Now"</th><th scope="col" class="n">"Change"</th>
                        <th scope="col">"Against chance"</th><th scope="col">"Against normal"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }.into_any()
        }}
        <p class="legend">{format!("* beyond what two tests of one person differ by when nothing has changed (Kong 2009, the largest of its nerves; 95 in 100). Only in the earlier study: {gone} values; only in this one: {new}.")}</p>
        {words("Needle findings that changed", &compared.needle)}
        {words("Conclusions that changed", &compared.conclusions)}
    }
}

fn value(row: &ComparedValue) -> impl IntoView + use<> {
    let name = if row.site.is_empty() { row.of.clone() } else { format!("{}, {}", row.of, row.site) };
    let beyond = row.beyond_retest == Some(true);
    let sign = if row.difference > 0.0 { "+" } else { "" };
    let change = format!("{sign}{}{}", number(row.difference, 3), if beyond { " *" } else { "" });
    view! {
        <tr>
            <th scope="row">{format!("{name}: {}", row.measure)}</th>
            <td class="n">{format!("{} {}", number(row.then, 3), row.unit)}</td>
            <td class="n">{format!("{} {}", number(row.now, 3), row.unit)}</td>
            <td class="n" class:abn-t=beyond>{change}</td>
            <td class="muted">{row.retest()}</td>
            <td class="muted">{row.normal()}</td>
        </tr>
    }
}

fn words(title: &'static str, rows: &[ComparedWords]) -> Option<impl IntoView + use<>> {
    let rows: Vec<ComparedWords> = rows.iter().filter(|row| row.changed).cloned().collect();
    let shown = |text: String| if text.is_empty() { "not there".to_owned() } else { text };
    (!rows.is_empty()).then(|| {
        view! {
            <h3>{title}</h3>
            <div class="tablewrap all" tabindex="0" role="region" aria-label=title><table>
                <thead><tr><th scope="col"><span class="sr">"What"</span></th><th scope="col">"Then"</th><th scope="col">"Now"</th></tr></thead>
                <tbody>{rows.into_iter().map(|row| view! { <tr><th scope="row">{row.of}</th><td>{shown(row.then)}</td><td>{shown(row.now)}</td></tr> }).collect_view()}</tbody>
            </table></div>
        }
    })
}

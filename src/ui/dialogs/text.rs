//! A text file whose reading is not certain: the guess, to be confirmed or corrected.

use leptos::prelude::*;

use super::typed;
use crate::engine::protocol::TextOptions;
use crate::ui::state::{App, TextQuestion};

const SEPARATORS: &[(&str, char)] = &[("comma", ','), ("semicolon", ';'), ("tab", '\t'), ("blanks", ' '), ("bar", '|')];

/// The dialog.
pub fn text(question: TextQuestion) -> impl IntoView {
    let app = App::here();
    let TextQuestion { file, preview } = question;
    let rate = RwSignal::new(preview.fs_hz.map(|hz| hz.to_string()).unwrap_or_default());
    let unit = RwSignal::new(preview.columns.iter().map(|column| column.unit.clone()).find(|unit| !unit.is_empty()).unwrap_or_default());
    let separator = RwSignal::new(preview.separator);
    let comma = RwSignal::new(preview.decimal_comma);
    let problem = RwSignal::new(String::new());
    let header: Vec<String> = preview
        .columns
        .iter()
        .map(|column| if column.unit.is_empty() { column.name.clone() } else { format!("{} ({})", column.name, column.unit) })
        .collect();
    let rows: Vec<Vec<String>> = preview.first_rows.into_iter().take(6).collect();
    let (guessed_separator, guessed_comma) = (preview.separator, preview.decimal_comma);
    let name = file.clone();
    let open = move || match typed(&rate.get_untracked()) {
        Err(what) => problem.set(what),
        Ok(fs_hz) => {
            if fs_hz.is_some_and(|hz| !(hz > 0.0 && hz <= 1e7)) {
                problem.set("A sampling rate lies between 0 and 10 MHz.".into());
                return;
            }
            if fs_hz.is_none() {
                problem.set("The sampling rate is needed: nothing in the file states it.".into());
                return;
            }
            let unit = Some(unit.get_untracked().trim().to_owned()).filter(|unit| !unit.is_empty());
            let options = TextOptions {
                fs_hz,
                unit,
                separator: Some(separator.get_untracked()).filter(|now| *now != guessed_separator),
                decimal_comma: Some(comma.get_untracked()).filter(|now| *now != guessed_comma),
                ..TextOptions::default()
            };
            app.dialog.set(None);
            // The others that were given with it were read already.
            let stem = |name: &str| name.rsplit_once('.').map_or(name.to_owned(), |(stem, _)| stem.to_owned());
            let mut files = app.files.get_value();
            files.retain(|other| stem(&other.name()) == stem(&name));
            if files.is_empty() {
                app.notice("doubt", name.clone(), "Open the file once more to read it differently: it is no longer at hand.");
            }
            app.open(files, options);
        }
    };
    view! {
        <form class="form" on:submit=move |event| { event.prevent_default(); open(); }>
            <p><b>{file}</b></p>
            {preview.doubts.into_iter().map(|doubt| view! { <p class="doubt-t">{format!("? {doubt}")}</p> }).collect_view()}
            <div class="tablewrap small" tabindex="0" role="region" aria-label="First rows"><table class="mini"><thead><tr>{header.into_iter().map(|name| view! { <th scope="col" class="n">{name}</th> }).collect_view()}</tr></thead>
                <tbody>{rows.into_iter().map(|row| view! { <tr>{row.into_iter().map(|cell| view! { <td class="n">{cell}</td> }).collect_view()}</tr> }).collect_view()}</tbody></table></div>
            <label>"Sampling rate, Hz"<input class="field" autofocus inputmode="decimal" prop:value=move || rate.get() on:input=move |event| rate.set(event_target_value(&event))/></label>
            <label>"Unit of the values"<input class="field" placeholder="\u{b5}V, mV, none" prop:value=move || unit.get() on:input=move |event| unit.set(event_target_value(&event))/></label>
            <label>"Separator"<select class="field" on:change=move |event| { let name = event_target_value(&event); separator.set(SEPARATORS.iter().find(|(text, _)| *text == name).map_or(',', |(_, c)| *c)); }>
                {SEPARATORS.iter().map(|(text, c)| view! { <option value=*text selected=*c == guessed_separator>{*text}</option> }).collect_view()}
            </select></label>
            <label class="check"><input type="checkbox" prop:checked=move || comma.get() on:change=move |event| comma.set(event_target_checked(&event))/>"Decimal comma"</label>
            <p class="problem" role="alert">{move || problem.get()}</p>
            <p class="row end"><button type="button" class="btn" on:click=move |_| app.dialog.set(None)>"Cancel"</button><button type="submit" class="btn primary">"Open"</button></p>
        </form>
    }
}

//! Dialogs. Native `<dialog>` elements keep the keyboard inside and close with Esc.

mod annotation;
mod assign;
mod begin;
pub mod compare;
mod device;
mod export;
mod filter;
mod guide;
mod keys;
mod lanes;
mod make_sweeps;
mod muscle;
mod past;
mod person;
mod report;
mod share;
mod sign;
mod test;
mod text;
mod type_nerve;

use leptos::html;
use leptos::prelude::*;

use super::icons::{self, icon};
use super::state::{App, Dialog};

/// Whichever dialog is open.
#[component]
pub fn Dialogs() -> impl IntoView {
    let app = App::here();
    move || {
        app.dialog.get().map(|dialog| {
            let (title, body) = match dialog {
                Dialog::Keys => ("All keys", keys::Keys().into_any()),
                Dialog::Filter => ("Filters", filter::Filter().into_any()),
                Dialog::Device(name) => ("A device of your own", device::device(name).into_any()),
                Dialog::Lanes => ("Lanes", lanes::Lanes().into_any()),
                Dialog::Export => ("Export", export::Export().into_any()),
                Dialog::Begin => ("New study", begin::Begin().into_any()),
                Dialog::TypeNerve => ("Type values of a nerve", type_nerve::TypeNerve().into_any()),
                Dialog::Share => ("Study file", share::Share().into_any()),
                Dialog::Sweeps => ("Make sweeps", make_sweeps::MakeSweeps().into_any()),
                Dialog::Annotation(id, at_s) => ("Annotation", annotation::annotation(id, at_s).into_any()),
                Dialog::Assign(test) => ("Which study is this?", assign::assign(test).into_any()),
                Dialog::Muscle(what) => ("Which muscle?", muscle::muscle(what).into_any()),
                Dialog::Guide => ("Nerve conduction", guide::Guided().into_any()),
                Dialog::Past => ("Limits from past studies", past::Past().into_any()),
                Dialog::Person => ("Patient and question", person::Person().into_any()),
                Dialog::Compare => ("Compare with", compare::Compare().into_any()),
                Dialog::Test(test) => ("Test", test::test(test).into_any()),
                Dialog::Report(depth) => ("Report", report::report(depth).into_any()),
                Dialog::Text(question) => ("How is this text to be read?", text::text(question).into_any()),
            };
            view! { <Frame title=title>{body}</Frame> }
        })
    }
}

#[component]
fn Frame(title: &'static str, children: Children) -> impl IntoView {
    let app = App::here();
    let frame = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = frame.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog node_ref=frame class="dialog" aria-label=title on:close=move |_| app.dialog.set(None) on:cancel=move |_: web_sys::Event| app.dialog.set(None)>
            <div class="dhead"><h2>{title}</h2><button class="btn quiet icon" aria-label="Close" on:click=move |_| app.dialog.set(None)>{icon(icons::CLOSE)}</button></div>
            {children()}
        </dialog>
    }
}

/// Reads a typed number; an empty field is `None`, anything else that is no number an error.
fn typed(text: &str) -> Result<Option<f64>, String> {
    let text = text.trim().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Some).ok_or_else(|| format!("'{text}' is not a number."))
}

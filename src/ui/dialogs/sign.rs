//! Below the tools of the report: whether it is signed, which version is shown, and signing it.

use leptos::prelude::*;

use crate::engine::protocol::{Edit, ReportWanted, SignedView};
use crate::ui::state::App;
use crate::web::page;

/// Where the browser keeps who signed last.
const SIGNER: &str = "signer";
const ROLE: &str = "signer-role";

/// The version that counts, from 0 on; `None`: the study as it stands.
pub fn newest(app: App) -> Option<usize> {
    app.study_now(|study| if study.signed_differs { None } else { study.signed.len().checked_sub(1) }).flatten()
}

fn name(number: usize, version: &SignedView) -> String {
    let what = if number == 0 { "signed" } else { "amendment, signed" };
    format!("Version {}: {what} by {}, {}", number + 1, version.signer, version.at)
}

/// State, choice of the version, and the form to sign.
#[component]
pub fn Signing(wanted: RwSignal<ReportWanted>) -> impl IntoView {
    let app = App::here();
    let signed = Memo::new(move |_| app.study(|study| study.signed.clone()).unwrap_or_default());
    let differs = Memo::new(move |_| app.study(|study| study.signed_differs).unwrap_or_default());
    let open = RwSignal::new(false);
    // A version that was just signed is shown.
    Effect::new(move |before: Option<usize>| {
        let count = signed.with(Vec::len);
        if before.is_some_and(|before| before < count) {
            open.set(false);
            wanted.update(|wanted| wanted.version = count.checked_sub(1));
        }
        count
    });
    let state = move || {
        let all = signed.get();
        match (all.last(), wanted.get().version) {
            (None, _) => "Draft: not signed.".to_owned(),
            (Some(last), _) if differs.get() => {
                format!(
                    "Signed by {} on {}. The study was changed since then: sign an amendment, or undo the changes.",
                    last.signer, last.at
                )
            }
            (Some(last), Some(at)) if at + 1 < all.len() => {
                format!("An earlier version. Version {}, signed by {} on {}, replaces it.", all.len(), last.signer, last.at)
            }
            (Some(last), _) => format!("Signed by {} on {}.", last.signer, last.at),
        }
    };
    let sum = move || {
        let wanted = wanted.get();
        let of = signed.with(|all| all.get(wanted.version?)?.sha256.iter().find(|(depth, _)| depth == wanted.depth.id()).cloned());
        of.map(|(_, sum)| view! { <p class="muted sum">{format!("SHA-256 of the HTML file: {sum}")}</p> })
    };
    let choose = move |event| wanted.update(|wanted| wanted.version = event_target_value(&event).parse().ok());
    view! {
        <div class="signing">
            <div class="row">
                <Show when=move || !signed.with(Vec::is_empty)>
                    <label>"Version"<select class="field" on:change=choose>
                        <option value="" selected=move || wanted.get().version.is_none()>"The study as it stands: draft"</option>
                        {move || signed.get().iter().enumerate().rev().map(|(at, version)| {
                            view! { <option value=at.to_string() selected=move || wanted.get().version == Some(at)>{name(at, version)}</option> }
                        }).collect_view()}
                    </select></label>
                </Show>
                <p class="state" role="status">{state}</p>
                <button class="btn" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                    {move || if signed.with(Vec::is_empty) { "Sign \u{2026}" } else { "Amend \u{2026}" }}
                </button>
            </div>
            {sum}
            <Show when=move || open.get()><Form amends=!signed.with_untracked(Vec::is_empty)/></Show>
        </div>
    }
}

#[component]
fn Form(amends: bool) -> impl IntoView {
    let app = App::here();
    let signer = RwSignal::new(page::setting(SIGNER).unwrap_or_default());
    let role = RwSignal::new(page::setting(ROLE).unwrap_or_default());
    let why = RwSignal::new(String::new());
    let problem = RwSignal::new("");
    let sign = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let [signer, role, why] = [signer, role, why].map(|field| field.get_untracked().trim().to_owned());
        if signer.is_empty() {
            return problem.set("A report is signed with a name.");
        }
        if amends && why.is_empty() {
            return problem.set("An amendment says what was changed and why.");
        }
        problem.set("");
        page::set_setting(SIGNER, &signer);
        page::set_setting(ROLE, &role);
        app.edit(Edit::Sign { signer, role, at: page::moment(), why });
    };
    view! {
        <form class="signform" on:submit=sign>
            <label>"Name"<input class="field" autofocus autocomplete="name" prop:value=move || signer.get() on:input=move |event| { problem.set(""); signer.set(event_target_value(&event)); }/></label>
            <label>"Title or role"<input class="field" prop:value=move || role.get() on:input=move |event| role.set(event_target_value(&event))/></label>
            {amends.then(|| view! {
                <label class="all">"What was changed, and why"<textarea class="field" rows="2" prop:value=move || why.get() on:input=move |event| why.set(event_target_value(&event))></textarea></label>
            })}
            <p class="muted all">"Signing freezes the report of the study as it stands, in all three depths. Undo does not take it back; later changes need an amendment, and all versions stay."</p>
            <p class="problem all" role="alert">{move || problem.get()}</p>
            <p class="row end all"><button type="submit" class="btn primary">{if amends { "Sign the amendment" } else { "Sign" }}</button></p>
        </form>
    }
}

//! The first page: drop a recording, or open a simulated one.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DataTransferItem, DragEvent, HtmlInputElement};

use super::commands::{self, Command};
use super::devices::Amplifier;
use super::icons::{self, icon};
use super::letterhead::Letterhead;
use super::limits::Limits;
use super::live::{LiveBar, Patients, Rescued};
use super::state::{App, Dialog};
use crate::engine::protocol::{Request, TextOptions, demos};
use crate::web::page;

/// The hidden file inputs that every "open" button presses.
#[component]
pub fn FileInputs() -> impl IntoView {
    let app = App::here();
    let take = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        if let Some(list) = input.files() {
            app.open((0..list.length()).filter_map(|index| list.get(index)).collect(), TextOptions::default());
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let folder = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = folder.get() {
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let past = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = past.get() {
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let take_past = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        if let Some(list) = input.files() {
            app.gather(&(0..list.length()).filter_map(|index| list.get(index)).collect::<Vec<_>>());
        }
        input.set_value("");
    };
    view! {
        <input class="sr" id="past-input" type="file" multiple node_ref=past tabindex="-1" aria-label="A folder of past studies" on:change=take_past/>
        <input class="sr" id="file-input" type="file" multiple tabindex="-1" aria-label="Open recordings" on:change=take/>
        <input class="sr" id="folder-input" type="file" node_ref=folder tabindex="-1" aria-label="Open a folder" on:change=take/>
    }
}

/// Takes what was dropped anywhere, folders included.
pub fn take_drop(app: App, event: &DragEvent) {
    event.prevent_default();
    let Some(transfer) = event.data_transfer() else { return };
    let items = transfer.items();
    let entries: Vec<_> = (0..items.length())
        .filter_map(|index| items.get(index))
        .filter_map(|item: DataTransferItem| item.webkit_get_as_entry().ok().flatten())
        .collect();
    let plain: Vec<_> = transfer.files().map(|list| (0..list.length()).filter_map(|index| list.get(index)).collect()).unwrap_or_default();
    if entries.iter().any(web_sys::FileSystemEntry::is_directory) {
        wasm_bindgen_futures::spawn_local(async move { app.open(page::dropped_files(entries).await, TextOptions::default()) });
    } else {
        app.open(plain, TextOptions::default());
    }
}

/// Messages that wait for an answer.
#[component]
pub fn Notices() -> impl IntoView {
    let app = App::here();
    let dismiss = move |id: u32| app.notices.update(|notices| notices.retain(|notice| notice.id != id));
    view! {
        <div class="notices" role="region" aria-label="Messages" aria-live="polite">
            {move || app.update.get().map(|_| view! {
                <div class="note live">
                    {icon(icons::CHECK)}
                    <p><b>"A new version is ready. "</b>
                        <button class="btn" on:click=move |_| take_over(app)>"Restart with it"</button>
                        " Your edits are stored."
                    </p>
                </div>
            })}
            <For each=move || app.notices.get() key=|notice| notice.id let:notice>
                <div class=format!("note {}", notice.look)>
                    {icon(if matches!(notice.look, "live" | "person") { icons::CHECK } else { icons::WARN })}
                    <p><b>{notice.title.clone()}</b>" "{notice.text.clone()}</p>
                    <button class="btn quiet icon" aria-label="Dismiss" on:click=move |_| dismiss(notice.id)>{icon(icons::CLOSE)}</button>
                </div>
            </For>
        </div>
    }
}

fn take_over(app: App) {
    if let Some(worker) = app.update.get_untracked().and_then(|worker| worker.dyn_into::<web_sys::ServiceWorker>().ok()) {
        let _ = worker.post_message(&"take-over".into());
    }
    if let Some(window) = page::window() {
        let reload = wasm_bindgen::prelude::Closure::once_into_js(move || {
            let _ = page::window().map(|window| window.location().reload());
        });
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(reload.unchecked_ref(), 400);
    }
}

/// The page.
#[component]
pub fn Home() -> impl IntoView {
    let app = App::here();
    let over = RwSignal::new(false);
    view! {
        <header class="pbar">
            <span class="mark">{icon(icons::MARK)}<span class="wm">"Myoscope"</span></span>
            <span class="muted nowrap ver">{env!("CARGO_PKG_VERSION")}", works offline"</span>
            <span class="grow"></span>
            <button class="btn quiet" on:click=move |_| commands::run(app, Command::Theme)>"Paper / scope "<kbd>"F6"</kbd></button>
            <button class="btn quiet" on:click=move |_| commands::run(app, Command::Keys)>"Keys "<kbd>"?"</kbd></button>
        </header>
        <main class="home" on:dragover=move |event| { event.prevent_default(); over.set(true); } on:dragleave=move |_| over.set(false)
            on:drop=move |event| { over.set(false); take_drop(app, &event); }>
            <FileInputs/>
            <Notices/>
            <Rescued/>
            <LiveBar/>
            <div class="cards">
                <section class="panel drop" class:over=move || over.get() aria-labelledby="drop-h">
                    <h1 id="drop-h">"Drop a recording here"</h1>
                    <p class="lead">"one file, several that belong together, or a folder"</p>
                    <p class="row">
                        <button class="btn primary" on:click=move |_| commands::run(app, Command::Open)>"Open files "<kbd>"Ctrl+O"</kbd></button>
                        <button class="btn" on:click=move |_| commands::click("folder-input")>"Open a folder"</button>
                        <button class="btn" on:click=move |_| app.dialog.set(Some(Dialog::Begin))>"Type values instead"</button>
                    </p>
                    <Opening/>
                    <p class="muted small">"EDF, EDF+, BDF, BDF+, WFDB (.hea with .dat and annotations), BrainVision, WAV, Qtrac .MEM, DICOM waveforms, FHIR bundles and study files (.myo) of Myoscope, CSV and other text tables. The content decides, not the name."</p>
                </section>
                <Amplifier/>
                <Patients/>
                <section class="panel side demos" aria-labelledby="demo-h">
                    <h2 id="demo-h">"Simulated recordings"</h2>
                    <p class="muted">"To try everything without a file of your own. Made by the program itself; no patient."</p>
                    <p class="row">
                        {demos().map(|(id, name)| view! { <button class="btn" on:click=move |_| app.send(Request::OpenDemo { demo: id.to_owned() })>{name}</button> }).collect_view()}
                    </p>
                </section>
                <Limits/>
                <Letterhead/>
            </div>
            <Show when=move || app.studies.with(|studies| !studies.is_empty())>
                <section class="panel list" aria-labelledby="open-h">
                    <h2 id="open-h">"Open now"</h2>
                    <ul>
                        <For each=move || app.studies.get() key=|study| study.study let:study>
                            <li><button class="btn quiet" on:click=move |_| app.activate(Some(study.study))>{icon(icons::WAVE)}{study.title.clone()}</button></li>
                        </For>
                    </ul>
                </section>
            </Show>
            <Recent/>
            <p class="foot muted">"Everything stays in this browser. Not a medical device: measurements are a draft until a physician has read the traces."</p>
        </main>
    }
}

/// Studies that this browser keeps.
#[component]
fn Recent() -> impl IntoView {
    let app = App::here();
    let size = |bytes: f64| {
        if bytes >= 1e9 {
            format!("{:.1} GB", bytes / 1e9)
        } else if bytes >= 1e6 {
            format!("{:.0} MB", bytes / 1e6)
        } else {
            format!("{:.0} kB", (bytes / 1e3).max(1.0))
        }
    };
    view! {
        <Show when=move || app.recent.with(|list| !list.is_empty())>
            <section class="panel recent" aria-labelledby="recent-h">
                <h2 id="recent-h">"Studies in this browser"</h2>
                <div class="tablewrap" tabindex="0" role="region" aria-label="Studies in this browser"><table>
                    <thead><tr><th scope="col">"Study"</th><th scope="col">"Content"</th><th scope="col">"Last opened"</th><th scope="col" class="n">"Size"</th><th scope="col"><span class="sr">"Remove"</span></th></tr></thead>
                    <tbody>
                        <For each=move || app.recent.get() key=|entry| (entry.key.clone(), entry.opened_ms.to_bits(), entry.with_files) let:entry>
                            {
                                let (open_key, forget_key) = (entry.key.clone(), entry.key.clone());
                                let title = entry.title.clone();
                                view! {
                                    <tr>
                                        <td>{if entry.with_files {
                                            view! { <button class="btn quiet name" on:click=move |_| { app.opening.set(true); app.send(Request::Reopen { key: open_key.clone() }); }>{icon(icons::WAVE)}{entry.title.clone()}</button> }.into_any()
                                        } else {
                                            view! { <span class="name muted" title="The file is too large to be kept: open it again, your edits come back.">{entry.title.clone()}" (edits only)"</span> }.into_any()
                                        }}</td>
                                        <td class="muted">{entry.content.clone()}</td>
                                        <td class="muted">{page::day_and_time(entry.opened_ms)}</td>
                                        <td class="n muted">{size(entry.size)}</td>
                                        <td class="n"><button class="btn quiet icon" title="Remove from this browser, edits included" aria-label=format!("Remove {title}") on:click=move |_| app.send(Request::Forget { key: forget_key.clone() })>{icon(icons::CLOSE)}</button></td>
                                    </tr>
                                }
                            }
                        </For>
                    </tbody>
                </table></div>
            </section>
        </Show>
    }
}

/// Shown while files are being opened, after a moment.
#[component]
pub fn Opening() -> impl IntoView {
    let app = App::here();
    Effect::new(move |_| {
        if !app.opening.get() {
            app.opening_part.set(None);
        }
    });
    let percent = move || app.opening_part.get().map(|part| format!("{:.0}", 100.0 * part));
    view! {
        <Show when=move || app.opening.get()>
            <div class="task opening" role="status">
                <span>"Opening\u{2026}"</span>
                // The bar says it to those who listen, without interrupting them at each step.
                <span aria-hidden="true">{move || percent().map(|percent| format!("{percent} %"))}</span>
                <div class="bar" class:busy=move || percent().is_none() role="progressbar" aria-label="Opening" aria-valuemin="0" aria-valuemax="100" aria-valuenow=percent>
                    <i style:width=move || percent().map(|percent| format!("{percent}%"))></i>
                </div>
                <button class="btn" on:click=move |_| super::events::cancel_opening(app)>"Cancel"</button>
            </div>
        </Show>
    }
}

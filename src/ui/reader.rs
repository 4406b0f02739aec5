//! The reader: bar, tree, traces, inspector, table, actions.

use leptos::prelude::*;
use web_sys::DragEvent;

use super::activity::{ActivityTables, ActivityTools};
use super::commands::{self, Command};
use super::conclusion::ConclusionPage;
use super::guide::GuideBar;
use super::home::{self, FileInputs, Notices};
use super::icons::{self, icon};
use super::inspector::{MarkerInspector, RecordingInspector};
use super::live::LiveBar;
use super::needle_inspector::{MuscleInspector, Potentials};
use super::needle_table::MuscleTable;
use super::nerve_table::has_nerve_table;
use super::results::{Charts, Results, Together, has_sweeps};
use super::scope::{Overview, Scope};
use super::sound::SoundBar;
use super::spectrogram;
use super::state::{App, Saved, Selection};
use super::tables::LaneTable;
use super::tree::Tree;
use super::triggered::TriggeredBar;
use super::typed_table::TypedTable;
use crate::engine::protocol::{Request, TestView};
use crate::model::MarkerKind;
use crate::scene::sweeps::Arrangement;

/// The page.
#[component]
pub fn Reader() -> impl IntoView {
    let app = App::here();
    spectrogram::watch(app);
    let in_sweeps = move || matches!(app.selection.get(), Selection::Test(_));
    let typed = Memo::new(move |_| app.test().is_some_and(|(_, test)| test.typed.is_some()));
    let analysed = move || app.activity.with(|activity| activity.as_ref().is_some_and(|view| !view.measurement.charts.is_empty()));
    view! {
        <Bar/>
        <div class="room" class:needle=move || app.selection.get() == Selection::Needle on:dragover=move |event: DragEvent| event.prevent_default() on:drop=move |event: DragEvent| home::take_drop(app, &event)>
            <Tree/>
            <main class="work">
                <FileInputs/>
                <LiveBar/>
                <GuideBar/>
                <Heading/>
                <SoundBar/>
                <TriggeredBar/>
                <Notices/>
                <Show when=move || app.selection.get() == Selection::Together><Together/></Show>
                <Show when=move || app.selection.get() == Selection::Conclusion><ConclusionPage/></Show>
                <Show when=move || app.selection.get() == Selection::Needle><MuscleTable/></Show>
                <Show when=move || typed.get()><TypedTable/></Show>
                <div class="split" hidden=move || app.selection.get().is_page() || typed.get() class:charted=move || in_sweeps() || analysed() class:chartonly=move || in_sweeps() && !has_sweeps(app)>
                    <Scope/>
                    <Charts/>
                </div>
                <Show when=move || matches!(app.selection.get(), Selection::Recording(_))><Overview/></Show>
            </main>
            {move || match app.selection.get() {
                Selection::Test(_) if typed.get() => view! { <aside class="inspect" aria-label="Inspector"><p class="muted">"Typed by a person, blue as all that a person sets. T corrects side and nerve, I says age and height. Conclusion reads these values as it reads measured ones."</p></aside> }.into_any(),
                Selection::Test(_) => view! { <MarkerInspector/> }.into_any(),
                Selection::Recording(_) => view! { <RecordingInspector/> }.into_any(),
                Selection::Needle => view! { <MuscleInspector/> }.into_any(),
                Selection::Conclusion => view! { <aside class="inspect" aria-label="Inspector"><p class="muted">"Age, height, sex and the weeks since the first symptom are asked by I. What is not tested says nothing; what is tested and normal speaks against."</p></aside> }.into_any(),
                Selection::Together => view! { <aside class="inspect" aria-label="Inspector"><p class="muted">"Tests are found by side, nerve and recording site: T and G on a test correct them."</p></aside> }.into_any(),
            }}
            <section class="values" aria-label="Values">
                {move || match app.selection.get() {
                    Selection::Test(_) if typed.get() => ().into_any(),
                    Selection::Test(_) => view! { <Results/> }.into_any(),
                    Selection::Recording(_) => view! { <ActivityTables/><LaneTable/> }.into_any(),
                    Selection::Needle => view! { <Potentials/> }.into_any(),
                    Selection::Together | Selection::Conclusion => ().into_any(),
                }}
            </section>
        </div>
        <Actions/>
    }
}

#[component]
fn Bar() -> impl IntoView {
    let app = App::here();
    let who = move || {
        app.study(|study| {
            let subject = &study.subject;
            let name = [subject.name.as_str(), subject.code.as_str()]
                .into_iter()
                .find(|text| !text.is_empty() && *text != "X")
                .unwrap_or("No name in the file");
            let sex = match subject.sex.as_str() {
                "M" => "male",
                "F" => "female",
                _ => "",
            };
            let birth = if subject.birth_date.is_empty() || subject.birth_date == "X" {
                String::new()
            } else {
                format!("born {}", subject.birth_date)
            };
            let rest: Vec<&str> = [sex, birth.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
            (name.to_owned(), rest.join(", "), study.title.clone())
        })
        .unwrap_or_default()
    };
    let saved = move || match app.saved.get() {
        Saved::Nothing => None,
        Saved::Stored(at) => Some(view! { <span class="chip"><span class="dot"></span>{format!("Stored here {at}")}</span> }.into_any()),
        Saved::Failed(what) => Some(view! { <span class="chip abn" title=what>"Not stored"</span> }.into_any()),
    };
    view! {
        <header class="pbar">
            <button class="mark btn quiet" aria-label="Myoscope, home" title="Home" on:click=move |_| commands::run(app, Command::Home)>{icon(icons::MARK)}<span class="wm">"Myoscope"</span></button>
            <span class="sep"></span>
            <div class="pid"><b>{move || who().0}</b><span>{move || who().1}</span></div>
            <div class="pid q"><b>{move || who().2}</b><span></span></div>
            <span class="grow"></span>
            {saved}
            <button class="btn quiet bar-open" on:click=move |_| commands::run(app, Command::Open)>"Open "<kbd>"Ctrl+O"</kbd></button>
            <button class="btn quiet" on:click=move |_| commands::run(app, Command::Export)>"Export "<kbd>"Ctrl+E"</kbd></button>
            <button class="btn quiet theme" aria-label="Paper, scope or high contrast" on:click=move |_| commands::run(app, Command::Theme)>"Theme "<kbd>"F6"</kbd></button>
        </header>
    }
}

/// The line above the traces: what is shown, how, and the progress of long work.
#[component]
fn Heading() -> impl IntoView {
    let app = App::here();
    let title = move || match app.selection.get() {
        Selection::Test(_) => app.test().map(|(_, test)| test.title).unwrap_or_default(),
        Selection::Together => "Comparisons".to_owned(),
        Selection::Conclusion => "Conclusion".to_owned(),
        Selection::Needle => "Needle EMG".to_owned(),
        Selection::Recording(_) => app.with_recording(|recording| recording.name.clone()).unwrap_or_default(),
    };
    let sub = move || match app.selection.get() {
        Selection::Test(_) => {
            let Some((_, test)) = app.test() else { return String::new() };
            let temperature = test.temperature_c.map(|c| format!(", skin {c} \u{b0}C")).unwrap_or_default();
            let study = match &test.study {
                Some(study) if study.confirmed => format!("{}, ", study.name),
                Some(study) => format!("taken for {} (G confirms), ", study.name),
                None if !test.guesses.is_empty() && has_nerve_table(test.kind) => "which study? (G), ".to_owned(),
                None => String::new(),
            };
            let up = match (has_sweeps(app), test.turned) {
                (false, _) => "",
                (true, true) => "negative up (stored values turned over)",
                (true, false) => "negative up",
            };
            format!("{study}{up}{temperature}").trim_matches([',', ' ']).to_owned()
        }
        Selection::Together => "what the tests say together".to_owned(),
        Selection::Conclusion => "a draft from values and muscles".to_owned(),
        Selection::Needle => "by keys, or entered from analyses".to_owned(),
        Selection::Recording(_) => {
            let up = if app.continuous.with(|view| view.negative_up) { "negative up" } else { "positive up" };
            app.with_recording(|recording| format!("{}, {up}", recording.format)).unwrap_or_default()
        }
    };
    let in_traces = move || matches!(app.selection.get(), Selection::Test(_)) && has_sweeps(app);
    let averaged = move || match app.selection.get() {
        Selection::Test(index) => {
            let any = |test: &TestView| test.sites.iter().any(|site| site.average.is_some());
            app.study(|study| study.tests.get(index).is_some_and(any)).unwrap_or(false)
        }
        _ => false,
    };
    let press = move |command: Command| move |_| commands::run(app, command);
    let arranged =
        move |arrangement: Arrangement| move || if app.sweeps.with(|view| view.arrangement == arrangement) { "true" } else { "false" };
    let polarity = move || {
        let on = match app.selection.get() {
            Selection::Test(_) => app.test().is_some_and(|(_, test)| test.turned),
            _ => app.continuous.with(|view| view.negative_up),
        };
        if on { "true" } else { "false" }
    };
    let polarity_name = move || if matches!(app.selection.get(), Selection::Test(_)) { "Turned over " } else { "Negative up " };
    view! {
        <div class="vh">
            <button class="btn icon list-button" aria-label="List of tests and recordings" aria-expanded=move || if app.sheet.get() { "true" } else { "false" } on:click=move |_| app.sheet.update(|open| *open = !*open)>"\u{2630}"</button>
            <h1 title=title>{title}</h1>
            <span class="sub">{sub}</span>
            <span class="grow"></span>
            <div class="tools">
            <Show when=in_traces>
                <div class="seg-c" role="group" aria-label="Arrangement">
                    <button class="btn" aria-pressed=arranged(Arrangement::Raster) on:click=press(Command::Raster)>"Raster "<kbd>"R"</kbd></button>
                    <button class="btn" aria-pressed=arranged(Arrangement::Superimposed) on:click=press(Command::Superimpose)>"Superimposed "<kbd>"S"</kbd></button>
                    <button class="btn" aria-pressed=arranged(Arrangement::Cascade) on:click=press(Command::Cascade)>"Cascade "<kbd>"K"</kbd></button>
                </div>
            </Show>
            <Show when=averaged>
                <button class="btn" aria-pressed=move || if app.sweeps.with(|view| view.singles) { "true" } else { "false" } on:click=press(Command::Singles)>"Single sweeps "<kbd>"A"</kbd></button>
            </Show>
            <Show when=move || matches!(app.selection.get(), Selection::Recording(_))>
                <ActivityTools/>
                <button class="btn" on:click=press(Command::Lanes)>"Lanes "<kbd>"L"</kbd></button>
                <button class="btn" on:click=press(Command::MakeSweeps)>"Sweeps "<kbd>"M"</kbd></button>
            </Show>
            <Show when=move || app.selection.get() == Selection::Needle>
                <button class="btn" on:click=press(Command::AddMuscle)>"Add muscle "<kbd>"M"</kbd></button>
                <button class="btn" on:click=press(Command::MuscleNormal)>"Normal "<kbd>"A"</kbd></button>
                <button class="btn" on:click=press(Command::MirrorMuscle)>"Other side "<kbd>"X"</kbd></button>
                <button class="btn" on:click=press(Command::RemoveMuscle)>"Remove "<kbd>"Shift+Del"</kbd></button>
            </Show>
            <Show when=move || in_traces() || matches!(app.selection.get(), Selection::Recording(_))>
                <button class="btn" aria-pressed=polarity on:click=press(Command::Polarity)>{polarity_name}<kbd>"V"</kbd></button>
                <button class="btn" on:click=press(Command::Filter)>"Filter "<kbd>"F"</kbd></button>
            </Show>
            </div>
        </div>
        <home::Opening/>
        {move || app.progress.get().map(|progress| {
            let percent = (progress.done * 100.0).round();
            let study = progress.study;
            view! {
                <div class="task" role="status">
                    <span>{format!("{}: {percent} %. You can look at what is there.", progress.what)}</span>
                    <div class="bar" role="progressbar" aria-label="Progress" aria-valuenow=percent.to_string() aria-valuemin="0" aria-valuemax="100"><i style:width=format!("{percent}%")></i></div>
                    <button class="btn" on:click=move |_| app.send(Request::Cancel { study })>"Cancel"</button>
                </div>
            }
        })}
    }
}

/// The bar of actions with their keys.
#[component]
fn Actions() -> impl IntoView {
    let app = App::here();
    let act = move |keys: &'static [&'static str], name: &'static str, command: Command| {
        view! { <button class="act" on:click=move |_| commands::run(app, command)>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view()}{name}</button> }
    };
    let next_marker = move |_| {
        if !super::sweeps::next_marker(app, 1) {
            commands::run(app, Command::Marker(MarkerKind::Onset));
        }
    };
    let undo = move || app.study(|study| study.undo.clone()).flatten();
    let redo = move || app.study(|study| study.redo.clone()).flatten();
    view! {
        <footer class="abar" aria-label="Actions">
            <Show when=move || matches!(app.selection.get(), Selection::Recording(_))>
                <div class="grp wide">{act(&["\u{2190}"], "Back", Command::Left)}{act(&["\u{2192}"], "On", Command::Right)}</div>
                <div class="grp">{act(&["\u{2212}"], "Wider", Command::ZoomOut)}{act(&["+"], "Closer", Command::ZoomIn)}{act(&["0"], "All", Command::Fit)}</div>
                <div class="grp wide">{act(&["\u{2191}"], "Larger", Command::GainUp)}{act(&["\u{2193}"], "Smaller", Command::GainDown)}</div>
                <div class="grp wide">{act(&["PgDn"], "Next lane", Command::NextSite)}{act(&["P"], "Peak", Command::Snap)}{act(&["N"], "Annotate", Command::Annotate)}</div>
            </Show>
            <Show when=move || matches!(app.selection.get(), Selection::Test(_)) && has_sweeps(app)>
                <div class="grp"><button class="act" on:click=next_marker><kbd>"Tab"</kbd>"Next marker"</button></div>
                <div class="grp">{act(&["\u{2190}"], "Sample back", Command::Left)}{act(&["\u{2192}"], "Sample on", Command::Right)}</div>
                <div class="grp wide">{act(&["\u{2191}"], "Larger", Command::GainUp)}{act(&["\u{2193}"], "Smaller", Command::GainDown)}</div>
                <div class="grp wide">{act(&["D"], "Distance", Command::Distance)}{act(&["G"], "Study", Command::Assign)}{act(&["N"], "No response", Command::NoResponse)}{act(&["C"], "Compare", Command::Compare)}</div>
                <div class="grp">{act(&["PgDn"], "Next site", Command::NextSite)}</div>
            </Show>
            <Show when=move || app.selection.get() == Selection::Needle>
                <div class="grp wide">{act(&["G"], "To the stretch", Command::GoToStretch)}{act(&["Del"], "Clear cell", Command::ClearCell)}{act(&["I"], "Age", Command::Person)}</div>
            </Show>
            <span class="grow"></span>
            <button class="act" disabled=move || undo().is_none() title=move || undo().map(|what| format!("Undo: {what}")).unwrap_or_else(|| "nothing to undo".into()) on:click=move |_| commands::run(app, Command::Undo)><kbd>"Ctrl+Z"</kbd>"Undo"</button>
            <button class="act redo" disabled=move || redo().is_none() title=move || redo().map(|what| format!("Redo: {what}")).unwrap_or_else(|| "nothing to redo".into()) on:click=move |_| commands::run(app, Command::Redo)><kbd>"Ctrl+Y"</kbd>"Redo"</button>
            <button class="act keys-button" on:click=move |_| commands::run(app, Command::Keys)><kbd>"?"</kbd>"All keys"</button>
        </footer>
    }
}

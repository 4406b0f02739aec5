//! The averaged potential of the selected train: marks dragged by pointers, moved by keys.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

use super::ahead::Expected;
use super::commands::{self, Command};
use super::scope::Layers;
use super::state::App;
use super::trains::{Act, selected_train, view_now};
use crate::engine::protocol::Edit;
use crate::model::{PotentialMark, ShownMark, ShownPotential, TrainChange};
use crate::scene::divisions::number;
use crate::scene::potential::Scene;
use crate::scene::{Picture, Target};

/// Id of the picture.
pub const ID: &str = "potential";

/// Name and potential of the selected train (tracked), given to `with`.
fn with_potential<T>(app: App, with: impl FnOnce(&str, &ShownPotential) -> T) -> Option<T> {
    let train = app.train.get()?;
    app.activity.with(|activity| {
        let view = activity.as_ref().filter(|view| view.done)?;
        let potential = view.measurement.potentials.get(train).filter(|potential| !potential.uv.is_empty())?;
        Some(with(&view.measurement.trains.get(train)?.name, potential))
    })
}

fn with_scene<T>(app: App, with: impl FnOnce(&Scene<'_>) -> T) -> Option<T> {
    let selected = app.chosen.with(|chosen| chosen.mark);
    let theme = app.theme_now();
    with_potential(app, |name, potential| with(&Scene { name, potential, selected, theme }))
}

/// Whether there is one to show (tracked).
pub fn is_there(app: App) -> bool {
    with_potential(app, |_, _| ()).is_some()
}

fn mark_now(app: App, mark: PotentialMark) -> Option<ShownMark> {
    untrack(|| with_potential(app, |_, potential| potential.marks.iter().find(|shown| shown.mark == mark).copied())).flatten()
}

/// Places a mark of the selected train's potential, or gives it back to the program.
fn place_mark(app: App, mark: PotentialMark, at: Option<f64>, gesture: Option<u32>) {
    if let Some((train, key)) = app.train.get_untracked().zip(view_now(app, |view| view.key)) {
        let edit = Edit::Trains { key, change: TrainChange::Mark { train, mark, at } };
        match at {
            Some(at) => app.edit_ahead(edit, gesture, Expected::Mark { train, mark, at }),
            None => app.edit_in(edit, gesture),
        }
    }
}

/// All marks of the selected train as the program has them.
fn reset_marks(app: App) {
    if let Some((train, key)) = selected_train(app).zip(view_now(app, |view| view.key)) {
        app.edit(Edit::Trains { key, change: TrainChange::ResetMarks { train } });
    }
}

/// Moves the chosen mark by samples, the baseline by microvolts.
fn step(app: App, by: f64) {
    let Some(now) = app.chosen.with_untracked(|chosen| chosen.mark).and_then(|mark| mark_now(app, mark)) else {
        app.say("Nothing stands out of the noise here: there is no mark to move.");
        return;
    };
    let at = untrack(|| with_scene(app, |scene| scene.on_sample(now.at + by * 1e3 / scene.potential.fs_hz.max(1.0))));
    let at = if now.mark == PotentialMark::Baseline { Some(now.at + by) } else { at };
    if let Some(at) = at {
        place_mark(app, now.mark, Some(at), None);
        app.say(format!("{} {at:.2} {}", now.mark.name(), now.mark.unit()));
    }
}

fn choose(app: App, mark: PotentialMark) {
    app.chosen.update(|chosen| chosen.mark = Some(mark));
    if let Some(now) = mark_now(app, mark) {
        app.say(format!("{} {:.2} {}", mark.name(), now.at, mark.unit()));
    }
}

/// Gives the chosen mark back to the program.
fn reset(app: App) {
    if let Some(mark) = app.chosen.with_untracked(|chosen| chosen.mark) {
        place_mark(app, mark, None, None);
    }
}

/// A key while the picture has the keyboard; `true` when it was one of its own.
pub fn key(app: App, event: &KeyboardEvent) -> bool {
    let samples = if event.shift_key() { 10.0 } else { 1.0 };
    match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => step(app, -samples),
        "ArrowRight" | "ArrowUp" => step(app, samples),
        "Backspace" => reset(app),
        "Tab" => {
            let now = app.chosen.with_untracked(|chosen| chosen.mark).map(|mark| i32::from(mark.number()) - 1);
            let by = if event.shift_key() { -1 } else { 1 };
            let to = usize::try_from(now.map_or(0, |at| at + by)).ok().and_then(|to| PotentialMark::ALL.get(to).copied());
            match to {
                Some(mark) => choose(app, mark),
                None => return false,
            }
        }
        digit => match digit.parse::<usize>().ok().and_then(|number| PotentialMark::ALL.get(number.wrapping_sub(1)).copied()) {
            Some(mark) => choose(app, mark),
            None => return false,
        },
    }
    true
}

/// What a press holds: the mark, the number of its gesture, and its distance to the pointer.
type Held = Option<(PotentialMark, u32, [f32; 2])>;

/// The picture.
#[component]
pub fn PotentialChart() -> impl IntoView {
    let app = App::here();
    let shown: Rc<RefCell<Option<Picture>>> = Rc::default();
    let size = RwSignal::new((0.0_f32, 0.0_f32));
    let held: Rc<RefCell<Held>> = Rc::default();
    let on_down = {
        let (shown, held) = (shown.clone(), held.clone());
        move |event: PointerEvent| {
            let [x, y] = at(&event);
            let reach = if event.pointer_type() == "touch" { 24.0 } else { 13.0 };
            let hit = shown.borrow().as_ref().and_then(|picture| {
                let target = picture.hit(x, y, reach)?;
                picture.hits.iter().find(|hit| hit.target == target).cloned()
            });
            let Some((hit, Target::Mark(mark))) = hit.map(|hit| (hit.clone(), hit.target)) else { return };
            event.prevent_default();
            if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
                let _ = target.set_pointer_capture(event.pointer_id());
                let _ = target.focus();
            }
            choose(app, mark);
            // A flag stands away from its point; the baseline's is dragged up and down.
            let now = mark_now(app, mark).map_or(0.0, |now| now.at);
            let off = untrack(|| with_scene(app, |scene| scene.grip(now, mark, [hit.x, hit.y], size.get_untracked()))).unwrap_or([0.0; 2]);
            *held.borrow_mut() = Some((mark, app.new_gesture(), [x - hit.x + off[0], y - hit.y + off[1]]));
        }
    };
    let on_move = {
        let held = held.clone();
        move |event: PointerEvent| {
            let Some((mark, gesture, grab)) = *held.borrow() else { return };
            let [x, y] = at(&event);
            let (width, height) = size.get_untracked();
            let to = untrack(|| with_scene(app, |scene| scene.dragged(mark, [x - grab[0], y - grab[1]], width, height)));
            if let (Some(to), Some(now)) = (to, mark_now(app, mark))
                && (to - now.at).abs() > 1e-9
            {
                place_mark(app, mark, Some(to), Some(gesture));
            }
        }
    };
    // A finger on a flag drags it and does not scroll the page.
    let on_touch = {
        let held = held.clone();
        move |event: web_sys::Event| {
            if held.borrow().is_some() {
                event.prevent_default();
            }
        }
    };
    let on_up = move |_: PointerEvent| *held.borrow_mut() = None;
    let on_cancel = on_up.clone();
    view! {
        <div
            id=ID
            class="scope chart potential"
            tabindex="0"
            role="group"
            aria-label="Marks of the averaged potential. Tab or a digit chooses one, arrow keys move it."
            on:pointerdown=on_down
            on:touchstart=move |event| on_touch(event.into())
            on:pointermove=on_move
            on:pointerup=on_up
            on:pointercancel=on_cancel
        >
            <Layers draw=|app, width, height| with_scene(app, |scene| scene.draw(width, height)) shown=shown.clone() size=size/>
        </div>
    }
}

/// The marks in numbers, and the way back to automatic ones.
#[component]
pub fn Marks() -> impl IntoView {
    let app = App::here();
    let rows = move || {
        with_potential(app, |_, potential| potential.marks.clone()).unwrap_or_default().into_iter().map(|mark| {
            let kind = mark.mark;
            let dash = || "\u{2013}".to_owned();
            let value = |at: Option<f64>| at.map_or_else(dash, |at| format!("{} {}", number((at * 100.0).round() / 100.0, 4), kind.unit()));
            let selected = move || app.chosen.with(|chosen| chosen.mark == Some(kind));
            view! {
                <tr class:sel=selected on:click=move |_| choose(app, kind)>
                    <th scope="row"><span class="mflag" class:person=mark.by_person>{kind.number()}</span>{format!(" {}", kind.name())}</th>
                    <td class="n" class:person=mark.by_person>{value(Some(mark.at))}</td><td class="n">{value(mark.automatic)}</td>
                </tr>
            }
        }).collect_view()
    };
    let by_hand = move || with_potential(app, |_, potential| potential.marks.iter().any(|mark| mark.by_person)).unwrap_or(false);
    let chosen_by_hand = move || {
        let mark = app.chosen.with(|chosen| chosen.mark);
        with_potential(app, |_, potential| potential.marks.iter().any(|shown| Some(shown.mark) == mark && shown.by_person)).unwrap_or(false)
    };
    view! {
        <Show when=move || is_there(app)>
            <table class="mini">
                <caption class="sr">"Marks of the averaged potential, as they stand and as found automatically"</caption>
                <thead><tr><td></td><th scope="col" class="n">"now"</th><th scope="col" class="n">"automatic"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="row">
                <button class="btn" title="The keyboard on the potential: Tab chooses, arrow keys move" on:click=move |_| commands::run(app, Command::Train(Act::Marks))>"Move marks "<kbd>"Shift+P"</kbd></button>
                <button class="btn" disabled=move || !chosen_by_hand() title="The chosen mark back to its automatic place" on:click=move |_| reset(app)>"To automatic "<kbd>"\u{232b}"</kbd></button>
                <button class="btn" disabled=move || !by_hand() on:click=move |_| reset_marks(app)>"All automatic"</button>
            </p>
        </Show>
    }
}

/// Where a pointer is within the picture, px.
fn at(event: &PointerEvent) -> [f32; 2] {
    let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else { return [0.0; 2] };
    let rect = target.get_bounding_client_rect();
    [(event.client_x() - rect.left()) as f32, (event.client_y() - rect.top()) as f32]
}

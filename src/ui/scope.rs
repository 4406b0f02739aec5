//! Canvases that show pictures, and the pointer on them: mouse, pen and touch.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{HtmlElement, PointerEvent, ResizeObserver, WheelEvent};

use super::state::{App, Selection};
use super::{continuous, sound, sweeps, trains, triggered};
use crate::model::{MarkerKind, SweepId};
use crate::scene::{Picture, Target, Theme};
use crate::web::{canvas, page};

/// A press that moves less than this is a click, px.
const CLICK_PX: f64 = 4.0;

/// What is on the three canvases now, so that only a changed layer is painted.
#[derive(Default)]
struct Painted {
    picture: Option<Picture>,
    theme: &'static str,
    ratio: f32,
}

/// Three stacked canvases that show what `draw` yields for their size. Nothing is painted while
/// nothing changes.
#[component]
pub fn Layers(
    draw: impl Fn(App, f32, f32) -> Option<Picture> + 'static,
    shown: Rc<RefCell<Option<Picture>>>,
    size: RwSignal<(f32, f32)>,
) -> impl IntoView {
    let app = App::here();
    let frame = NodeRef::<Div>::new();
    let layers: [NodeRef<Canvas>; 3] = std::array::from_fn(|_| NodeRef::new());
    let alt = RwSignal::new(String::new());
    observe_size(frame, size);
    let painted = Rc::new(RefCell::new(Painted::default()));
    Effect::new(move |_| {
        let (width, height) = size.get();
        let [Some(back), Some(middle), Some(front)] = layers.map(|layer| layer.get()) else { return };
        if width < 2.0 || height < 2.0 {
            return;
        }
        let theme: &'static Theme = app.theme_now();
        let ratio = page::window().map_or(1.0, |window| window.device_pixel_ratio()) as f32;
        let picture = draw(app, width, height).unwrap_or_else(|| Picture { width, height, ..Picture::default() });
        let mut painted = painted.borrow_mut();
        let sized =
            painted.picture.as_ref().is_none_or(|old| (old.width, old.height) != (picture.width, picture.height)) || painted.ratio != ratio;
        let fresh = sized || painted.theme != theme.name;
        if sized {
            for layer in [&back, &middle, &front] {
                canvas::fit(layer, width, height, ratio);
            }
        }
        let old = painted.picture.take();
        let changed = |same: fn(&Picture, &Picture) -> bool| fresh || old.as_ref().is_none_or(|old| !same(old, &picture));
        if changed(|a, b| a.grid == b.grid) {
            canvas::paint_grid(&back, &picture.grid, theme, ratio);
        }
        if changed(|a, b| a.traces == b.traces) {
            canvas::paint(&middle, &picture.traces, ratio);
        }
        if changed(|a, b| a.marks == b.marks) {
            canvas::paint(&front, &picture.marks, ratio);
        }
        if alt.with_untracked(|alt| *alt != picture.alt) {
            alt.set(picture.alt.clone());
        }
        *shown.borrow_mut() = Some(picture.clone());
        *painted = Painted { picture: Some(picture), theme: theme.name, ratio };
    });
    view! {
        <div class="layers" node_ref=frame role="img" aria-label=move || alt.get()>
            {layers.map(|layer| view! { <canvas node_ref=layer aria-hidden="true"></canvas> })}
        </div>
    }
}

/// Follows the size of an element.
fn observe_size(frame: NodeRef<Div>, size: RwSignal<(f32, f32)>) {
    Effect::new(move |_| {
        let Some(element) = frame.get() else { return };
        let measured: HtmlElement = element.clone().unchecked_into();
        let observe = move || {
            let now = (measured.client_width() as f32, measured.client_height() as f32);
            if size.get_untracked() != now {
                size.set(now);
            }
        };
        observe();
        let callback = Closure::<dyn FnMut()>::new(observe);
        if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&element);
            // The observer holds the callback; both go when the element does.
            let handle = send_wrapper(observer, callback);
            on_cleanup(move || handle.disconnect());
        }
    });
}

/// An observer with its callback, to be ended when a component goes.
struct Observing(leptos::__reexports::send_wrapper::SendWrapper<(ResizeObserver, Closure<dyn FnMut()>)>);

fn send_wrapper(observer: ResizeObserver, callback: Closure<dyn FnMut()>) -> Observing {
    Observing(leptos::__reexports::send_wrapper::SendWrapper::new((observer, callback)))
}

impl Observing {
    fn disconnect(&self) {
        self.0.0.disconnect();
    }
}

/// What a press is doing.
#[derive(Default)]
struct Press {
    /// Pointers that are down: id, x, y.
    down: Vec<(i32, f64, f64)>,
    start: (f64, f64),
    moved: bool,
    /// The marker under the press, with the number of the gesture.
    marker: Option<(SweepId, MarkerKind, u32)>,
    /// Markers keep their distance to the pointer.
    grab_px: f64,
}

fn draw_main(app: App, width: f32, height: f32) -> Option<Picture> {
    match app.selection.get() {
        Selection::Recording(_) if app.triggered.shown.get().is_some() => triggered::picture(app, width, height),
        Selection::Recording(_) => continuous::picture(app, width, height),
        Selection::Test(_) => sweeps::picture(app, width, height),
        Selection::Together | Selection::Conclusion | Selection::Needle => None,
    }
}

/// The view of traces.
#[component]
pub fn Scope() -> impl IntoView {
    let app = App::here();
    let shown: Rc<RefCell<Option<Picture>>> = Rc::default();
    let size = RwSignal::new((0.0_f32, 0.0_f32));
    let press = Rc::new(RefCell::new(Press::default()));
    let is_continuous = move || matches!(app.selection.get_untracked(), Selection::Recording(_));
    let is_triggered = move || is_continuous() && app.triggered.shown.get_untracked().is_some();

    let on_down = {
        let (shown, press) = (shown.clone(), press.clone());
        move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            let (x, y) = place(&event);
            if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
                let _ = target.set_pointer_capture(event.pointer_id());
                let _ = target.focus();
            }
            let mut press = press.borrow_mut();
            press.down.retain(|pointer| pointer.0 != event.pointer_id());
            press.down.push((event.pointer_id(), x, y));
            if press.down.len() > 1 {
                press.moved = true;
                press.marker = None;
                return;
            }
            press.start = (x, y);
            press.moved = false;
            press.marker = None;
            let reach = if event.pointer_type() == "touch" { 24.0 } else { 13.0 };
            let hit = shown.borrow().as_ref().and_then(|picture| picture.hit(x as f32, y as f32, reach));
            match hit {
                Some(Target::Marker(sweep, kind)) => {
                    let row = untrack(|| app.test()).and_then(|(_, test)| sweeps::rows(&test).iter().position(|(_, row)| row.id == sweep));
                    app.sweeps.update(|view| {
                        view.row = row.unwrap_or(view.row);
                        view.marker = Some(kind);
                    });
                    let marker_x = shown
                        .borrow()
                        .as_ref()
                        .and_then(|p| p.hits.iter().find(|hit| hit.target == Target::Marker(sweep, kind)).map(|hit| f64::from(hit.x)));
                    press.grab_px = marker_x.map_or(0.0, |marker_x| x - marker_x);
                    press.marker = Some((sweep, kind, app.new_gesture()));
                }
                Some(Target::Annotation(id)) => {
                    app.continuous.update(|view| view.annotation = Some(id));
                    press.moved = true;
                }
                Some(Target::Mark(_)) | None => {}
            }
        }
    };
    let on_move = {
        let press = press.clone();
        move |event: PointerEvent| {
            let (x, y) = place(&event);
            let width = size.get_untracked().0;
            let mut press = press.borrow_mut();
            let Some(at) = press.down.iter().position(|pointer| pointer.0 == event.pointer_id()) else { return };
            let before = press.down.clone();
            press.down[at] = (event.pointer_id(), x, y);
            if let [a, b] = press.down[..] {
                let spread = |p: (i32, f64, f64), q: (i32, f64, f64)| (p.1 - q.1).abs().max(8.0);
                let (factor, middle) = (spread(a, b) / spread(before[0], before[1]), (a.1 + b.1) / 2.0);
                let by_px = middle - (before[0].1 + before[1].1) / 2.0;
                if is_triggered() {
                    return;
                }
                if is_continuous() {
                    continuous::zoom(app, factor, middle, width);
                    continuous::pan(app, by_px, width);
                } else {
                    sweeps::zoom(app, factor, middle, width);
                    sweeps::pan(app, by_px, width);
                }
                return;
            }
            press.moved |= (x - press.start.0).abs() > CLICK_PX;
            if !press.moved || is_triggered() {
                return;
            }
            if let Some((sweep, kind, gesture)) = press.marker {
                sweeps::place(app, sweep, kind, sweeps::time_at(app, width, x - press.grab_px), Some(gesture));
            } else if is_continuous() {
                continuous::pan(app, x - before[at].1, width);
            } else {
                sweeps::pan(app, x - before[at].1, width);
            }
        }
    };
    let on_up = {
        let press = press.clone();
        move |event: PointerEvent| {
            let mut press = press.borrow_mut();
            press.down.retain(|pointer| pointer.0 != event.pointer_id());
            if press.moved || press.marker.is_some() || !press.down.is_empty() || event.type_() != "pointerup" {
                return;
            }
            let (x, y) = place(&event);
            let (width, height) = size.get_untracked();
            let which = usize::from(event.shift_key());
            let touch = event.pointer_type() == "touch";
            if is_triggered() {
                triggered::press(app, width, height, y as f32);
            } else if is_continuous() && trains::pressed(app, [width, height], [x, y], touch, event.shift_key()) {
                // It was about a discharge.
            } else if is_continuous() {
                let lane = continuous::lane_at(app, width, height, y as f32);
                let time_s = app.continuous.with_untracked(|view| continuous::viewport(view, width).time_from_px(x));
                app.continuous.update(|view| {
                    view.lane = lane.or(view.lane);
                    view.annotation = None;
                });
                continuous::set_cursor(app, Some(which), time_s);
                sound::seek(app, time_s);
            } else {
                let row = sweeps::row_at(app, width, height, y as f32);
                let time_s = sweeps::time_at(app, width, x);
                app.sweeps.update(|view| {
                    view.row = row.unwrap_or(view.row);
                    view.cursors[which] = Some(time_s);
                });
            }
        }
    };
    let on_cancel = on_up.clone();
    let on_wheel = move |event: WheelEvent| {
        event.prevent_default();
        let width = size.get_untracked().0;
        let x = event.offset_x();
        // Lines and pages come from old mice; a notch is about 100 px everywhere else.
        let unit = match event.delta_mode() {
            0 => 1.0,
            1 => 33.0,
            _ => 300.0,
        };
        let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
        if is_triggered() {
            // With Shift some browsers turn the wheel sideways.
            let steps = if dx + dy > 0.0 { 1 } else { -1 };
            if event.alt_key() {
                triggered::gain(app, steps);
            } else if event.shift_key() {
                triggered::zoom(app, if steps > 0 { 0.5 } else { 2.0 });
            } else {
                triggered::step(app, steps);
            }
        } else if event.alt_key() {
            let steps = if dy > 0.0 { 1 } else { -1 };
            if is_continuous() { continuous::gain(app, steps, false) } else { sweeps::gain(app, steps, false) }
        } else if event.shift_key() || dx.abs() > dy.abs() {
            let by = if dx.abs() > dy.abs() { dx } else { dy };
            if is_continuous() { continuous::pan(app, -by, width) } else { sweeps::pan(app, -by, width) }
        } else {
            let factor = (-dy * 0.0025).exp().clamp(0.2, 5.0);
            if is_continuous() { continuous::zoom(app, factor, x, width) } else { sweeps::zoom(app, factor, x, width) }
        }
    };
    let range = move || match app.selection.get() {
        Selection::Recording(_) => app.continuous.with(|view| (view.from_s, view.from_s + view.span_s)),
        _ => app.sweeps.with(|view| (view.from_s, view.from_s + view.span_s)),
    };
    view! {
        <div
            id="scope"
            class="scope main"
            tabindex="0"
            role="group"
            aria-label="Traces. Arrow keys move; press question mark for all keys."
            data-from-s=move || range().0.to_string()
            data-to-s=move || range().1.to_string()
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=on_up
            on:pointercancel=on_cancel
            on:wheel=on_wheel
        >
            <Layers draw=draw_main shown=shown.clone() size=size/>
        </div>
    }
}

/// The overview strip under the continuous view: press or drag to go somewhere.
#[component]
pub fn Overview() -> impl IntoView {
    let app = App::here();
    let size = RwSignal::new((0.0_f32, 0.0_f32));
    let go = move |event: &PointerEvent| {
        let share = place(event).0 / f64::from(size.get_untracked().0.max(1.0));
        let span_s = app.continuous.with_untracked(|view| view.span_s);
        let extent = continuous::extent(app);
        continuous::show(app, extent.start_s + share * extent.duration_s - span_s / 2.0, None);
    };
    let on_down = move |event: PointerEvent| {
        if let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
            let _ = target.set_pointer_capture(event.pointer_id());
        }
        go(&event);
    };
    let on_move = move |event: PointerEvent| {
        if event.buttons() & 1 == 1 {
            go(&event);
        }
    };
    view! {
        <div class="scope overview" on:pointerdown=on_down on:pointermove=on_move>
            <Layers draw=continuous::overview shown=Rc::default() size=size/>
        </div>
    }
}

/// The selected marker at five times the gain.
#[component]
pub fn Loupe() -> impl IntoView {
    let size = RwSignal::new((0.0_f32, 0.0_f32));
    view! { <div class="scope loupe"><Layers draw=sweeps::loupe shown=Rc::default() size=size/></div> }
}

/// Where a pointer is within the element that listens, px.
fn place(event: &PointerEvent) -> (f64, f64) {
    let Some(target) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
        return (0.0, 0.0);
    };
    let rect = target.get_bounding_client_rect();
    (event.client_x() - rect.left(), event.client_y() - rect.top())
}

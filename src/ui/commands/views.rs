//! What commands do in the view of sweeps, and while a lane is shown as sweeps.

use leptos::prelude::*;

use super::{Command, focus, width};
use crate::engine::protocol::Edit;
use crate::scene::sweeps::Arrangement;
use crate::ui::state::{App, Dialog};
use crate::ui::{sweeps, triggered};

/// In the view of sweeps.
pub fn run_sweeps(app: App, command: Command) {
    match command {
        Command::NextSite => sweeps::next_row(app, 1),
        Command::PreviousSite => sweeps::next_row(app, -1),
        Command::ZoomIn => sweeps::zoom(app, 2.0, 0.1 * width(), width() as f32),
        Command::ZoomOut => sweeps::zoom(app, 0.5, 0.1 * width(), width() as f32),
        Command::GainUp => sweeps::gain(app, -1, false),
        Command::GainDown => sweeps::gain(app, 1, false),
        Command::AllGainUp => sweeps::gain(app, -1, true),
        Command::AllGainDown => sweeps::gain(app, 1, true),
        Command::Left => sweeps::step_marker(app, -1.0, None),
        Command::Right => sweeps::step_marker(app, 1.0, None),
        Command::FastLeft => sweeps::step_marker(app, -10.0, None),
        Command::FastRight => sweeps::step_marker(app, 10.0, None),
        Command::Fit => {
            app.sweeps.update(|view| {
                view.span_s = 0.0;
                view.gain = None;
                view.row_gain.clear();
            });
            sweeps::first_view(app);
        }
        Command::Marker(kind) => sweeps::choose_marker(app, kind),
        Command::AutomaticMarker => {
            if let (Some(chosen), Some(kind)) = (sweeps::selected(app), app.sweeps.with_untracked(|view| view.marker)) {
                app.edit(Edit::ResetMarker { sweep: chosen.sweep.id, kind });
            }
        }
        Command::CopySet => sweeps::copy_to_next(app),
        Command::NoResponse | Command::Annotate => {
            if let Some(chosen) = sweeps::selected(app) {
                app.edit(Edit::NoResponse { sweep: chosen.sweep.id, on: !chosen.sweep.no_response });
            }
        }
        Command::Superimpose => app.sweeps.update(|view| view.arrangement = Arrangement::Superimposed),
        Command::Raster => app.sweeps.update(|view| view.arrangement = Arrangement::Raster),
        Command::Cascade => app.sweeps.update(|view| view.arrangement = Arrangement::Cascade),
        Command::Polarity => {
            if let Some((test, view)) = untrack(|| app.test()) {
                app.edit(Edit::Polarity { test, turned: !view.turned });
            }
        }
        Command::Distance => {
            if let Some(chosen) = sweeps::selected(app) {
                focus(&format!("distance-{}", chosen.site));
            }
        }
        Command::TestDetails => {
            if let Some((test, _)) = untrack(|| app.test()) {
                app.dialog.set(Some(Dialog::Test(test)));
            }
        }
        Command::Assign => {
            if let Some((test, _)) = untrack(|| app.test()) {
                app.dialog.set(Some(Dialog::Assign(test)));
            }
        }
        Command::Compare => sweeps::toggle_compare(app),
        Command::CursorA | Command::Singles => sweeps::toggle_singles(app),
        Command::LeaveOut => sweeps::toggle_left_out(app),
        _ => {}
    }
}

/// What keys do while the lane is shown as sweeps; `false` for those that mean the same as ever.
pub fn run_triggered(app: App, command: Command) -> bool {
    match command {
        Command::GainUp | Command::AllGainUp => triggered::gain(app, -1),
        Command::GainDown | Command::AllGainDown => triggered::gain(app, 1),
        Command::ZoomIn => triggered::zoom(app, 2.0),
        Command::ZoomOut => triggered::zoom(app, 0.5),
        Command::Left => triggered::step(app, -1),
        Command::Right => triggered::step(app, 1),
        Command::NextSite | Command::FastRight => triggered::page(app, 1),
        Command::PreviousSite | Command::FastLeft => triggered::page(app, -1),
        Command::CursorLeft => triggered::raise(app, -1.0),
        Command::CursorRight => triggered::raise(app, 1.0),
        Command::ShowThere => triggered::show_there(app),
        _ => return false,
    }
    true
}

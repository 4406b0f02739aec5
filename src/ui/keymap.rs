//! Which command a key means.

use web_sys::KeyboardEvent;

use super::commands::Command;
use super::trains::Act;
use crate::model::MarkerKind;

/// Keys that mean the same everywhere.
pub fn global(event: &KeyboardEvent) -> Option<Command> {
    let key = event.key();
    if event.ctrl_key() || event.meta_key() {
        return match (key.to_lowercase().as_str(), event.shift_key()) {
            ("o", false) => Some(Command::Open),
            ("z", false) => Some(Command::Undo),
            ("y", false) | ("z", true) => Some(Command::Redo),
            ("e", false) => Some(Command::Export),
            ("]", _) => Some(Command::NextStudyItem),
            ("[", _) => Some(Command::PreviousStudyItem),
            _ => None,
        };
    }
    match key.as_str() {
        "F6" => Some(Command::Theme),
        "Escape" => Some(Command::Close),
        _ => None,
    }
}

/// Keys of the view of traces.
pub fn plain(event: &KeyboardEvent) -> Option<Command> {
    let shift = event.shift_key();
    let command = match event.key().as_str() {
        "?" => Command::Keys,
        " " => Command::Play,
        "Insert" => Command::MarkNow,
        "Enter" => Command::ShowThere,
        "ArrowLeft" if shift => Command::FastLeft,
        "ArrowLeft" => Command::Left,
        "ArrowRight" if shift => Command::FastRight,
        "ArrowRight" => Command::Right,
        "ArrowUp" if shift => Command::AllGainUp,
        "ArrowUp" => Command::GainUp,
        "ArrowDown" if shift => Command::AllGainDown,
        "ArrowDown" => Command::GainDown,
        "PageDown" => Command::NextSite,
        "PageUp" => Command::PreviousSite,
        "Home" => Command::Start,
        "End" => Command::End,
        "+" | "=" => Command::ZoomIn,
        "-" => Command::ZoomOut,
        "0" => Command::Fit,
        "1" => Command::Marker(MarkerKind::Onset),
        "2" => Command::Marker(MarkerKind::NegativePeak),
        "3" => Command::Marker(MarkerKind::NegativeEnd),
        "4" => Command::Marker(MarkerKind::PositivePeak),
        "5" => Command::Marker(MarkerKind::InitialPositive),
        "6" => Command::Marker(MarkerKind::LateOnset),
        "7" => Command::Marker(MarkerKind::LateEnd),
        "Backspace" => Command::AutomaticMarker,
        "Delete" if shift => Command::Train(Act::Delete),
        "Delete" => Command::DeleteAnnotation,
        "," | "<" | ";" => Command::CursorLeft,
        "." | ">" | ":" => Command::CursorRight,
        key => match key.to_lowercase().as_str() {
            "f" => Command::Filter,
            "v" => Command::Polarity,
            "n" => Command::Annotate,
            "y" => Command::CopySet,
            "j" if shift => Command::Train(Act::Earlier),
            "j" => Command::Train(Act::Later),
            "c" if shift => Command::Train(Act::Class),
            "p" if shift => Command::Train(Act::Marks),
            "q" => Command::Train(Act::Pencil),
            "o" => Command::Train(Act::Move),
            "z" => Command::Train(Act::Split),
            "s" => Command::Superimpose,
            "r" => Command::Raster,
            "k" => Command::Cascade,
            "d" => Command::Distance,
            "t" => Command::TestDetails,
            "g" => Command::Assign,
            "i" => Command::Person,
            "c" => Command::Compare,
            "x" => Command::LeaveOut,
            "l" => Command::Lanes,
            "m" => Command::MakeSweeps,
            "a" => Command::CursorA,
            "b" => Command::CursorB,
            "p" => Command::Snap,
            "u" => Command::Mute,
            "w" => Command::Spectrogram,
            "h" => Command::Alone,
            "e" => Command::EnterFindings,
            _ => return None,
        },
    };
    Some(command)
}

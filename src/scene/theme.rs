//! Colours of the pictures; the same values as `www/tokens.css` (a test compares them).

use super::shape::Color;

/// One theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    /// Name, as in `data-theme`.
    pub name: &'static str,
    /// Ground of the traces.
    pub scope: Color,
    /// Minor divisions.
    pub grid_minor: Color,
    /// Major divisions.
    pub grid_major: Color,
    /// Zero line.
    pub zero: Color,
    /// Axis text.
    pub axis_text: Color,
    /// Text.
    pub ink: Color,
    /// Secondary text.
    pub ink_3: Color,
    /// Trace.
    pub trace: Color,
    /// Selected trace.
    pub trace_selected: Color,
    /// Comparison trace.
    pub ghost: Color,
    /// Automatic marker.
    pub marker_auto: Color,
    /// Marker placed by a person.
    pub marker_human: Color,
    /// Number on the flag of a marker placed by a person.
    pub marker_ink_on_human: Color,
    /// Doubtful marker.
    pub marker_doubt: Color,
    /// Outside a limit, or not seen in the healthy.
    pub abnormal: Color,
    /// Stimulus.
    pub stim_mark: Color,
    /// Ground of a gap.
    pub gap: Color,
    /// Lines over a gap.
    pub gap_hatch: Color,
    /// Cursor.
    pub cursor: Color,
    /// Focus ring.
    pub focus: Color,
    /// Marked stretch.
    pub window: Color,
    /// Width of a trace, px.
    pub stroke_trace: f32,
    /// Width of a selected trace, px.
    pub stroke_trace_selected: f32,
}

const fn c(rgb: u32) -> Color {
    Color::new(rgb)
}

/// Light, as on paper; also for print and files.
pub const PAPER: Theme = Theme {
    name: "paper",
    scope: c(0xFF_FFFF),
    grid_minor: c(0xEC_F0F1),
    grid_major: c(0xDA_E1E4),
    zero: c(0xB3_BEC3),
    axis_text: c(0x52_5F67),
    ink: c(0x10_191E),
    ink_3: c(0x52_5F67),
    trace: c(0x0F_1F2A),
    trace_selected: c(0x00_0A12),
    ghost: c(0x74_838B),
    marker_auto: c(0x47_565F),
    marker_human: c(0x0A_55B5),
    marker_ink_on_human: c(0xFF_FFFF),
    marker_doubt: c(0x8A_5A00),
    abnormal: c(0xB0_241C),
    stim_mark: c(0x86_267B),
    gap: c(0xED_F0F1),
    gap_hatch: c(0x8C_999F),
    cursor: c(0x10_191E),
    focus: c(0x0A_55B5),
    window: c(0x0A_55B5).with_alpha(0.10),
    stroke_trace: 1.4,
    stroke_trace_selected: 2.0,
};

/// Dark, as on an oscilloscope.
pub const SCOPE: Theme = Theme {
    name: "scope",
    scope: c(0x07_090B),
    grid_minor: c(0x10_161A),
    grid_major: c(0x1D_262C),
    zero: c(0x34_424B),
    axis_text: c(0x95_A5AF),
    ink: c(0xE9_EFF2),
    ink_3: c(0x95_A5AF),
    trace: c(0xC4_F4D8),
    trace_selected: c(0xE9_FFF2),
    ghost: c(0x67_797F),
    marker_auto: c(0xA9_B8C1),
    marker_human: c(0x7D_B7FF),
    marker_ink_on_human: c(0x06_131F),
    marker_doubt: c(0xF0_BF5E),
    abnormal: c(0xFF_9385),
    stim_mark: c(0xE8_A0E1),
    gap: c(0x11_171B),
    gap_hatch: c(0x4E_5D66),
    cursor: c(0xE9_EFF2),
    focus: c(0x7D_B7FF),
    window: c(0x7D_B7FF).with_alpha(0.16),
    stroke_trace: 1.4,
    stroke_trace_selected: 2.0,
};

/// High contrast.
pub const CONTRAST: Theme = Theme {
    name: "contrast",
    scope: c(0xFF_FFFF),
    grid_minor: c(0xFF_FFFF),
    grid_major: c(0xB0_B0B0),
    zero: c(0x6B_6B6B),
    axis_text: c(0x00_0000),
    ink: c(0x00_0000),
    ink_3: c(0x1C_1C1C),
    trace: c(0x00_0000),
    trace_selected: c(0x00_0000),
    ghost: c(0x5E_5E5E),
    marker_auto: c(0x00_0000),
    marker_human: c(0x00_348A),
    marker_ink_on_human: c(0xFF_FFFF),
    marker_doubt: c(0x56_3600),
    abnormal: c(0x8F_0000),
    stim_mark: c(0x64_0059),
    gap: c(0xFF_FFFF),
    gap_hatch: c(0x00_0000),
    cursor: c(0x00_0000),
    focus: c(0x00_348A),
    window: c(0x00_348A).with_alpha(0.14),
    stroke_trace: 1.8,
    stroke_trace_selected: 2.6,
};

/// The theme of this name; paper when there is none.
pub fn named(name: &str) -> &'static Theme {
    match name {
        "scope" => &SCOPE,
        "contrast" => &CONTRAST,
        _ => &PAPER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_style_sheet() {
        let css = include_str!("../../www/tokens.css");
        for theme in [&PAPER, &SCOPE, &CONTRAST] {
            let block = css.split(&format!("[data-theme=\"{}\"] {{", theme.name)).nth(1).unwrap().split("\n}").next().unwrap();
            let token = |name: &str| block.split(&format!("--{name}:")).nth(1).unwrap().split(';').next().unwrap().trim().to_uppercase();
            let named = [
                ("scope", theme.scope),
                ("grid-minor", theme.grid_minor),
                ("grid-major", theme.grid_major),
                ("zero", theme.zero),
                ("axis-text", theme.axis_text),
                ("ink", theme.ink),
                ("ink-3", theme.ink_3),
                ("trace", theme.trace),
                ("trace-selected", theme.trace_selected),
                ("ghost", theme.ghost),
                ("marker-auto", theme.marker_auto),
                ("marker-human", theme.marker_human),
                ("marker-ink-on-human", theme.marker_ink_on_human),
                ("marker-doubt", theme.marker_doubt),
                ("stim-mark", theme.stim_mark),
                ("gap", theme.gap),
                ("gap-hatch", theme.gap_hatch),
                ("cursor", theme.cursor),
                ("focus", theme.focus),
            ];
            for (name, color) in named {
                assert_eq!(color.css(), token(name), "{name} of {}", theme.name);
            }
        }
    }
}

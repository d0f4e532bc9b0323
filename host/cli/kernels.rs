//! `algohost kernels`.

use std::fmt::Write as _;

use algohost_kernels::Instructions;
use serde_json::json;

use crate::wasm::catalogue::{DEVICES, Kernel, kernels};

/// The kernels whose interface or name contains one of the words (all of them without words), for people or as JSON.
pub(super) fn run(words: &[String], json: bool) -> String {
    let wanted = |kernel: &Kernel| {
        let name = format!("{}.{}", kernel.interface, kernel.name);
        words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
    };
    let found: Vec<Kernel> = kernels().into_iter().filter(wanted).collect();
    if json { as_json(&found) } else { as_text(&found, words) }
}

fn as_json(kernels: &[Kernel]) -> String {
    let rows: Vec<_> = kernels
        .iter()
        .map(|kernel| {
            json!({
                "interface": kernel.interface, "name": kernel.name, "signature": kernel.signature, "dtypes": kernel.dtypes,
                "devices": DEVICES, "summary": kernel.summary,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::from(rows))
}

fn as_text(kernels: &[Kernel], words: &[String]) -> String {
    if kernels.is_empty() {
        return format!("No kernel's name contains {}; `algohost kernels` lists all\n", words.join(" or "));
    }
    let mut text = String::new();
    let mut interface = "";
    for kernel in kernels {
        if kernel.interface != interface {
            let gap = if interface.is_empty() { "" } else { "\n" };
            interface = kernel.interface;
            let _ = writeln!(text, "{gap}{interface}");
        }
        let _ = writeln!(text, "  {}{}", kernel.name, kernel.signature);
        let _ = writeln!(text, "      {}", kernel.summary);
        let _ = writeln!(text, "      dtypes: {}; devices: {}", kernel.dtypes.join(", "), DEVICES.join(", "));
    }
    let _ = writeln!(text, "\n{} kernels; on this processor, loops run with {} instructions", kernels.len(), Instructions::in_use());
    text
}

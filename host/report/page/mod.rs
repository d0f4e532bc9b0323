//! The page.

use std::time::Duration;

use super::chart::charts;
use super::markup::{bytes, date, number, rows, seconds, text};
use super::{Channel, Report, Usage};
use crate::contract::Goal;
use crate::telemetry::Curve;

/// Light and dark, on paper and on screens of any width; no font, picture or script comes from elsewhere.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b6670;--line:#d8dde2;--page:#fff;--bad:#b3261e;--good:#1a7f37;\
--c0:#0969da;--c1:#d1570a;--c2:#1a7f37;--c3:#8250df}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa5b0;--line:#3a424a;--page:#14181c;--bad:#ff7b72;--good:#56d364;\
--c0:#58a6ff;--c1:#f0883e;--c2:#56d364;--c3:#bc8cff}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:60rem;margin:2rem auto;padding:0 1rem;\
overflow-wrap:anywhere}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;border-bottom:1px solid var(--line)}\
th{font-weight:600;color:var(--soft)}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.s{color:var(--soft)}.bad{color:var(--bad)}\
.good{color:var(--good)}pre{white-space:pre-wrap;margin:.5rem 0}figure{margin:1rem 0;break-inside:avoid}figure>svg{width:100%;height:auto}\
svg path{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}svg .g{stroke:var(--line);stroke-width:1}\
svg text{font-size:11px;fill:var(--soft)}svg .y{text-anchor:end}svg .m{text-anchor:middle}.k{margin-left:1rem;white-space:nowrap}\
.k svg{width:18px;height:6px;vertical-align:middle}.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}\
.k{stroke:none}.k.c0 path{stroke:var(--c0)}.k.c1 path{stroke:var(--c1)}.k.c2 path{stroke:var(--c2)}.k.c3 path{stroke:var(--c3)}\
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--page:#fff}body{margin:0;max-width:none}}";

/// The report as one page of HTML, below 100 KB. It needs nothing else: no network, no script.
pub fn html(report: &Report) -> String {
    let name = report.component.as_ref().map_or("Training job", |component| component.name.as_str());
    let title = text(name, 80);
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    page.push_str(&format!("<title>{title}: training report</title><style>{STYLE}</style></head><body>\n"));
    page.push_str(&head(report, &title));
    section(&mut page, "Metrics", &metrics(report));
    section(&mut page, "Hyperparameters", &hyperparameters(report));
    section(&mut page, "Data", &data(&report.channels));
    section(&mut page, "Time and resources", &resources(report));
    section(&mut page, "Model", &model(&report.model));
    section(&mut page, "Warnings", &warnings(report));
    page.push_str("</body></html>\n");
    page
}

fn section(page: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        page.push_str(&format!("<h2>{title}</h2>\n{body}\n"));
    }
}

fn table(heads: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    // A head that begins with `#` stands over numbers.
    let head = |head: &&str| match head.strip_prefix('#') {
        Some(head) => format!("<th class=\"n\">{head}</th>"),
        None => format!("<th>{head}</th>"),
    };
    let heads: String = heads.iter().map(head).collect();
    format!("<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
}

fn head(report: &Report, title: &str) -> String {
    let mut head = match &report.component {
        Some(component) => format!("<h1>{title} <span class=\"s\">{}</span></h1>", text(&component.version, 40)),
        None => format!("<h1>{title}</h1>"),
    };
    let (class, word) = if report.failure.is_some() { ("bad", "failed") } else { ("good", "succeeded") };
    let time: Duration = report.phases.iter().map(|(_, time)| *time).sum();
    head.push_str(&format!("<p><b class=\"{class}\">{word}</b> after {}, begun {}", seconds(time), date(report.began)));
    for (word, value) in [("job", &report.job), ("host", &report.host)] {
        head.push_str(&value.as_ref().map_or_else(String::new, |value| format!(", {word} {}", text(value, 80))));
    }
    head.push_str("</p>");
    if let Some(component) = &report.component {
        if !component.summary.is_empty() {
            head.push_str(&format!("<p>{}</p>", text(&component.summary, 400)));
        }
        let digest = component.digest.as_ref().map_or_else(String::new, |digest| format!(", sha256 <code>{}</code>", text(digest, 64)));
        head.push_str(&format!("<p class=\"s\">component {}{digest}</p>", text(&component.file, 120)));
    }
    if let Some(failure) = &report.failure {
        let short: String = failure.chars().take(2000).collect();
        let lines: Vec<String> = short.lines().map(|line| text(line, 300)).collect();
        head.push_str(&format!("<pre class=\"bad\">{}</pre>", lines.join("\n")));
    }
    head
}

fn metrics(report: &Report) -> String {
    let rows = rows(report.curves.iter().map(|curve| metric(report, curve)), 10_000, 6);
    charts(&report.curves) + &table(&["metric", "goal", "#last", "#best", "#at step", "#values"], &rows)
}

fn metric(report: &Report, curve: &Curve) -> String {
    let goal = report.goals.iter().find(|(name, _)| *name == curve.name).map(|(_, goal)| *goal);
    let (word, best) = match (goal, curve.extremes) {
        (Some(Goal::Minimize), extremes) => ("minimize", extremes.map(|(least, _)| least)),
        (Some(Goal::Maximize), extremes) => ("maximize", extremes.map(|(_, most)| most)),
        (None, _) => ("", None),
    };
    let (best, step) = best.map_or_else(Default::default, |(step, value)| (number(value), step.to_string()));
    format!(
        "<tr><td>{}</td><td>{word}</td><td class=\"n\">{}</td><td class=\"n\">{best}</td><td class=\"n\">{step}</td><td class=\"n\">{}</td></tr>",
        text(&curve.name, 80),
        number(curve.last.1),
        curve.count
    )
}

fn hyperparameters(report: &Report) -> String {
    let row = |value: &super::Value| {
        let (class, word) = if value.given { ("", "given") } else { (" class=\"s\"", "default") };
        format!("<tr{class}><td>{}</td><td>{}</td><td>{word}</td></tr>", text(&value.name, 80), text(&value.value, 200))
    };
    table(&["name", "value", ""], &rows(report.hyperparameters.iter().map(row), 12_000, 3))
}

fn data(channels: &[Channel]) -> String {
    let count = |known: Option<String>| known.unwrap_or_else(|| "–".into());
    let row = |channel: &Channel| {
        let content_type = channel.content_type.as_ref().map_or_else(|| "–".into(), |content_type| text(content_type, 100));
        let numbers = [
            count(channel.files.map(|files| files.to_string())),
            count(channel.files.map(|_| bytes(channel.bytes))),
            count(channel.rows.map(|rows| rows.to_string())),
            count(channel.columns.map(|columns| columns.to_string())),
        ];
        let numbers: String = numbers.iter().map(|number| format!("<td class=\"n\">{number}</td>")).collect();
        format!("<tr><td>{}</td><td>{content_type}</td>{numbers}</tr>", text(&channel.name, 64))
    };
    table(&["channel", "content type", "#files", "#size", "#rows", "#features"], &rows(channels.iter().map(row), 6_000, 6))
}

fn resources(report: &Report) -> String {
    let Usage { peak_bytes, processor, threads } = &report.usage;
    let mut facts: Vec<(&str, String)> = report.phases.iter().map(|(phase, time)| (*phase, seconds(*time))).collect();
    facts.extend(processor.map(|time| ("processor time", seconds(time))));
    facts.extend(peak_bytes.map(|count| ("most memory", bytes(count))));
    facts.push(("kernel threads", threads.to_string()));
    let rows = facts.iter().map(|(what, value)| format!("<tr><td>{what}</td><td class=\"n\">{value}</td></tr>")).collect::<String>();
    table(&["", "#"], &rows)
}

fn model(files: &[(String, u64)]) -> String {
    let row = |(name, size): &(String, u64)| format!("<tr><td>{}</td><td class=\"n\">{}</td></tr>", text(name, 120), bytes(*size));
    table(&["file", "#size"], &rows(files.iter().map(row), 4_000, 2))
}

fn warnings(report: &Report) -> String {
    let lines = report.warnings.lines.iter().map(|line| format!("<tr><td>{}</td></tr>", text(line, 300)));
    let mut rows = rows(lines, 8_000, 1);
    if report.warnings.left_out > 0 {
        rows.push_str(&format!("<tr><td>and {} more in the log</td></tr>", report.warnings.left_out));
    }
    table(&["from the log"], &rows)
}

#[cfg(test)]
pub(super) mod tests;

use std::time::Duration;

use super::html;
use crate::contract::Goal;
use crate::report::{Channel, Component, Report, Value};
use crate::telemetry::{Curve, Warnings};

/// A curve of these values at steps 1, 2, and so on.
pub(crate) fn curve(name: &str, values: &[f64]) -> Curve {
    let mut curve = Curve::new(name.to_owned());
    for (at, value) in values.iter().enumerate() {
        curve.add(at as u32 + 1, *value);
    }
    curve
}

/// A report that says `word` wherever words can be.
fn everywhere(word: &str, count: usize) -> Report {
    let component =
        Component { name: word.into(), version: word.into(), summary: word.into(), file: word.into(), digest: Some(word.into()) };
    let channel = Channel { name: word.into(), content_type: Some(word.into()), files: Some(1), rows: Some(2), ..Channel::default() };
    Report {
        component: Some(component),
        job: Some(word.into()),
        host: Some(word.into()),
        failure: Some(format!("{word}\n{word}")),
        hyperparameters: vec![Value { name: word.into(), value: word.into(), given: true }; count],
        channels: vec![channel; count],
        goals: vec![(word.into(), Goal::Minimize)],
        curves: (0..count).map(|at| curve(&format!("{word}{at}"), &[1.0, 2.0])).collect(),
        warnings: Warnings { lines: vec![word.into(); count], left_out: 3 },
        phases: vec![("start", Duration::from_millis(5))],
        model: vec![(word.into(), 5); count],
        ..Report::default()
    }
}

#[test]
fn hostile_words_inject_no_markup() {
    let hostile = "</style></title><script>alert(1)</script><img src=x onerror='f()'>\" onload=\"g()";
    let page = html(&everywhere(hostile, 2));
    let plain = html(&everywhere("word", 2));
    let tags = |page: &str| page.matches('<').count();
    assert_eq!(tags(&page), tags(&plain), "{page}");
    for forbidden in ["<script", "<img", "\" onload", "onerror='"] {
        assert!(!page.contains(forbidden), "{forbidden}: {page}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn the_page_needs_no_network_and_no_script() {
    let page = html(&everywhere("word", 2));
    for forbidden in ["http://", "https://", "url(", "@import", "<script", "<link", "src="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_page_of_too_much_of_everything_is_below_100_kb() {
    let mut report = everywhere(&"'<&>\"".repeat(2_000), 500);
    let values: Vec<f64> = (0..100_000).map(|step| f64::from(step).sin()).collect();
    report.curves.splice(0..0, (0..10).map(|at| curve(&format!("m{at}_loss"), &values)));
    let page = html(&report);
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(page.contains("more charts") && page.contains(" more</td>") && page.ends_with("</body></html>\n"));
}

#[test]
fn best_and_last_follow_the_declared_goal() {
    let report = Report {
        curves: vec![curve("validation_loss", &[3.0, 0.5, 1.0]), curve("accuracy", &[0.25, 0.75, 0.5]), curve("other", &[7.0])],
        goals: vec![("validation_loss".into(), Goal::Minimize), ("accuracy".into(), Goal::Maximize)],
        ..Report::default()
    };
    let page = html(&report);
    let row = |cells: [&str; 4]| {
        let [last, best, step, count] = cells.map(|cell| format!("<td class=\"n\">{cell}</td>"));
        format!("{last}{best}{step}{count}</tr>")
    };
    assert!(page.contains(&format!("<td>validation_loss</td><td>minimize</td>{}", row(["1", "0.5", "2", "3"]))), "{page}");
    assert!(page.contains(&format!("<td>accuracy</td><td>maximize</td>{}", row(["0.5", "0.75", "2", "3"]))), "{page}");
    assert!(page.contains(&format!("<td>other</td><td></td>{}", row(["7", "", "", "1"]))), "{page}");
}

#[test]
fn a_job_that_failed_before_it_had_a_component_has_a_page() {
    let page = html(&Report { failure: Some("no algorithm component found".into()), ..Report::default() });
    assert!(page.contains("<h1>Training job</h1>") && page.contains("<b class=\"bad\">failed</b>"), "{page}");
    assert!(page.contains("no algorithm component found") && !page.contains("<h2>Metrics"), "{page}");
}

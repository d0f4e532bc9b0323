//! Text as HTML.

/// Text without markup, cut after `most` characters; line breaks and other control characters become spaces.
pub(super) fn text(raw: &str, most: usize) -> String {
    let mut safe = String::with_capacity(raw.len().min(most * 2));
    for (at, character) in raw.chars().enumerate() {
        if at == most {
            safe.push('…');
            break;
        }
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Marks that turn the direction of text around could make it read as something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// Rows one after another while they fit `most` bytes; a last row says how many did not.
pub(super) fn rows(rows: impl ExactSizeIterator<Item = String>, most: usize, columns: usize) -> String {
    let count = rows.len();
    let mut all = String::new();
    for (at, row) in rows.enumerate() {
        if all.len() + row.len() > most {
            all.push_str(&format!("<tr><td colspan=\"{columns}\">and {} more</td></tr>", count - at));
            break;
        }
        all.push_str(&row);
    }
    all
}

/// A number as people read it: six digits that count.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return if value.is_nan() { "NaN".into() } else { format!("{}∞", if value < 0.0 { "−" } else { "" }) };
    }
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{value:.5e}");
    }
    let decimals = if size >= 1.0 { 5_usize.saturating_sub(size.log10() as usize) } else { 6 };
    let fixed = format!("{value:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}

/// An amount of bytes.
pub(super) fn bytes(count: u64) -> String {
    let mut amount = count as f64;
    for unit in ["bytes", "KB", "MB", "GB"] {
        if amount < 1000.0 {
            return if unit == "bytes" { format!("{count} bytes") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} TB")
}

/// A length of time.
pub(super) fn seconds(time: std::time::Duration) -> String {
    match time.as_secs_f64() {
        short if short < 1.0 => format!("{:.1} ms", short * 1000.0),
        middle if middle < 120.0 => format!("{middle:.2} s"),
        _ => format!("{} h {:02} min {:02} s", time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60),
    }
}

/// Seconds of Unix time as date and time of day, in UTC. Days to dates after Howard Hinnant's `civil_from_days`.
pub(super) fn date(unix: u64) -> String {
    let days = unix / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", unix / 3600 % 24, unix / 60 % 60, unix % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn markup_in_text_is_only_text() {
        assert_eq!(text("<b a='x' b=\"y\">&\n", 99), "&lt;b a=&#39;x&#39; b=&quot;y&quot;&gt;&amp; ");
        assert_eq!(text("abc\u{202e}def", 5), "abc\u{fffd}d…");
    }

    #[test]
    fn amounts_are_readable() {
        for (value, wanted) in
            [(0.0, "0"), (0.1, "0.1"), (1.0 / 3.0, "0.333333"), (123456.7, "123457"), (-2.5, "-2.5"), (1e-9, "1.00000e-9"), (100.0, "100")]
        {
            assert_eq!(number(value), wanted);
        }
        assert_eq!((number(f64::NAN), number(f64::NEG_INFINITY)), ("NaN".into(), "−∞".into()));
        assert_eq!((bytes(999), bytes(1_500_000)), ("999 bytes".into(), "1.5 MB".into()));
        assert_eq!((seconds(Duration::from_millis(5)), seconds(Duration::from_secs(3661))), ("5.0 ms".into(), "1 h 01 min 01 s".into()));
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        for (unix, wanted) in [(0, "1970-01-01 00:00:00"), (951_782_400, "2000-02-29 00:00:00"), (1_709_251_199, "2024-02-29 23:59:59")] {
            assert_eq!(date(unix), format!("{wanted} UTC"));
        }
    }
}

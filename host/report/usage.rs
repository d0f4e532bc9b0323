//! What this process used, as the kernel counts it (proc(5)).

use std::time::Duration;

use super::Usage;

/// What the kernel counts processor time in: `USER_HZ`, 100 on every architecture that we build for.
const TICKS_PER_SECOND: u64 = 100;

impl Usage {
    /// Up to now; what the kernel does not tell is left out.
    pub(super) fn now(threads: usize) -> Usage {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        Usage { peak_bytes: peak_bytes(&read("status")), processor: processor(&read("stat")), threads }
    }
}

fn peak_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Fields 14 and 15, utime and stime, counted behind the program's name, which may hold anything.
fn processor(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    let ticks = fields.next()??.checked_add(fields.next()??)?;
    Some(Duration::from_millis(ticks.checked_mul(1000 / TICKS_PER_SECOND)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(peak_bytes("Name:\tx\nVmHWM:\t    1024 kB\nVmRSS:\t 1 kB\n"), Some(1 << 20));
        assert_eq!(processor("7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0"), Some(Duration::from_millis(1750)));
        assert_eq!((peak_bytes(""), processor("7 (x) S 1")), (None, None));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(Usage::now(1).peak_bytes.is_some_and(|bytes| bytes > 1 << 16));
    }
}

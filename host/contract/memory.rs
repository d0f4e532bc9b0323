//! How much memory this process may use: what the machine has, or what its control group leaves of it.

use std::path::Path;

/// What the host itself needs beside tensors: its code and tables, a guest's own memory, buffers of files and requests.
const HOST_BYTES: u64 = 32 << 20;

/// Bytes for tensors where nobody says: four fifths of what is left beside the host; of very little, a quarter.
pub(super) fn default_tensor_bytes() -> u64 {
    tensor_bytes_of(available_memory_bytes())
}

/// Bytes for a guest's own linear memory where nobody says: `usual`, but no more than tensors may have, so that a guest is refused before the
/// control group ends the whole process.
pub(super) fn default_memory_bytes(usual: u64) -> u64 {
    usual.min(default_tensor_bytes())
}

fn tensor_bytes_of(available: u64) -> u64 {
    (available.saturating_sub(HOST_BYTES) / 5 * 4).max(available / 4)
}

/// Memory this process may use: the least of the machine's memory and the limits of its control group and of those above it.
fn available_memory_bytes() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| total(&text)).unwrap_or(4 << 30);
    machine.min(group_limit(&read).unwrap_or(u64::MAX))
}

/// The total in `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let kilobytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kilobytes.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// The least limit on the way from the process's control group up to the root. In a container, what is mounted may be the group itself,
/// while its name is that on the machine: folders that are not there are passed over.
fn group_limit(read: &dyn Fn(&str) -> Option<String>) -> Option<u64> {
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let named = groups.lines().filter_map(|line| {
        let (controllers, name) = line.split_once(':')?.1.split_once(':')?;
        if controllers.is_empty() {
            return Some(("/sys/fs/cgroup", name, "memory.max"));
        }
        controllers.split(',').any(|name| name == "memory").then_some(("/sys/fs/cgroup/memory", name, "memory.limit_in_bytes"))
    });
    let roots = [("/sys/fs/cgroup", "/", "memory.max"), ("/sys/fs/cgroup/memory", "/", "memory.limit_in_bytes")];
    let limits = named.chain(roots).flat_map(|(root, name, file)| {
        let folders = Path::new(name).ancestors();
        folders.filter_map(move |folder| read(&format!("{root}{}/{file}", folder.display().to_string().trim_end_matches('/'))))
    });
    limits.filter_map(|text| text.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(files: &[(&str, &str)]) -> Option<u64> {
        group_limit(&|path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned()))
    }

    #[test]
    fn the_least_limit_on_the_way_to_the_root_counts() {
        let own = ("/proc/self/cgroup", "0::/jobs/one\n");
        let (above, below) = (("/sys/fs/cgroup/jobs/memory.max", "1000\n"), ("/sys/fs/cgroup/jobs/one/memory.max", "max\n"));
        assert_eq!(limit(&[own, above, below]), Some(1000));
        assert_eq!(limit(&[own, above, ("/sys/fs/cgroup/jobs/one/memory.max", "300\n")]), Some(300));
        assert_eq!(limit(&[own, below]), None);
    }

    #[test]
    fn groups_of_the_first_version_have_a_tree_for_memory_alone() {
        let own = ("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
        let file = ("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "5000");
        assert_eq!(limit(&[own, file, ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")]), Some(5000));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        assert_eq!(limit(&[("/sys/fs/cgroup/memory.max", "7000\n")]), Some(7000));
        let named_outside = ("/proc/self/cgroup", "4:memory:/kubepods/pod/c1\n");
        assert_eq!(limit(&[named_outside, ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "8000\n")]), Some(8000));
    }

    #[test]
    fn tensors_leave_room_for_the_host() {
        assert_eq!(tensor_bytes_of(120 << 20), (88 << 20) / 5 * 4);
        assert_eq!(tensor_bytes_of(32 << 20), 8 << 20);
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       2048 kB\n"), Some(2 << 20));
    }
}

//! What a service or a container may hold in memory: the limits of the process's control groups, by version 2 of their files
//! (`docs.kernel.org/admin-guide/cgroup-v2.html`) and version 1.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The files that say what a group may hold, what it holds, and the line of `memory.stat` with what it would drop at once.
#[derive(Clone, Copy)]
struct Names {
    limit: &'static str,
    held: &'static str,
    dropped: &'static str,
}

const SECOND: Names = Names { limit: "memory.max", held: "memory.current", dropped: "inactive_file" };
const FIRST: Names =
    Names { limit: "memory.limit_in_bytes", held: "memory.usage_in_bytes", dropped: "total_inactive_file" };

/// The bytes that its groups leave this process; none where they set no limit.
pub fn left() -> Option<u128> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    left_by(&groups, Path::new("/sys/fs/cgroup"))
}

/// The same by the text of `/proc/self/cgroup`, with the groups' folders below `root`.
fn left_by(groups: &str, root: &Path) -> Option<u128> {
    let of_line = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let (names, root) = match controllers {
            "" => (SECOND, root.to_path_buf()),
            _ if controllers.split(',').any(|name| name == "memory") => (FIRST, root.join("memory")),
            _ => return None,
        };
        // Within a container the path may be that of the machine: what there is of it is looked at, the root last.
        folders(&root, path).filter_map(|folder| left_in(&folder, names)).min()
    };
    groups.lines().filter_map(of_line).min()
}

/// The folder of a group, and those above it.
fn folders(root: &Path, path: &str) -> impl Iterator<Item = PathBuf> {
    let below: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    (0..=below.len()).rev().map(move |count| below[..count].iter().fold(root.to_path_buf(), |at, name| at.join(name)))
}

fn left_in(folder: &Path, names: Names) -> Option<u128> {
    let number = |name: &str| read_to_string(folder.join(name)).ok()?.trim().parse::<u128>().ok();
    // Version 1 has a number near 2^63 where there is no limit, version 2 the word max.
    let limit = number(names.limit).filter(|limit| *limit < 1 << 60)?;
    let stat = read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let dropped = stat.lines().find_map(|line| line.strip_prefix(names.dropped)?.trim().parse().ok()).unwrap_or(0);
    Some((limit + dropped).saturating_sub(number(names.held)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(folder: &Path, files: &[(&str, &str)]) {
        std::fs::create_dir_all(folder).unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }

    #[test]
    fn the_smallest_of_the_limits_from_the_root_down_holds() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        group(root, &[]);
        group(
            &root.join("a"),
            &[
                ("memory.max", "1000\n"),
                ("memory.current", "400\n"),
                ("memory.stat", "anon 3\nactive_file 7\ninactive_file 100\n"),
            ],
        );
        group(&root.join("a/b"), &[("memory.max", "max\n"), ("memory.current", "300\n"), ("memory.stat", "")]);
        assert_eq!(left_by("0::/a/b\n", root), Some(700));
        assert_eq!(left_by("0::/\n", root), None);
        assert_eq!(left_by("", root), None);
        // More than allowed is held, as it may be where the limit was lowered.
        group(&root.join("a/c"), &[("memory.max", "100"), ("memory.current", "300")]);
        assert_eq!(left_by("0::/a/c\n", root), Some(0));
    }

    #[test]
    fn version_1_has_other_names_and_a_large_number_for_none() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        group(
            &root.join("memory/docker"),
            &[
                ("memory.limit_in_bytes", "5000\n"),
                ("memory.usage_in_bytes", "1000\n"),
                ("memory.stat", "inactive_file 1\ntotal_inactive_file 50\n"),
            ],
        );
        let none = [("memory.limit_in_bytes", "9223372036854771712"), ("memory.usage_in_bytes", "1")];
        group(&root.join("memory"), &none);
        assert_eq!(left_by("3:cpu,cpuacct:/docker\n4:memory:/docker\n", root), Some(4050));
        // A path of the machine, of which a container sees only the end.
        assert_eq!(left_by("4:memory:/docker/0123\n", root), Some(4050));
        assert_eq!(left_by("4:memory:/elsewhere\n0::/docker\n", root), None);
    }
}

//! The seccomp filter: which system calls a container may make. Docker's default profile (`profile.txt`), assembled for this
//! architecture.
//!
//! Stricter than Docker's in two points: programs of the 32-bit compatibility modes are refused, and so is io_uring, as in
//! Docker since version 25.

mod assemble;

pub(crate) use assemble::{NAMESPACES, PERSONALITIES};

use super::caps::Capabilities;

const PROFILE: &str = include_str!("profile.txt");

/// The column of this architecture's numbers.
#[cfg(target_arch = "x86_64")]
const COLUMN: usize = 1;
#[cfg(target_arch = "aarch64")]
const COLUMN: usize = 2;

/// The filter for a container with these capabilities. Takes microseconds to build.
pub(crate) fn filter(caps: Capabilities) -> Vec<libc::sock_filter> {
    let numbers = rows(caps).filter_map(|row| row.split(' ').nth(COLUMN)?.parse().ok()).collect();
    assemble::assemble(numbers, caps.has("SYS_ADMIN"))
}

/// The names of the system calls such a container may always make.
pub(crate) fn names(caps: Capabilities) -> Vec<&'static str> {
    rows(caps).filter_map(|row| row.split(' ').next()).collect()
}

fn rows(caps: Capabilities) -> impl Iterator<Item = &'static str> {
    let rows = PROFILE.lines().filter(|line| !line.starts_with('#'));
    rows.filter(move |row| row.split(' ').nth(3).is_none_or(|capability| caps.has(capability)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole() {
        for row in PROFILE.lines().filter(|line| !line.starts_with('#')) {
            let parts: Vec<&str> = row.split(' ').collect();
            assert!(matches!(parts.len(), 3 | 4), "{row}");
            assert!(parts[1..3].iter().all(|part| *part == "-" || part.parse::<u32>().is_ok()), "{row}");
        }
    }

    #[test]
    fn the_numbers_are_the_c_librarys() {
        let number = |name: &str| {
            rows(Capabilities(0))
                .find(|row| row.split(' ').next() == Some(name))
                .and_then(|row| row.split(' ').nth(COLUMN))
        };
        assert_eq!(number("execve"), Some(libc::SYS_execve.to_string().as_str()));
        assert_eq!(number("openat2"), Some(libc::SYS_openat2.to_string().as_str()));
        assert_eq!(number("unshare"), None);
    }

    #[test]
    fn the_filter_fits_the_kernels_limit() {
        assert!(filter(Capabilities(u64::MAX)).len() < 4096);
    }
}

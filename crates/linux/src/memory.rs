//! Giving back memory that was needed only to start.
//!
//! The kernel maps a program's pages in batches around each one that is touched, so a process that
//! has started counts megabytes of code it will not run again as resident.

use rustix::mm::Advice;
use std::io;
use std::time::Duration;

/// Lets go of all clean pages of files that this process only reads: its code, its constants and
/// those of its libraries. What is used again is mapped again from the page cache. Locked memory
/// stays. Returns how many bytes of mappings were let go.
///
/// # Errors
/// Those of reading `/proc/self/smaps`.
pub fn release_file_pages() -> io::Result<usize> {
    let smaps = std::fs::read_to_string("/proc/self/smaps")?;
    let mut released = 0;
    for (start, length) in clean_file_mappings(&smaps) {
        let address = std::ptr::without_provenance_mut(start);
        // SAFETY: the mapping belongs to a file, can't be written and has no page of its own
        // (no copy was made by a relocation), so every page that goes comes back with the same
        // bytes. A mapping that vanished in between only makes the call fail.
        if unsafe { rustix::mm::madvise(address, length, Advice::LinuxDontNeed) }.is_ok() {
            released += length;
        }
    }
    Ok(released)
}

/// Freed memory goes back as soon as it is much, in every thread: what was large once makes the
/// allocator keep ever more else. For a process that needs much at its start and little later; call
/// it before there are threads.
pub fn keep_little_spare() {
    /// The allocator's own first value (mallopt(3)).
    const MUCH: libc::c_int = 128 << 10;
    for parameter in [libc::M_MMAP_THRESHOLD, libc::M_TRIM_THRESHOLD] {
        // SAFETY: takes no pointer; refused, everything stays as it is.
        unsafe { libc::mallopt(parameter, MUCH) };
    }
}

/// Gives memory back that was allocated and freed. Others that allocate wait for it meanwhile.
pub fn release_heap() {
    // SAFETY: takes no pointer and changes nothing that is in use.
    unsafe { libc::malloc_trim(0) };
}

/// Both, once the process has come to rest: also what its last steps before it waits have touched.
/// For a process that then only waits; it goes on meanwhile.
///
/// # Errors
/// When there can't be a thread for it.
pub fn release_at_rest() -> io::Result<()> {
    /// Its last steps take less.
    const REST: Duration = Duration::from_secs(1);
    /// Room for a list of mappings is on the heap.
    const STACK: usize = 64 << 10;
    let release = || {
        std::thread::sleep(REST);
        // Only a saving: failure costs nothing.
        let _ = release_file_pages();
        release_heap();
    };
    std::thread::Builder::new().stack_size(STACK).spawn(release).map(drop)
}

/// Both for memory that is locked: it is unlocked, given back, and what is left is locked again, the
/// rest as it is first touched.
pub fn release_locked() {
    // The kernel takes no locked pages back; a process that never locked has none to unlock.
    let _ = rustix::mm::munlockall();
    release_heap();
    let _ = release_file_pages();
    // Was allowed before, or refused then as well.
    let _ = crate::rt::lock_memory();
}

/// Start and length of each mapping of a file that is private, not writable and without pages of
/// the process's own.
fn clean_file_mappings(smaps: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        if let Some(kilobytes) = line.strip_prefix("Anonymous:") {
            if let Some(Mapping { start, length, may_go: true }) = candidate.take()
                && kilobytes.trim() == "0 kB"
            {
                found.push((start, length));
            }
        } else if let Some(mapping) = Mapping::read(line) {
            candidate = Some(mapping);
        }
    }
    found
}

/// The head of one mapping's lines.
struct Mapping {
    start: usize,
    length: usize,
    /// Private, of a file, and not writable.
    may_go: bool,
}

impl Mapping {
    /// Reads `start-end permissions offset device inode path`; `None` for any other line.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        let permissions = words.next()?;
        let inode = words.nth(2)?;
        let of_a_file = inode != "0" && words.next().is_some_and(|path| path.starts_with('/'));
        let may_go = of_a_file && matches!(permissions, "r-xp" | "r--p");
        Some(Self { start, length: end.saturating_sub(start), may_go })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clean_read_only_mappings_of_files_are_found() {
        let smaps = "\
            1000-3000 r-xp 00001000 fe:00 77 /usr/sbin/handover\nRss: 8 kB\nAnonymous: 0 kB\n\
            3000-4000 r--p 00003000 fe:00 77 /usr/sbin/handover\nAnonymous: 4 kB\n\
            4000-5000 rw-p 00004000 fe:00 77 /usr/sbin/handover\nAnonymous: 0 kB\n\
            5000-6000 r--p 00000000 00:00 0 [vvar]\nAnonymous: 0 kB\n\
            6000-7000 r--s 00000000 fe:00 78 /shared\nAnonymous: 0 kB\n\
            7000-9000 r--p 00000000 fe:00 79 /lib/libc.so\nAnonymous: 0 kB\n";
        assert_eq!(clean_file_mappings(smaps), [(0x1000, 0x2000), (0x7000, 0x2000)]);
    }

    #[test]
    fn code_and_constants_are_the_same_afterwards() {
        static WORDS: [&str; 2] = ["before", "after"];
        let sum = || WORDS.iter().flat_map(|word| word.bytes()).map(u32::from).sum::<u32>();
        let before = sum();
        assert!(release_file_pages().expect("reads") > 0);
        assert_eq!(sum(), before);
    }
}
